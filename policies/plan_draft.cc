#include "policies/plan_draft.h"

#include <algorithm>
#include <utility>

namespace dynofa::policies {

bool Harmless(const PlanCost& with, const PlanCost& without) {
  return with.over_cap_w <= without.over_cap_w + 1e-9 &&
         !with.misses.BreaksMorePromises(without.misses);
}

PlanDraft::PlanDraft(const Planner& planner)
    : planner_(planner),
      placements_(planner.snapshot().sessions.size()),
      promised_(placements_.size(), false) {
  for (std::size_t c = 0; c < planner.table().clusters().size(); ++c) {
    clusters_.emplace_back(planner, c);
  }
}

ClusterCost PlanDraft::AllClusters() const {
  ClusterCost sum;
  for (const ClusterLoad& cluster : clusters_) sum.Add(cluster.cost());
  return sum;
}

PlanCost PlanDraft::Placed() const {
  ClusterCost sum = AllClusters();
  return {std::max(0.0, sum.power_w - planner_.PowerBudgetW()), sum.misses, sum.objective};
}

PlanCost PlanDraft::Total() const {
  PlanCost total = Placed();
  for (std::size_t i = 0; i < placements_.size(); ++i) {
    if (!placements_[i]) total.misses.Add(planner_.Unserved(i, promised_[i]));
  }
  return total;
}

double PlanDraft::BudgetW(std::size_t cluster) const {
  double budget_w = planner_.PowerBudgetW();
  for (std::size_t c = 0; c < clusters_.size(); ++c) {
    if (c != cluster) budget_w -= clusters_[c].cost().power_w;
  }
  return budget_w;
}

void PlanDraft::SumOthers() {
  others_.clear();
  ClusterCost sum;  // those before it, then those after it
  for (const ClusterLoad& cluster : clusters_) {
    others_.push_back(sum);
    sum.Add(cluster.cost());
  }
  sum = {};
  for (std::size_t c = clusters_.size(); c-- > 0;) {
    others_[c].Add(sum);
    sum.Add(clusters_[c].cost());
  }
}

void PlanDraft::SortOptions(std::size_t session, const Within& within) {
  options_.clear();
  for (const Placement& choice : planner_.Choices(session)) {
    if (!within.Has(choice.cluster)) continue;
    const Member member{session, choice.rung, promised_[session]};
    options_.push_back({choice, others_[choice.cluster].objective +
                                    clusters_[choice.cluster].LeastObjectiveWith(member)});
  }
  std::stable_sort(options_.begin(), options_.end(), [](const Option& a, const Option& b) {
    return a.least_objective < b.least_objective;
  });
}

std::optional<double> PlanDraft::Goal(bool harmless, std::size_t cluster, double objective) const {
  if (!harmless || clusters_[cluster].cost().misses.any()) return std::nullopt;
  return objective - others_[cluster].objective;
}

void PlanDraft::PlaceBest(std::size_t session, const Within& within,
                          const std::optional<PlanCost>& beat) {
  SumOthers();
  SortOptions(session, within);
  const PlanCost without = Placed();
  const double budget_w = planner_.PowerBudgetW();
  std::optional<Placement> best;
  ClusterLoad::Choice best_choice;
  PlanCost best_cost = beat.value_or(PlanCost{});
  bool harmless = beat.has_value();  // the best so far adds nothing to what is missed
  for (const Option& option : options_) {
    const std::size_t c = option.placement.cluster;
    if (harmless && option.least_objective >= best_cost.objective) break;
    const auto choice =
        clusters_[c].TryWith({session, option.placement.rung, promised_[session]},
                             budget_w - others_[c].power_w, Goal(harmless, c, best_cost.objective));
    if (!choice) continue;
    PlanCost cost{choice->over_budget_w, others_[c].misses,
                  others_[c].objective + choice->cost.objective};
    cost.misses.Add(choice->cost.misses);
    if (!promised_[session] && !Harmless(cost, without)) continue;
    if ((best || beat) && !cost.Better(best_cost)) continue;
    best = option.placement;
    best_choice = *choice;
    best_cost = cost;
    harmless = cost.over_cap_w <= without.over_cap_w && cost.misses.Compare(without.misses) <= 0;
  }
  if (best) Put(session, *best, best_choice);
}

void PlanDraft::Put(std::size_t session, const Placement& placement,
                    const ClusterLoad::Choice& choice) {
  NewVersion();
  clusters_[placement.cluster].Add({session, placement.rung, promised_[session]}, choice);
  placements_[session] = placement;
}

void PlanDraft::TakeOff(std::size_t session) {
  if (!placements_[session]) return;
  NewVersion();
  const std::size_t cluster = placements_[session]->cluster;
  clusters_[cluster].Remove(session, BudgetW(cluster));
  placements_[session].reset();
}

void PlanDraft::ChooseSteps() {
  for (std::size_t c = 0; c < clusters_.size(); ++c) clusters_[c].Choose(BudgetW(c));
}

PlanDraft::State PlanDraft::Save() const {
  State state{placements_, {}, version_};
  for (const ClusterLoad& cluster : clusters_) state.choices.push_back(cluster.choice());
  return state;
}

std::vector<bool> PlanDraft::MoveTo(const std::vector<std::optional<Placement>>& placements) {
  std::vector<bool> moved(clusters_.size(), false);
  for (std::size_t i = 0; i < placements_.size(); ++i) {
    std::optional<Placement>& place = placements_[i];
    if (placements[i] == place) continue;
    if (place) {
      clusters_[place->cluster].Leave(i);
      moved[place->cluster] = true;
    }
    place = placements[i];
    if (place) {
      clusters_[place->cluster].Join({i, place->rung, promised_[i]});
      moved[place->cluster] = true;
    }
  }
  return moved;
}

void PlanDraft::Take(const State& state) {
  const std::vector<bool> moved = MoveTo(state.placements);
  for (std::size_t c = 0; c < clusters_.size(); ++c) {
    const std::size_t step = state.choices[c].step;
    if (moved[c] || clusters_[c].step() != step) clusters_[c].SetStep(step);
  }
  NewVersion();
}

void PlanDraft::GoBackTo(const State& before) {
  MoveTo(before.placements);
  for (std::size_t c = 0; c < clusters_.size(); ++c) clusters_[c].Recognise(before.choices[c]);
  version_ = before.version;
}

Plan PlanDraft::TakePlan() && {
  Plan plan{std::move(placements_), {}, std::move(promised_)};
  for (const ClusterLoad& cluster : clusters_) plan.frequencies.push_back(cluster.step());
  return plan;
}

}  // namespace dynofa::policies
