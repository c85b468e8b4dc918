#include "daemon/emulator/emulated_cost_model.h"

namespace dynofa::emulator {
namespace {

/// Of the cluster whose idle power is told, degrees C: warm from work, far from throttling.
constexpr double kIdleTemperatureC = 50.0;

}  // namespace

Workload WorkloadOf(const engine::SubnetInfo& subnet) {
  return {.macs = subnet.macs, .resolution = subnet.resolution, .layers = subnet.layers};
}

std::vector<policies::OperatingPoint> EmulatedCostModel::Points(
    const engine::ModelInfo& model, const std::vector<policies::ClusterInfo>& clusters) const {
  std::vector<policies::OperatingPoint> points;
  for (const policies::ClusterInfo& info : clusters) {
    const ClusterModel* cluster = board_.Find(info.id);
    if (cluster == nullptr) continue;
    for (const engine::SubnetInfo& subnet : model.catalogue) {
      for (std::int64_t khz : info.frequencies_khz) {
        policies::OperatingPoint point;
        point.model = model.name;
        point.subnet = subnet.id;
        point.cluster = info.id;
        point.frequency_khz = khz;
        point.latency_ms = LatencyMs(*cluster, WorkloadOf(subnet), khz);
        point.latency_evidence = policies::Evidence::kEmulated;
        point.active_power_w = ActivePowerW(*cluster, khz, 1.0);
        point.idle_power_w = IdlePowerW(*cluster, khz, kIdleTemperatureC);
        point.power_evidence = policies::Evidence::kEmulated;
        point.accuracy = subnet.accuracy;
        point.accuracy_evidence = subnet.accuracy_evidence;
        points.push_back(std::move(point));
      }
    }
  }
  return points;
}

}  // namespace dynofa::emulator
