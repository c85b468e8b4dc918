#include "policies/cost_table.h"

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "policies/pareto.h"
#include "policies/threads.h"

namespace dynofa::policies {
namespace {

/// Highest frequency that the mode allows on a cluster; 0 = no cap.
std::int64_t ModeCap(const PowerMode& mode, const ClusterInfo& info) {
  if (auto named = mode.max_khz.find(info.id); named != mode.max_khz.end()) return named->second;
  if (mode.max_share >= 1.0 || info.frequencies_khz.empty()) return 0;
  return static_cast<std::int64_t>(mode.max_share *
                                   static_cast<double>(info.frequencies_khz.back()));
}

/// The step of a clock that cannot be set that is nearest to where it stands; the highest if that
/// is unknown.
std::int64_t NearestStep(const ClusterState& state) {
  const auto& steps = state.info.frequencies_khz;
  if (state.frequency_khz <= 0) return steps.back();
  return *std::min_element(steps.begin(), steps.end(), [&](std::int64_t a, std::int64_t b) {
    return std::abs(a - state.frequency_khz) < std::abs(b - state.frequency_khz);
  });
}

std::vector<std::int64_t> AllowedFrequencies(const ClusterState& state, const PowerMode& mode) {
  if (state.info.frequencies_khz.empty()) return {0};
  if (!state.info.writable) return {NearestStep(state)};
  std::int64_t cap = ModeCap(mode, state.info);
  if (state.limit_khz > 0) cap = cap > 0 ? std::min(cap, state.limit_khz) : state.limit_khz;
  std::vector<std::int64_t> allowed;
  for (std::int64_t khz : state.info.frequencies_khz) {
    if (cap == 0 || khz <= cap) allowed.push_back(khz);
  }
  // A cap below the table still leaves the lowest step, which the hardware will not go below.
  if (allowed.empty()) allowed.push_back(state.info.frequencies_khz.front());
  return allowed;
}

bool MayBeUsed(const ClusterState& state, const PowerMode& mode) {
  if (!state.available) return false;
  if (state.info.kind != ClusterKind::kCpu && state.info.kind != ClusterKind::kGpu) return false;
  return MaxThreads(mode, state.info.id) > 0;
}

/// The points of one subnet on one cluster, by the cluster's frequencies.
struct Candidates {
  double accuracy = 0.0;
  std::vector<std::vector<const OperatingPoint*>> by_frequency;
};

/// nullopt unless every frequency has a point.
std::optional<CostTable::Rung> MakeRung(const std::string& subnet, const Candidates& candidates,
                                        int max_threads) {
  CostTable::Rung rung{subnet, candidates.accuracy, {}};
  for (const auto& points : candidates.by_frequency) {
    rung.points.push_back(PickThreads(points, max_threads));
    if (rung.points.back() == nullptr) return std::nullopt;
  }
  return rung;
}

}  // namespace

CostTable::CostTable(const Snapshot& snapshot) {
  for (const ClusterState& state : snapshot.clusters) AddCluster(state, snapshot.mode);
  if (snapshot.points) AddPoints(*snapshot.points);
}

void CostTable::AddCluster(const ClusterState& state, const PowerMode& mode) {
  if (!MayBeUsed(state, mode)) return;
  clusters_.push_back({&state, AllowedFrequencies(state, mode), MaxThreads(mode, state.info.id)});
}

void CostTable::AddPoints(const std::vector<OperatingPoint>& points) {
  std::map<std::string, std::size_t> index;
  for (std::size_t i = 0; i < clusters_.size(); ++i) index[clusters_[i].state->info.id] = i;

  using Key = std::pair<std::string, std::size_t>;
  std::map<Key, std::map<std::string, Candidates>> all;
  for (const OperatingPoint& point : points) {
    auto cluster = index.find(point.cluster);
    if (cluster == index.end()) continue;
    const auto& allowed = clusters_[cluster->second].frequencies_khz;
    auto khz = std::find(allowed.begin(), allowed.end(), point.frequency_khz);
    if (khz == allowed.end()) continue;
    Candidates& candidates = all[{point.model, cluster->second}][point.subnet];
    candidates.accuracy = point.accuracy;
    candidates.by_frequency.resize(allowed.size());
    candidates.by_frequency[static_cast<std::size_t>(khz - allowed.begin())].push_back(&point);
  }
  for (const auto& [key, by_subnet] : all) {
    std::vector<Rung>& ladder = ladders_[key];
    for (const auto& [subnet, candidates] : by_subnet) {
      auto rung = MakeRung(subnet, candidates, clusters_[key.second].max_threads);
      if (rung) ladder.push_back(*std::move(rung));
    }
    KeepPareto(ladder, [](const Rung& rung) { return rung.points.back()->latency_ms; });
  }
}

const std::vector<CostTable::Rung>& CostTable::Ladder(const std::string& model,
                                                      std::size_t cluster) const {
  static const std::vector<Rung> kNone;
  auto found = ladders_.find({model, cluster});
  return found == ladders_.end() ? kNone : found->second;
}

}  // namespace dynofa::policies
