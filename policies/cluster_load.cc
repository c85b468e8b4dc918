#include "policies/cluster_load.h"

#include <algorithm>
#include <cmath>
#include <span>

namespace dynofa::policies {
namespace {

/// Watts by which two ways to add up the same powers may differ.
constexpr double kRounding = 1e-9;

}  // namespace

ClusterLoad::ClusterLoad(const Planner& planner, std::size_t cluster)
    : planner_(planner),
      cluster_(cluster),
      steps_(planner.table().clusters()[cluster].frequencies_khz.size()) {
  sums_.load_w.assign(steps_, 0.0);
  crowds_.resize(steps_);
  SetStep(0);
}

bool ClusterLoad::CatchUp(std::size_t step, KnownCrowd& known) const {
  if (changes_.size() - known.changes > settled_) return false;
  for (; known.changes < changes_.size(); ++known.changes) {
    const Change& change = changes_[known.changes];
    if (change.came) {
      planner_.Join(change.member, cluster_, step, known.crowd);
    } else if (!planner_.Leave(change.member, cluster_, step, known.crowd)) {
      return false;
    }
  }
  return true;
}

Crowd ClusterLoad::CrowdAt(std::size_t step) const {
  std::optional<KnownCrowd>& known = crowds_[step];
  if (!known || !CatchUp(step, *known)) {
    const auto settled = std::span(members_).first(settled_);
    known = {planner_.CrowdOf(settled, cluster_, step), changes_.size()};
  }
  Crowd crowd = known->crowd;
  for (std::size_t i = settled_; i < members_.size(); ++i) {
    planner_.Join(members_[i], cluster_, step, crowd);
  }
  return crowd;
}

void ClusterLoad::Include(const Member& member, double sign, Sums& sums) const {
  const SessionState& session = planner_.snapshot().sessions[member.session];
  if (session.standby) return;
  const Placement place{cluster_, member.rung};
  const CostTable::Rung& rung = planner_.RungOf(member.session, place);
  const double per_mj = sign * planner_.Rate(member.session) / 1e3;
  for (std::size_t step = 0; step < steps_; ++step) {
    sums.load_w[step] += per_mj * rung.energy_mj[step];
  }
  const int count = sign > 0.0 ? 1 : -1;
  sums.place_cost += sign * planner_.PlaceCost(member.session, place);
  sums.working += count;
  if (session.requirement.max_energy_mj) sums.energy_capped += count;
}

auto ClusterLoad::PowerWith(const Member& extra) const {
  const double* const idle_w = planner_.table().clusters()[cluster_].idle_power_w.data();
  const double* const load_w = sums_.load_w.data();
  const double* const energy_mj =
      planner_.RungOf(extra.session, {cluster_, extra.rung}).energy_mj.data();
  const double per_mj = planner_.Rate(extra.session) / 1e3;
  return [=](std::size_t step) { return idle_w[step] + load_w[step] + per_mj * energy_mj[step]; };
}

double ClusterLoad::LeastObjectiveWith(const Member& extra) const {
  const Placement place{cluster_, extra.rung};
  const double objective = sums_.place_cost + planner_.PlaceCost(extra.session, place);
  if (HighestOnly()) return objective;
  if (sums_.working == 0 && planner_.snapshot().sessions[extra.session].standby) {
    return objective + planner_.RestPowerW(cluster_);
  }
  const auto power_w = PowerWith(extra);
  const std::size_t alone = planner_.FirstMetAlone(extra.session, place);
  std::size_t low = std::max(alone, choice_.first_met.value_or(0));
  // Where others are missed at any frequency it will be the highest, or what the budget allows.
  if (low >= steps_ && alone < steps_)
    low = std::isinf(planner_.PowerBudgetW()) ? steps_ - 1 : alone;
  double least_w = std::numeric_limits<double>::infinity();
  for (std::size_t step = low; step < steps_; ++step) {
    least_w = std::min(least_w, power_w(step));
  }
  return objective + least_w;
}

std::optional<ClusterLoad::Choice> ClusterLoad::TryWith(const Member& extra, double budget_w,
                                                        std::optional<double> goal) {
  const std::size_t low = std::max(planner_.FirstMetAlone(extra.session, {cluster_, extra.rung}),
                                   choice_.first_met.value_or(0));
  if (goal && low >= steps_) return std::nullopt;
  members_.push_back(extra);
  std::optional<Choice> best;
  if (!goal || MayReach(*goal, extra, low)) {
    spare_ = sums_;
    Include(extra, 1.0, spare_);
    best = Best(spare_, budget_w, {low, steps_, last_first_});
    if (best->first_met) last_first_ = *best->first_met;
  }
  members_.pop_back();
  return best;
}

bool ClusterLoad::MayReach(double goal, const Member& extra, std::size_t low) const {
  const SessionState& session = planner_.snapshot().sessions[extra.session];
  // Of someone with an energy cap more may be missed at a higher frequency.
  if (sums_.energy_capped > 0 || session.requirement.max_energy_mj) return true;
  std::size_t step = steps_ - 1;
  if (!HighestOnly()) {
    const auto power_w = PowerWith(extra);
    const double goal_w = goal - sums_.place_cost -
                          planner_.PlaceCost(extra.session, {cluster_, extra.rung}) + kRounding;
    while (step > low && power_w(step) > goal_w) --step;
  }
  return AllMet(step, /*headroom=*/false);
}

void ClusterLoad::Join(const Member& member) {
  members_.push_back(member);
  ++settled_;
  changes_.push_back({member, true});
  Include(member, 1.0, sums_);
}

void ClusterLoad::Leave(std::size_t session) {
  const auto found = std::find_if(members_.begin(), members_.end(),
                                  [&](const Member& member) { return member.session == session; });
  Include(*found, -1.0, sums_);
  changes_.push_back({*found, false});
  members_.erase(found);
  --settled_;
  // What rounding leaves behind must not outlive the last member.
  if (members_.empty()) sums_ = {std::vector<double>(steps_, 0.0)};
}

void ClusterLoad::Add(const Member& member, const Choice& choice) {
  Join(member);
  choice_ = choice;
}

void ClusterLoad::Remove(std::size_t session, double budget_w) {
  Leave(session);
  choice_ = Best(sums_, budget_w, {0, choice_.first_met.value_or(steps_), choice_.step});
}

void ClusterLoad::Choose(double budget_w) {
  choice_ = Best(sums_, budget_w, {0, steps_, choice_.step});
}

void ClusterLoad::SetStep(std::size_t step) {
  choice_ = At(sums_, step, std::numeric_limits<double>::infinity());
}

void ClusterLoad::Recognise(const Choice& choice) {
  choice_ = choice;
  choice_.first_met.reset();
}

ClusterLoad::Choice ClusterLoad::At(const Sums& sums, std::size_t step, double budget_w) const {
  Choice choice{step, planner_.Price(cluster_, members_, step, sums.At(step), CrowdAt(step)), 0.0,
                std::nullopt};
  choice.over_budget_w = std::max(0.0, choice.cost.power_w - budget_w);
  return choice;
}

ClusterLoad::Choice ClusterLoad::Best(const Sums& sums, double budget_w, const Range& range) const {
  if (sums.working == 0) return At(sums, 0, budget_w);
  if (HighestOnly()) return HighestWithin(sums, budget_w);
  if (sums.energy_capped > 0) return BestOfAll(sums, budget_w);
  const std::size_t first = FirstMet(range);
  Choice choice =
      first < steps_ ? LeastPower(sums, first, budget_w) : HighestWithin(sums, budget_w);
  if (first < steps_ && choice.over_budget_w > 0.0) choice = BestOfAll(sums, budget_w);
  choice.first_met = first;
  return choice;
}

ClusterLoad::Choice ClusterLoad::LeastPower(const Sums& sums, std::size_t first,
                                            double budget_w) const {
  const auto& idle = planner_.table().clusters()[cluster_].idle_power_w;
  const auto power = [&](std::size_t step) { return idle[step] + sums.load_w[step]; };
  Choice best{first, {}, 0.0, std::nullopt};
  for (std::size_t step = first + 1; step < steps_; ++step) {
    if (power(step) < power(best.step)) best.step = step;
  }
  best.cost.power_w = power(best.step);
  best.cost.objective =
      best.cost.power_w + sums.place_cost + planner_.StandbyCost(cluster_, members_, best.step);
  best.over_budget_w = std::max(0.0, best.cost.power_w - budget_w);
  return best;
}

ClusterLoad::Choice ClusterLoad::BestOfAll(const Sums& sums, double budget_w) const {
  Choice best = At(sums, 0, budget_w);
  for (std::size_t step = 1; step < steps_; ++step) {
    const Choice choice = At(sums, step, budget_w);
    const PlanCost cost{choice.over_budget_w, choice.cost.misses, choice.cost.objective};
    if (cost.Better({best.over_budget_w, best.cost.misses, best.cost.objective})) best = choice;
  }
  return best;
}

ClusterLoad::Choice ClusterLoad::HighestWithin(const Sums& sums, double budget_w) const {
  Choice least = At(sums, steps_ - 1, budget_w);
  for (std::size_t step = steps_ - 1; step-- > 0 && least.over_budget_w > 0.0;) {
    const Choice choice = At(sums, step, budget_w);
    if (choice.over_budget_w < least.over_budget_w) least = choice;
  }
  return least;
}

std::size_t ClusterLoad::FirstMet(Range range) const {
  if (range.low >= range.high) return range.high;
  // Gallop away from where it is likely, then halve.
  std::size_t step = std::clamp(range.likely, range.low, range.high - 1);
  const bool down = AllMet(step);
  (down ? range.high : range.low) = down ? step : step + 1;
  bool gallop = true;
  for (std::size_t stride = 1; range.low < range.high; stride *= 2) {
    const std::size_t reach = std::min(stride, range.high - range.low);
    step = !gallop ? (range.low + range.high) / 2
           : down  ? range.high - reach
                   : range.low + reach - 1;
    const bool met = AllMet(step);
    (met ? range.high : range.low) = met ? step : step + 1;
    gallop = gallop && met == down;
  }
  return range.high;
}

}  // namespace dynofa::policies
