#include "daemon/engine/profiled_cost_model.h"

#include <cstdint>
#include <iterator>
#include <optional>
#include <set>
#include <tuple>

namespace dynofa::engine {
namespace {

using policies::Evidence;
using policies::OperatingPoint;

/// Measured costs of one subnet on one cluster with one number of threads, by frequency.
using Curve = std::map<std::int64_t, ProfileEntry>;
using Way = std::tuple<std::string, std::string, int>;  // subnet, cluster, threads

std::map<Way, Curve> CurvesOf(const Profile& profile) {
  std::map<Way, Curve> curves;
  for (const auto& [point, entry] : profile.entries) {
    curves[{point.subnet, point.cluster, point.threads}][point.frequency_khz] = entry;
  }
  return curves;
}

double Between(double low, double high, double share) { return low + (high - low) * share; }

/// The cost at a frequency: as measured, interpolated between neighbours, or nullopt.
std::optional<ProfileEntry> CostAt(const Curve& curve, std::int64_t khz) {
  const auto above = curve.lower_bound(khz);
  if (above == curve.end()) return std::nullopt;
  if (above->first == khz) return above->second;
  if (above == curve.begin() || khz == 0) return std::nullopt;
  const auto below = std::prev(above);
  if (below->first == 0) return std::nullopt;
  const double cycle = 1.0 / static_cast<double>(khz);
  const double longest = 1.0 / static_cast<double>(below->first);
  const double shortest = 1.0 / static_cast<double>(above->first);
  const double share = (longest - cycle) / (longest - shortest);
  ProfileEntry entry;
  entry.latency_ms.median =
      Between(below->second.latency_ms.median, above->second.latency_ms.median, share);
  entry.latency_evidence = Evidence::kModelled;
  if (below->second.active_power_w && above->second.active_power_w) {
    const double way =
        static_cast<double>(khz - below->first) / static_cast<double>(above->first - below->first);
    entry.active_power_w =
        Between(*below->second.active_power_w, *above->second.active_power_w, way);
    entry.power_evidence = Evidence::kModelled;
  }
  return entry;
}

void Put(const ProfileEntry& cost, OperatingPoint& point) {
  point.latency_ms = cost.latency_ms.median;
  point.latency_evidence = cost.latency_evidence;
  if (!cost.active_power_w) return;
  point.active_power_w = cost.active_power_w;
  point.power_evidence = cost.power_evidence;
}

}  // namespace

std::vector<OperatingPoint> ProfiledCostModel::Points(
    const ModelInfo& model, const std::vector<policies::ClusterInfo>& clusters) const {
  std::vector<OperatingPoint> points = prior_->Points(model, clusters);
  const auto found = profiles_.find(model.name);
  if (found == profiles_.end()) return points;
  const std::map<Way, Curve> curves = CurvesOf(*found->second);
  std::set<int> thread_counts;
  for (const auto& [way, curve] : curves) thread_counts.insert(std::get<int>(way));

  std::vector<OperatingPoint> with_more_threads;
  for (OperatingPoint& point : points) {
    for (const int threads : thread_counts) {
      const auto curve = curves.find({point.subnet, point.cluster, threads});
      if (curve == curves.end()) continue;
      const auto cost = CostAt(curve->second, point.frequency_khz);
      if (!cost) continue;
      if (threads == point.threads) {
        Put(*cost, point);
        continue;
      }
      OperatingPoint& more = with_more_threads.emplace_back(point);
      more.threads = threads;
      // What the prior says of one thread's power says nothing of several.
      more.active_power_w.reset();
      more.power_evidence = Evidence::kUnknown;
      Put(*cost, more);
    }
  }
  points.insert(points.end(), with_more_threads.begin(), with_more_threads.end());
  return points;
}

}  // namespace dynofa::engine
