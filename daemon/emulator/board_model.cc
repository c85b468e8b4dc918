#include "daemon/emulator/board_model.h"

#include <algorithm>

#include "daemon/emulator/boards/boards.h"

namespace dynofa::emulator {
namespace {

std::int64_t Clamped(const ClusterModel& cluster, std::int64_t khz) {
  return std::clamp(khz, cluster.frequencies_khz.front(), cluster.frequencies_khz.back());
}

double FullActivityW(const ClusterModel& cluster, std::int64_t khz) {
  const double volt = ClusterVolt(cluster, khz);
  return cluster.power.capacitance_f * volt * volt * static_cast<double>(Clamped(cluster, khz)) *
         1e3;
}

const std::vector<const BoardModel*>& AllBoards() {
  static const std::vector<const BoardModel*> boards = {&boards::JetsonXavierNx()};
  return boards;
}

}  // namespace

const BoardModel* FindBoardModel(std::string_view id) {
  for (const BoardModel* board : AllBoards()) {
    if (board->id == id) return board;
  }
  return nullptr;
}

std::vector<std::string> BoardModelIds() {
  std::vector<std::string> ids;
  for (const BoardModel* board : AllBoards()) ids.push_back(board->id);
  return ids;
}

double ClusterVolt(const ClusterModel& cluster, std::int64_t khz) {
  const double low = static_cast<double>(cluster.frequencies_khz.front());
  const double high = static_cast<double>(cluster.frequencies_khz.back());
  const double place = (static_cast<double>(Clamped(cluster, khz)) - low) / (high - low);
  return cluster.power.min_volt + (cluster.power.max_volt - cluster.power.min_volt) * place;
}

double ActivePowerW(const ClusterModel& cluster, std::int64_t khz, double utilisation) {
  return FullActivityW(cluster, khz) * std::clamp(utilisation, 0.0, 1.0);
}

double IdlePowerW(const ClusterModel& cluster, std::int64_t khz, double temperature_c) {
  const double leakage =
      cluster.power.leakage_w * (1.0 + cluster.power.leakage_per_k * (temperature_c - 25.0));
  return cluster.power.idle_share * FullActivityW(cluster, khz) + std::max(leakage, 0.0);
}

}  // namespace dynofa::emulator
