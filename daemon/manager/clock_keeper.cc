#include "daemon/manager/clock_keeper.h"

#include <algorithm>
#include <cmath>

namespace dynofa::manager {
namespace {

bool Pinned(const policies::ClusterSetting& setting) {
  return setting.min_khz > 0 && setting.min_khz == setting.max_khz;
}

/// May the clock be lower than `before` pins it?
bool Lowers(const policies::Decision& after, const policies::ClusterSetting& before) {
  const auto found = std::find_if(
      after.settings.begin(), after.settings.end(),
      [&](const policies::ClusterSetting& setting) { return setting.cluster == before.cluster; });
  return found == after.settings.end() || found->min_khz < before.min_khz;
}

/// How long what runs on a cluster may still take by a decision.
base::Duration LongestRun(const policies::Decision& decision, const std::string& cluster) {
  double longest_ms = 0.0;
  for (const policies::Assignment& assignment : decision.assignments) {
    if (!assignment.served || assignment.point.cluster != cluster) continue;
    if (!std::isfinite(assignment.predicted_latency_ms)) continue;
    longest_ms = std::max(longest_ms, assignment.predicted_latency_ms);
  }
  return base::FromMs(std::min(longest_ms, base::ToMs(ClockKeeper::kLongest)));
}

}  // namespace

void ClockKeeper::OnDecision(const policies::Decision& before, const policies::Decision& after,
                             base::TimePoint now) {
  std::erase_if(kept_, [&](const auto& item) {
    return item.second.until <= now || !Lowers(after, item.second.setting);
  });
  for (const policies::ClusterSetting& setting : before.settings) {
    if (!Pinned(setting) || !Lowers(after, setting)) continue;
    const base::Duration longest = LongestRun(before, setting.cluster);
    if (longest > base::Duration::zero())
      kept_.try_emplace(setting.cluster, setting, now + longest);
  }
}

void ClockKeeper::Keep(std::vector<policies::ClusterSetting>& settings, base::TimePoint now) const {
  for (policies::ClusterSetting& setting : settings) {
    const auto kept = kept_.find(setting.cluster);
    if (kept != kept_.end() && now < kept->second.until) setting = kept->second.setting;
  }
}

std::optional<base::TimePoint> ClockKeeper::Next(base::TimePoint now) const {
  std::optional<base::TimePoint> next;
  for (const auto& [cluster, kept] : kept_) {
    if (now < kept.until && (!next || kept.until < *next)) next = kept.until;
  }
  return next;
}

}  // namespace dynofa::manager
