#include "policies/cluster_load.h"

#include <algorithm>
#include <utility>

namespace dynofa::policies {

ClusterLoad::ClusterLoad(const Planner& planner, std::size_t cluster)
    : planner_(planner),
      cluster_(cluster),
      steps_(planner.table().clusters()[cluster].frequencies_khz.size()) {
  AddUp();
  choice_ = At(0, std::numeric_limits<double>::infinity());
}

void ClusterLoad::Include(const Member& member, Sums& sums) const {
  const SessionState& session = planner_.snapshot().sessions[member.session];
  if (session.standby) return;
  const auto& costs = planner_.RungOf(member.session, {cluster_, member.rung}).costs;
  for (std::size_t step = 0; step < steps_; ++step) {
    sums.load_w[step] += planner_.LoadW(member.session, costs[step]);
  }
  sums.powered = true;
  sums.energy_capped = sums.energy_capped || session.requirement.max_energy_mj.has_value();
}

void ClusterLoad::AddUp() {
  sums_.load_w.assign(steps_, 0.0);
  sums_.powered = sums_.energy_capped = false;
  for (const Member& member : members_) Include(member, sums_);
}

double ClusterLoad::LeastObjectiveWith(const Member& extra) const {
  double objective = planner_.PlaceCost(extra.session, {cluster_, extra.rung});
  for (const Member& member : members_) {
    objective += planner_.PlaceCost(member.session, {cluster_, member.rung});
  }
  if (planner_.snapshot().mode.objective == Objective::kPerformance) return objective;
  const auto& idle = planner_.table().clusters()[cluster_].idle_power_w;
  const auto& costs = planner_.RungOf(extra.session, {cluster_, extra.rung}).costs;
  double least_w = std::numeric_limits<double>::infinity();
  for (std::size_t step = 0; step < steps_; ++step) {
    const double power =
        idle[step] + sums_.load_w[step] + planner_.LoadW(extra.session, costs[step]);
    least_w = std::min(least_w, power);
  }
  return objective + least_w;
}

ClusterLoad::Choice ClusterLoad::TryWith(const Member& extra, double budget_w) {
  spare_ = sums_;
  Include(extra, spare_);
  members_.push_back(extra);
  const Choice best = Best(spare_, budget_w);
  members_.pop_back();
  return best;
}

void ClusterLoad::Add(const Member& member, const Choice& choice) {
  members_.push_back(member);
  AddUp();
  choice_ = choice;
}

void ClusterLoad::Remove(std::size_t session, double budget_w) {
  std::erase_if(members_, [&](const Member& member) { return member.session == session; });
  AddUp();
  Choose(budget_w);
}

void ClusterLoad::Replace(std::vector<Member> members, std::size_t step) {
  members_ = std::move(members);
  AddUp();
  SetStep(step);
}

void ClusterLoad::Choose(double budget_w) { choice_ = Best(sums_, budget_w); }

void ClusterLoad::SetStep(std::size_t step) {
  choice_ = At(step, std::numeric_limits<double>::infinity());
}

ClusterLoad::Choice ClusterLoad::At(std::size_t step, double budget_w) const {
  Choice choice{step, planner_.Price(cluster_, members_, step), 0.0};
  choice.over_budget_w = std::max(0.0, choice.cost.power_w - budget_w);
  return choice;
}

ClusterLoad::Choice ClusterLoad::Best(const Sums& sums, double budget_w) const {
  if (!sums.powered) return At(0, budget_w);
  if (planner_.snapshot().mode.objective == Objective::kPerformance) return HighestWithin(budget_w);
  if (sums.energy_capped) return BestOfAll(budget_w);
  const auto first = FirstStepThatMeets();
  if (!first) return HighestWithin(budget_w);
  const Choice choice = LeastPower(sums, *first, budget_w);
  // A profile in which a higher clock is slower.
  if (choice.cost.misses.any() || choice.over_budget_w > 0.0) return BestOfAll(budget_w);
  return choice;
}

ClusterLoad::Choice ClusterLoad::LeastPower(const Sums& sums, std::size_t first,
                                            double budget_w) const {
  const auto& idle = planner_.table().clusters()[cluster_].idle_power_w;
  std::size_t best = first;
  for (std::size_t step = first + 1; step < steps_; ++step) {
    if (idle[step] + sums.load_w[step] < idle[best] + sums.load_w[best]) best = step;
  }
  return At(best, budget_w);
}

ClusterLoad::Choice ClusterLoad::BestOfAll(double budget_w) const {
  Choice best = At(0, budget_w);
  for (std::size_t step = 1; step < steps_; ++step) {
    const Choice choice = At(step, budget_w);
    const PlanCost cost{choice.over_budget_w, choice.cost.misses, choice.cost.objective};
    if (cost.Better({best.over_budget_w, best.cost.misses, best.cost.objective})) best = choice;
  }
  return best;
}

ClusterLoad::Choice ClusterLoad::HighestWithin(double budget_w) const {
  Choice least = At(steps_ - 1, budget_w);
  for (std::size_t step = steps_ - 1; step-- > 0 && least.over_budget_w > 0.0;) {
    const Choice choice = At(step, budget_w);
    if (choice.over_budget_w < least.over_budget_w) least = choice;
  }
  return least;
}

std::optional<std::size_t> ClusterLoad::FirstStepThatMeets() const {
  std::size_t high = steps_ - 1;
  if (!planner_.AllMet(cluster_, members_, high)) return std::nullopt;
  std::size_t low = 0;
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    if (planner_.AllMet(cluster_, members_, middle)) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return high;
}

}  // namespace dynofa::policies
