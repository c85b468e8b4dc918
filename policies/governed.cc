#include "policies/governed.h"

#include <vector>

namespace dynofa::policies {
namespace {

constexpr double kSchedutilHeadroom = 1.25;

std::size_t ScheduledStep(const Planner& planner, std::size_t cluster,
                          const std::vector<Member>& members, std::size_t steps) {
  for (std::size_t step = 0; step + 1 < steps; ++step) {
    Queue queue;
    for (const Member& member : members) {
      const auto& cost = planner.RungOf(member.session, {cluster, member.rung}).costs[step];
      queue.Add({cost.service_ms, planner.Rate(member.session)});
    }
    if (queue.utilisation() * kSchedutilHeadroom <= 1.0) return step;
  }
  return steps - 1;
}

}  // namespace

void ExpectGovernor(const Planner& planner, std::string_view governor, Plan& plan) {
  const auto& clusters = planner.table().clusters();
  plan.frequencies.assign(clusters.size(), 0);
  for (std::size_t cluster = 0; cluster < clusters.size(); ++cluster) {
    const std::size_t steps = clusters[cluster].frequencies_khz.size();
    if (governor == "powersave") continue;
    plan.frequencies[cluster] =
        governor == "performance"
            ? steps - 1
            : ScheduledStep(planner, cluster, planner.MembersOf(plan, cluster), steps);
  }
}

}  // namespace dynofa::policies
