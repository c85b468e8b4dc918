#ifndef DYNOFA_POLICIES_TESTING_H_
#define DYNOFA_POLICIES_TESTING_H_

#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "policies/snapshot.h"

namespace dynofa::policies {

/// A small board for tests: "cpu0" (0.5, 1 and 2 GHz) and "gpu" (0.5 and 1 GHz, four times as fast
/// as the CPU at equal clock), and the model "net" with the subnets s, m and l.
inline Snapshot TestSnapshot() {
  Snapshot snapshot;
  snapshot.mode.name = "balanced";
  ClusterState cpu;
  cpu.info = {.id = "cpu0",
              .frequencies_khz = {500000, 1000000, 2000000},
              .governors = {"schedutil"},
              .writable = true};
  cpu.static_power_w = 0.1;
  ClusterState gpu;
  gpu.info = {.id = "gpu",
              .kind = ClusterKind::kGpu,
              .frequencies_khz = {500000, 1000000},
              .governors = {"simple_ondemand"},
              .writable = true};
  gpu.static_power_w = 0.6;
  snapshot.clusters = {cpu, gpu};

  auto points = std::make_shared<std::vector<OperatingPoint>>();
  const std::vector<std::tuple<std::string, double, double>> subnets = {
      {"s", 4.0, 0.70}, {"m", 8.0, 0.76}, {"l", 16.0, 0.80}};  // ms at 1 GHz on the CPU
  for (const auto& [subnet, ms, accuracy] : subnets) {
    for (const ClusterState& cluster : snapshot.clusters) {
      const bool is_gpu = cluster.info.kind == ClusterKind::kGpu;
      for (std::int64_t khz : cluster.info.frequencies_khz) {
        const double ghz = static_cast<double>(khz) / 1e6;
        OperatingPoint point{
            .model = "net", .subnet = subnet, .cluster = cluster.info.id, .frequency_khz = khz};
        point.latency_ms = ms / ghz / (is_gpu ? 4.0 : 1.0);
        point.latency_evidence = Evidence::kModelled;
        point.active_power_w = (is_gpu ? 4.0 : 1.0) * ghz * ghz;
        point.power_evidence = Evidence::kModelled;
        point.accuracy = accuracy;
        points->push_back(point);
      }
    }
  }
  snapshot.points = std::move(points);
  return snapshot;
}

inline SessionState TestSession(std::string id, Requirement requirement) {
  SessionState session;
  session.id = std::move(id);
  session.model = "net";
  session.requirement = std::move(requirement);
  return session;
}

}  // namespace dynofa::policies

#endif  // DYNOFA_POLICIES_TESTING_H_
