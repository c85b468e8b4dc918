#include "daemon/scenario/variation.h"

#include <algorithm>
#include <utility>

#include "daemon/base/strings.h"

namespace dynofa::scenario {
namespace {

using emulator::BoardModel;
using emulator::ClusterModel;

template <typename Change>
void EachCluster(BoardModel* board, const Change& change) {
  for (ClusterModel& cluster : board->clusters) change(cluster);
}

double Share(double value) { return std::clamp(value, 0.0, 1.0); }

using VaryFunction = void (*)(double factor, BoardModel* board);

constexpr std::pair<std::string_view, VaryFunction> kCoefficients[] = {
    {"launch_us",
     [](double factor, BoardModel* board) {
       EachCluster(board, [=](ClusterModel& cluster) { cluster.latency.launch_us *= factor; });
     }},
    {"pixel_ns",
     [](double factor, BoardModel* board) {
       EachCluster(board, [=](ClusterModel& cluster) { cluster.latency.pixel_ns *= factor; });
     }},
    {"pixel_clock_share",
     [](double factor, BoardModel* board) {
       EachCluster(board, [=](ClusterModel& cluster) {
         cluster.latency.pixel_clock_share = Share(cluster.latency.pixel_clock_share * factor);
       });
     }},
    {"macs_per_cycle",
     [](double factor, BoardModel* board) {
       EachCluster(board, [=](ClusterModel& cluster) { cluster.latency.macs_per_cycle *= factor; });
     }},
    {"capacitance_f",
     [](double factor, BoardModel* board) {
       EachCluster(board, [=](ClusterModel& cluster) { cluster.power.capacitance_f *= factor; });
     }},
    {"volt",
     [](double factor, BoardModel* board) {
       EachCluster(board, [=](ClusterModel& cluster) {
         cluster.power.min_volt *= factor;
         cluster.power.max_volt *= factor;
         for (double& volt : cluster.power.volts) volt *= factor;
       });
     }},
    {"idle_share",
     [](double factor, BoardModel* board) {
       EachCluster(board, [=](ClusterModel& cluster) {
         cluster.power.idle_share = Share(cluster.power.idle_share * factor);
       });
     }},
    {"leakage_w",
     [](double factor, BoardModel* board) {
       EachCluster(board, [=](ClusterModel& cluster) { cluster.power.leakage_w *= factor; });
     }},
    {"constant_w",
     [](double factor, BoardModel* board) {
       board->constant_w *= factor;
       for (emulator::RailModel& rail : board->rails) rail.constant_w *= factor;
     }},
    {"k_per_w",
     [](double factor, BoardModel* board) {
       board->board_k_per_w *= factor;
       for (emulator::ZoneModel& zone : board->zones) zone.k_per_w *= factor;
     }},
    {"tau_s",
     [](double factor, BoardModel* board) {
       for (emulator::ZoneModel& zone : board->zones) zone.tau_s *= factor;
     }},
};

}  // namespace

std::vector<std::string_view> CoefficientNames() {
  std::vector<std::string_view> names;
  for (const auto& [name, vary] : kCoefficients) names.push_back(name);
  return names;
}

absl::Status Vary(std::string_view coefficient, double factor, BoardModel* board) {
  std::string names;
  for (const auto& [name, vary] : kCoefficients) {
    if (name == coefficient) {
      vary(factor, board);
      return absl::OkStatus();
    }
    names += base::StrCat(names.empty() ? "" : ", ", name);
  }
  return absl::NotFoundError(
      base::StrCat("there is no coefficient \"", coefficient, "\"; there are: ", names));
}

}  // namespace dynofa::scenario
