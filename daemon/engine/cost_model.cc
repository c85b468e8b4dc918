#include "daemon/engine/cost_model.h"

namespace dynofa::engine {
namespace {

/// ClusterInfo::capacity of the machine's fastest CPUs.
constexpr double kFullCapacity = 1024.0;

policies::OperatingPoint PointOf(const ModelInfo& model, const SubnetInfo& subnet,
                                 const policies::ClusterInfo& cluster, std::int64_t frequency_khz,
                                 double latency_ms) {
  return {.model = model.name,
          .subnet = subnet.id,
          .cluster = cluster.id,
          .frequency_khz = frequency_khz,
          .latency_ms = latency_ms,
          .latency_evidence = policies::Evidence::kModelled,
          .accuracy = subnet.accuracy,
          .accuracy_evidence = subnet.accuracy_evidence};
}

}  // namespace

std::vector<policies::OperatingPoint> MacsCostModel::Points(
    const ModelInfo& model, const std::vector<policies::ClusterInfo>& clusters) const {
  std::vector<policies::OperatingPoint> points;
  const auto scale = ms_per_gmac_.find(model.name);
  if (scale == ms_per_gmac_.end()) return points;
  for (const policies::ClusterInfo& cluster : clusters) {
    if (cluster.kind != policies::ClusterKind::kCpu) continue;
    const double weaker = cluster.capacity > 0 ? kFullCapacity / cluster.capacity : 1.0;
    for (const SubnetInfo& subnet : model.catalogue) {
      const double fastest_ms = scale->second * static_cast<double>(subnet.macs) * 1e-9 * weaker;
      if (cluster.frequencies_khz.empty()) {
        points.push_back(PointOf(model, subnet, cluster, 0, fastest_ms));
      }
      for (const std::int64_t khz : cluster.frequencies_khz) {
        const double slower =
            static_cast<double>(cluster.frequencies_khz.back()) / static_cast<double>(khz);
        points.push_back(PointOf(model, subnet, cluster, khz, fastest_ms * slower));
      }
    }
  }
  return points;
}

}  // namespace dynofa::engine
