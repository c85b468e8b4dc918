#include "policies/plan_in_force.h"

#include <algorithm>
#include <utility>

#include "policies/plan_search.h"

namespace dynofa::policies {
namespace {

/// The decided frequency of a cluster as an index; nullopt if it had no members or that frequency
/// is not allowed any more.
std::optional<std::size_t> StepInForce(const Planner& planner, std::size_t cluster,
                                       const std::vector<Member>& members) {
  const auto& steps = planner.table().clusters()[cluster].frequencies_khz;
  for (const Member& member : members) {
    const Assignment* before = planner.InForce(member.session);
    if (before == nullptr || planner.snapshot().sessions[member.session].standby) continue;
    const auto found = std::find(steps.begin(), steps.end(), before->point.frequency_khz);
    if (found == steps.end()) return std::nullopt;
    return static_cast<std::size_t>(found - steps.begin());
  }
  return std::nullopt;
}

/// Goes back to the decided frequency of each cluster where the one in `plan` is no better by the
/// reluctance, so that noise does not move clocks.
void KeepFrequencies(const Planner& planner, Plan& plan, const Reluctance& reluctance) {
  if (planner.snapshot().mode.objective == Objective::kPerformance) return;
  for (std::size_t cluster = 0; cluster < plan.frequencies.size(); ++cluster) {
    const std::vector<Member> members = planner.MembersOf(plan, cluster);
    const auto decided = StepInForce(planner, cluster, members);
    if (!decided || *decided == plan.frequencies[cluster]) continue;
    const bool raised = *decided < plan.frequencies[cluster];
    if (raised && planner.LacksHeadroom(cluster, members, *decided)) continue;
    const std::size_t chosen = plan.frequencies[cluster];
    const PlanCost cost = planner.Cost(plan);
    plan.frequencies[cluster] = *decided;
    if (cost.Better(planner.Cost(plan), reluctance.margin, reluctance.tolerance)) {
      plan.frequencies[cluster] = chosen;
    }
  }
}

}  // namespace

std::optional<Plan> PlanInForce(const Planner& planner, const std::vector<bool>& promised,
                                const Reluctance& reluctance) {
  const auto& sessions = planner.snapshot().sessions;
  Plan plan;
  plan.promised = promised;
  for (std::size_t i = 0; i < sessions.size(); ++i) {
    if (planner.Choices(i).empty()) {
      plan.placements.emplace_back();
      continue;
    }
    const Assignment* before = planner.InForce(i);
    if (before == nullptr) return std::nullopt;
    plan.placements.push_back(before->served ? planner.PlaceInForce(i) : std::nullopt);
    if (before->served && !plan.placements.back()) return std::nullopt;
  }
  const auto placements = plan.placements;
  ChooseFrequencies(planner, plan);
  // Under a power cap it may be the plan in force no longer.
  if (plan.placements != placements) return std::nullopt;
  KeepFrequencies(planner, plan, reluctance);
  return plan;
}

Plan PreferInForce(const Planner& planner, Plan best, const Reluctance& reluctance) {
  std::optional<Plan> in_force = PlanInForce(planner, best.promised, reluctance);
  if (!in_force) return best;
  const bool better =
      planner.Cost(best).Better(planner.Cost(*in_force), reluctance.margin, reluctance.tolerance);
  return better ? best : *std::move(in_force);
}

}  // namespace dynofa::policies
