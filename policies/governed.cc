#include "policies/governed.h"

#include <algorithm>
#include <vector>

namespace dynofa::policies {
namespace {

/// Both follow the load up to here.
constexpr double kBusiest = 0.8;

double Busy(const Planner& planner, std::size_t cluster, const std::vector<Member>& members,
            std::size_t step) {
  Queue queue;
  for (const Member& member : members) {
    const auto& cost = planner.RungOf(member.session, {cluster, member.rung}).costs[step];
    queue.Add({cost.service_ms, planner.Rate(member.session)});
  }
  return queue.utilisation();
}

bool OnlyOndemand(const ClusterInfo& info) {
  const auto& offered = info.governors;
  const auto has = [&](const char* name) {
    return std::find(offered.begin(), offered.end(), name) != offered.end();
  };
  return !has("schedutil") && (has("ondemand") || has("simple_ondemand"));
}

std::size_t LoadedStep(const Planner& planner, std::size_t cluster,
                       const std::vector<Member>& members) {
  const CostTable::Cluster& entry = planner.table().clusters()[cluster];
  const bool ondemand = OnlyOndemand(entry.state->info);
  const auto low = static_cast<double>(entry.frequencies_khz.front());
  const auto span = static_cast<double>(entry.frequencies_khz.back()) - low;
  for (std::size_t step = 0; step + 1 < entry.frequencies_khz.size(); ++step) {
    const double busy = Busy(planner, cluster, members, step);
    const auto khz = static_cast<double>(entry.frequencies_khz[step]);
    if (busy <= kBusiest && (!ondemand || khz >= low + busy * span)) return step;
  }
  return entry.frequencies_khz.size() - 1;
}

}  // namespace

void ExpectGovernor(const Planner& planner, std::string_view governor, Plan& plan) {
  const auto& clusters = planner.table().clusters();
  plan.frequencies.assign(clusters.size(), 0);
  for (std::size_t cluster = 0; cluster < clusters.size(); ++cluster) {
    const std::size_t steps = clusters[cluster].frequencies_khz.size();
    if (governor == "powersave") continue;
    plan.frequencies[cluster] =
        governor == "performance" ? steps - 1
                                  : LoadedStep(planner, cluster, planner.MembersOf(plan, cluster));
  }
}

}  // namespace dynofa::policies
