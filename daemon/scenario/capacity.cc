#include "daemon/scenario/capacity.h"

#include <algorithm>
#include <limits>

#include "daemon/emulator/emulated_cost_model.h"
#include "daemon/emulator/latency_model.h"

namespace dynofa::scenario {

std::int64_t HighestKhz(const emulator::ClusterModel& cluster, const policies::PowerMode& mode) {
  const auto cores = mode.max_cores.find(cluster.id);
  if (cores != mode.max_cores.end() && cores->second == 0) return 0;
  const auto& table = cluster.frequencies_khz;
  const auto named = mode.max_khz.find(cluster.id);
  const auto cap =
      named != mode.max_khz.end()
          ? named->second
          : static_cast<std::int64_t>(mode.max_share * static_cast<double>(table.back()));
  const auto above = std::upper_bound(table.begin(), table.end(), cap);
  return above == table.begin() ? table.front() : *(above - 1);
}

double Capacity(const emulator::BoardModel& board, const policies::PowerMode& mode,
                const engine::ModelInfo& model, double min_accuracy) {
  double most_accurate = 0.0;
  for (const engine::SubnetInfo& subnet : model.catalogue) {
    most_accurate = std::max(most_accurate, subnet.accuracy);
  }
  const double floor = std::min(min_accuracy, most_accurate);
  double quickest_ms = std::numeric_limits<double>::infinity();
  for (const emulator::ClusterModel& cluster : board.clusters) {
    const std::int64_t khz = HighestKhz(cluster, mode);
    if (khz == 0) continue;
    for (const engine::SubnetInfo& subnet : model.catalogue) {
      if (subnet.accuracy < floor) continue;
      quickest_ms =
          std::min(quickest_ms, emulator::LatencyMs(cluster, emulator::WorkloadOf(subnet), khz));
    }
  }
  return 1e3 / quickest_ms;
}

}  // namespace dynofa::scenario
