#ifndef DYNOFA_POLICIES_RANDOM_BOARDS_TESTING_H_
#define DYNOFA_POLICIES_RANDOM_BOARDS_TESTING_H_

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "policies/snapshot.h"

namespace dynofa::policies {

/// Random boards, ladders and sessions for property tests; the same for the same seed everywhere.
class RandomBoards {
 public:
  explicit RandomBoards(std::uint64_t seed) : random_(seed) {}

  /// In [low, high).
  double Real(double low, double high) {
    return low + (high - low) * static_cast<double>(random_() >> 11) * 0x1p-53;
  }
  /// In [low, high].
  int Int(int low, int high) {
    return low + static_cast<int>(random_() % static_cast<std::uint64_t>(high - low + 1));
  }
  bool Chance(double share) { return Real(0.0, 1.0) < share; }

  /// A board of 1 to 4 clusters, 1 or 2 models with 1 to 5 subnets, no sessions, any mode.
  Snapshot Board() {
    Snapshot snapshot;
    snapshot.mode.name = "any";
    snapshot.mode.objective = static_cast<Objective>(Int(0, 2));
    const int clusters = Int(1, 4);
    for (int c = 0; c < clusters; ++c) AddCluster(c, snapshot);
    if (Chance(0.3)) snapshot.mode.max_share = Real(0.3, 1.0);
    if (Chance(0.1)) snapshot.mode.max_cores[snapshot.clusters[0].info.id] = 0;
    if (Chance(0.3)) snapshot.base_power_w = Real(0.0, 2.0);
    if (Chance(0.4)) snapshot.mode.max_power_w = snapshot.base_power_w + Real(0.5, 6.0);
    auto points = std::make_shared<std::vector<OperatingPoint>>();
    models_ = Int(1, 2);
    for (int m = 0; m < models_; ++m) AddModel(m, snapshot, *points);
    snapshot.points = std::move(points);
    return snapshot;
  }

  /// A session of one of the last board's models.
  SessionState Session(const std::string& id) {
    SessionState session;
    session.id = id;
    session.model = "net" + std::to_string(Int(0, models_ - 1));
    Requirement& requirement = session.requirement;
    if (Chance(0.85)) requirement.latency_ms = Real(3.0, 120.0);
    if (Chance(0.3)) requirement.percentile = Chance(0.5) ? 95.0 : 50.0;
    if (Chance(0.6)) requirement.min_accuracy = Real(0.6, 0.85);
    if (Chance(0.15)) requirement.max_energy_mj = Real(2.0, 100.0);
    if (Chance(0.9)) requirement.rate_hz = Real(0.5, 60.0);
    requirement.priority = Int(kHighestPriority, kLowestPriority);
    if (Chance(0.2)) session.observed.overhead_ms = Real(0.0, 2.0);
    return session;
  }

 private:
  void AddCluster(int index, Snapshot& snapshot) {
    ClusterState cluster;
    cluster.info.id = "c" + std::to_string(index);
    cluster.info.kind = Chance(0.3) ? ClusterKind::kGpu : ClusterKind::kCpu;
    cluster.info.writable = Chance(0.9);
    std::int64_t khz = Int(100, 600) * 1000;
    for (int step = Int(1, 8); step > 0; --step) {
      cluster.info.frequencies_khz.push_back(khz);
      khz += Int(50, 400) * 1000;
    }
    cluster.available = Chance(0.95);
    cluster.frequency_khz = cluster.info.frequencies_khz.front();
    if (Chance(0.15)) cluster.limit_khz = cluster.info.frequencies_khz.front();
    cluster.static_power_w = Real(0.0, 0.5);
    cluster.rest_power_w = Chance(0.5) ? cluster.static_power_w * Real(0.0, 1.0) : 0.0;
    if (Chance(0.4)) cluster.slowdown = Real(0.8, 3.0);
    snapshot.clusters.push_back(std::move(cluster));
  }

  void AddModel(int index, const Snapshot& snapshot, std::vector<OperatingPoint>& points) {
    std::vector<double> speed;
    std::vector<double> watt;
    std::vector<double> idle;
    for (std::size_t c = 0; c < snapshot.clusters.size(); ++c) {
      speed.push_back(Real(0.5, 5.0));
      watt.push_back(Real(0.3, 4.0));
      idle.push_back(Real(0.0, 0.3));
    }
    double ms = Real(1.0, 8.0);
    double accuracy = Real(0.55, 0.75);
    for (int subnet = Int(1, 5); subnet > 0; --subnet) {
      for (std::size_t c = 0; c < snapshot.clusters.size(); ++c) {
        for (const std::int64_t khz : snapshot.clusters[c].info.frequencies_khz) {
          const double ghz = static_cast<double>(khz) / 1e6;
          OperatingPoint point;
          point.model = "net" + std::to_string(index);
          point.subnet = "s" + std::to_string(subnet);
          point.cluster = snapshot.clusters[c].info.id;
          point.frequency_khz = khz;
          point.latency_ms = ms / ghz / speed[c];
          point.active_power_w = watt[c] * ghz * (0.4 + 0.6 * ghz * ghz);
          point.idle_power_w = snapshot.clusters[c].static_power_w + idle[c] * ghz;
          point.accuracy = accuracy;
          points.push_back(std::move(point));
        }
      }
      ms *= Real(1.1, 1.8);
      accuracy += Real(0.002, 0.05);
    }
  }

  std::mt19937_64 random_;
  int models_ = 1;
};

}  // namespace dynofa::policies

#endif  // DYNOFA_POLICIES_RANDOM_BOARDS_TESTING_H_
