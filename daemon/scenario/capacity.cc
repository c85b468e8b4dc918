#include "daemon/scenario/capacity.h"

#include <algorithm>
#include <limits>

#include "daemon/emulator/emulated_cost_model.h"
#include "daemon/emulator/latency_model.h"
#include "daemon/scenario/rules/caps.h"

namespace dynofa::scenario {

std::int64_t HighestKhz(const emulator::ClusterModel& cluster, const policies::PowerMode& mode) {
  return HighestKhz(cluster.id, cluster.frequencies_khz, mode);
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
