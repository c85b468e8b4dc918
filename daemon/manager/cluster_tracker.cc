#include "daemon/manager/cluster_tracker.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace dynofa::manager {
namespace {

constexpr double kLeastShare = 0.1;

/// A jump of others' load beyond this makes the slow-down start over from what it explains.
constexpr double kLoadJump = 0.2;

}  // namespace

std::string ClusterTracker::WhyLimited(const Cluster& cluster) {
  const auto& outcome = cluster.outcome;
  if (outcome && !outcome->status.ok()) return std::string(outcome->status.message());
  if (!cluster.view.state.limited_by.empty()) return cluster.view.state.limited_by;
  const bool as_answered = outcome && outcome->effective == cluster.view.effective;
  return as_answered ? outcome->limited_by : "";
}

bool ClusterTracker::IsAway(const std::string& cluster) const {
  const auto found = clusters_.find(cluster);
  return found != clusters_.end() && found->second.away;
}

double ClusterTracker::SlowdownBeside(const Cluster& cluster, double load) const {
  const bool by_core = !emulated_ && cluster.view.state.info.kind == policies::ClusterKind::kCpu;
  const double share = (by_core ? cluster.view.state.info.cores : 1) * (1.0 - load);
  return 1.0 / std::clamp(share, kLeastShare, 1.0);
}

void ClusterTracker::SetForeignLoad(Cluster& cluster, double load) {
  cluster.view.state.foreign_load = load;
  slowdowns_.Explain(cluster.view.state.info.id, SlowdownBeside(cluster, load));
}

void ClusterTracker::SetBoard(const hardware::BoardInfo& board) {
  clusters_.clear();
  order_.clear();
  emulated_ = !board.emulated_model.empty();
  for (const policies::ClusterInfo& info : board.clusters) {
    Cluster& cluster = clusters_[info.id];
    cluster.view.state.info = info;
    SetForeignLoad(cluster, 0.0);
    order_.push_back(info.id);
  }
}

void ClusterTracker::LoseBoard(const std::string& reason) {
  for (auto& [id, cluster] : clusters_) {
    cluster.view.state.info.writable = false;
    cluster.view.state.info.read_only_reason = reason;
    cluster.view.requested = cluster.view.effective = {};
    cluster.view.limited_by.clear();
    cluster.view.state.available = true;
    cluster.away = false;
    cluster.outcome.reset();
    cluster.view.state.frequency_khz = 0;
    cluster.view.state.limit_khz = 0;
    cluster.view.state.limited_by.clear();
    cluster.view.state.temperature_c = 0.0;
    SetForeignLoad(cluster, 0.0);
  }
}

bool ClusterTracker::Update(const hardware::BoardReading& reading) {
  bool other_conditions = false;
  for (const hardware::ClusterReading& read : reading.clusters) {
    auto found = clusters_.find(read.cluster);
    if (found == clusters_.end()) continue;
    policies::ClusterState& state = found->second.view.state;
    const bool away = !read.available && read.max_khz == 0;
    const bool jumped = std::abs(read.foreign_load - state.foreign_load) > kLoadJump;
    other_conditions = other_conditions || jumped || read.available != state.available ||
                       away != found->second.away || read.limit_khz != state.limit_khz;
    SetForeignLoad(found->second, read.foreign_load);
    if (jumped) slowdowns_.Restart(read.cluster);
    state.available = read.available;
    found->second.away = away;
    state.frequency_khz = read.frequency_khz;
    state.limit_khz = read.limit_khz;
    state.limited_by = read.limited_by;
    state.static_power_w = read.static_power_w;
    // A clock that no decision holds, nor who has taken the cluster, is that of one at rest.
    if (read.available && read.min_khz != read.max_khz) state.rest_power_w = read.static_power_w;
    found->second.view.effective = {read.cluster, read.governor, read.min_khz, read.max_khz};
    if (away) found->second.outcome.reset();
    found->second.view.limited_by = WhyLimited(found->second);
  }
  std::map<std::string, double> hottest;
  for (const hardware::ZoneReading& zone : reading.zones) {
    const auto [known, first] = hottest.try_emplace(zone.cluster, zone.temperature_c);
    known->second = std::max(known->second, zone.temperature_c);
  }
  for (auto& [id, cluster] : clusters_) {
    const auto found = hottest.find(id);
    cluster.view.state.temperature_c = found == hottest.end() ? 0.0 : found->second;
  }
  return other_conditions;
}

void ClusterTracker::Update(const hardware::ApplyResult& result) {
  for (const hardware::SettingOutcome& outcome : result.outcomes) {
    auto found = clusters_.find(outcome.cluster);
    if (found == clusters_.end()) continue;
    ClusterView& view = found->second.view;
    view.requested = outcome.requested;
    view.effective = outcome.effective;
    // A limit is what the next reading says it is; that somebody else had set something is over.
    if (outcome.status.ok() && view.state.limit_khz == 0) view.state.limited_by.clear();
    found->second.outcome = outcome;
    view.limited_by = WhyLimited(found->second);
    const bool pinned =
        outcome.effective.min_khz > 0 && outcome.effective.min_khz == outcome.effective.max_khz;
    if (pinned) view.state.frequency_khz = outcome.effective.max_khz;
  }
}

void ClusterTracker::Observe(const dispatch::Outcome& outcome) {
  auto found = clusters_.find(outcome.cluster);
  if (found == clusters_.end()) return;
  Cluster& cluster = found->second;
  cluster.busy += outcome.compute;
  cluster.busy_threads += outcome.compute * outcome.threads;
}

std::vector<hardware::ClusterLoad> ClusterTracker::EndWindow(base::Duration length) {
  std::vector<hardware::ClusterLoad> loads;
  const double seconds = std::max(base::ToSeconds(length), 1e-3);
  for (const std::string& id : order_) {
    Cluster& cluster = clusters_[id];
    const double most = std::max(1, cluster.view.state.info.cores);
    loads.push_back({id, std::min(1.0, base::ToSeconds(cluster.busy) / seconds),
                     std::min(most, base::ToSeconds(cluster.busy_threads) / seconds)});
    cluster.busy = cluster.busy_threads = {};
  }
  return loads;
}

std::vector<ClusterView> ClusterTracker::Views(base::TimePoint now) const {
  std::vector<ClusterView> views;
  for (const std::string& id : order_) {
    views.push_back(clusters_.at(id).view);
    views.back().state.slowdown = slowdowns_.Read(id, now).slowdown;
  }
  return views;
}

std::vector<policies::ClusterState> ClusterTracker::States(base::TimePoint now) const {
  std::vector<policies::ClusterState> states;
  for (const std::string& id : order_) {
    policies::ClusterState& state = states.emplace_back(clusters_.at(id).view.state);
    dispatch::SlowdownBook::View seen = slowdowns_.Read(id, now);
    state.slowdown = seen.slowdown;
    state.residuals = std::move(seen.residuals);
  }
  return states;
}

std::map<std::string, std::int64_t> ClusterTracker::Frequencies() const {
  std::map<std::string, std::int64_t> frequencies;
  for (const auto& [id, cluster] : clusters_) {
    frequencies[id] = cluster.view.state.frequency_khz;
  }
  return frequencies;
}

}  // namespace dynofa::manager
