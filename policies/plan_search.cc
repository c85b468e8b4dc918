#include "policies/plan_search.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <numeric>
#include <string_view>
#include <tuple>
#include <utility>

#include "policies/cluster_load.h"

namespace dynofa::policies {
namespace {

constexpr int kMaxSweeps = 3;
constexpr int kMaxRounds = 2;
/// How often in one search sessions are moved about to make room for one that finds none.
constexpr int kMaxRearrangements = 4;
/// With at most so many sessions pairs of them are exchanged as well.
constexpr std::size_t kMaxExchanging = 8;

/// The sessions, the most important and most demanding first.
std::vector<std::size_t> PlacingOrder(const Snapshot& snapshot) {
  std::vector<std::size_t> order(snapshot.sessions.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto key = [&](std::size_t i) {
    const SessionState& state = snapshot.sessions[i];
    return std::tuple(state.standby, state.requirement.priority,
                      state.requirement.latency_ms.value_or(std::numeric_limits<double>::max()),
                      std::string_view(state.id));
  };
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return key(a) < key(b); });
  return order;
}

/// A plan in the making.
class Search {
 public:
  explicit Search(const Planner& planner)
      : planner_(planner),
        order_(PlacingOrder(planner.snapshot())),
        placements_(order_.size()),
        stayed_at_(order_.size(), 0),
        promised_(order_.size(), false) {
    for (std::size_t c = 0; c < planner.table().clusters().size(); ++c) {
      clusters_.emplace_back(planner, c);
    }
  }

  /// Places those who were promised something: anew, or as they are in force if that costs less. So
  /// a promise that the plan in force keeps is kept.
  void PlaceAdmitted(const std::vector<bool>& admitted) {
    if (admitted.empty()) return;
    promised_ = admitted;
    if (AsInForce()) return;
    for (std::size_t session : order_) {
      if (promised_[session]) PlaceBest(session);
    }
    const PlanCost cost_anew = Total();
    const State anew = Save();
    State in_force = anew;
    for (std::size_t i = 0; i < placements_.size(); ++i) {
      if (promised_[i]) in_force.placements[i] = planner_.PlaceInForce(i);
    }
    Take(std::move(in_force));
    ChooseSteps();
    if (!Total().Better(cost_anew)) GoBackTo(anew);
  }

  /// Places those who were promised something as they are in force. False, and nothing is placed,
  /// if that is not possible or misses anything.
  bool AsInForce() {
    const State nowhere = Save();
    State in_force = nowhere;
    for (std::size_t i = 0; i < placements_.size(); ++i) {
      if (!promised_[i]) continue;
      in_force.placements[i] = planner_.PlaceInForce(i);
      if (!in_force.placements[i]) return false;
    }
    Take(std::move(in_force));
    ChooseSteps();
    const PlanCost cost = Placed();
    if (!cost.misses.any() && cost.over_cap_w <= 0.0) return true;
    GoBackTo(nowhere);
    return false;
  }

  /// Promises each of the others its requirement, if that breaks no promise.
  void PlaceNew() {
    for (std::size_t session : order_) {
      if (promised_[session] || Standby(session)) continue;
      if (!Admit(session)) rest_.push_back(session);
    }
  }

  void PlaceRest() {
    for (std::size_t session : rest_) PlaceBest(session);
    for (std::size_t session : order_) {
      if (Standby(session)) PlaceBest(session);
    }
  }

  void Improve() {
    for (int round = 0; round < kMaxRounds; ++round) {
      for (int sweep = 0; sweep < kMaxSweeps && Sweep(); ++sweep) {
      }
      bool changed = EmptyClusters();
      if (order_.size() <= kMaxExchanging) changed = ExchangePairs() || changed;
      if (!changed) break;
    }
  }

  /// Takes a plan's placements, with frequencies that suit them.
  void Adopt(const Plan& plan) {
    for (std::size_t i = 0; i < placements_.size(); ++i) promised_[i] = plan.Promised(i);
    Take({plan.placements, std::vector<std::size_t>(clusters_.size(), 0)});
    ChooseSteps();
  }

  /// Gives up frequencies, then sessions, until the power cap holds.
  void FitPowerCap() {
    while (PowerW() > planner_.PowerBudgetW()) {
      if (!StepDown() && !DropOne()) return;
    }
  }

  Plan TakePlan() && {
    Plan plan{std::move(placements_), {}, std::move(promised_)};
    for (const ClusterLoad& cluster : clusters_) plan.frequencies.push_back(cluster.step());
    return plan;
  }

 private:
  struct Option {
    Placement placement;
    double least_objective = 0.0;
  };

  /// What has been decided, to go back to.
  struct State {
    std::vector<std::optional<Placement>> placements;
    std::vector<std::size_t> steps;
    std::uint64_t version = 0;
  };

  bool Standby(std::size_t session) const { return planner_.snapshot().sessions[session].standby; }

  ClusterCost AllClusters() const {
    ClusterCost sum;
    for (const ClusterLoad& cluster : clusters_) sum.Add(cluster.cost());
    return sum;
  }

  double PowerW() const { return AllClusters().power_w; }

  /// What the sessions that are placed cost.
  PlanCost Placed() const {
    ClusterCost sum = AllClusters();
    return {std::max(0.0, sum.power_w - planner_.PowerBudgetW()), sum.misses, sum.objective};
  }

  PlanCost Total() const {
    PlanCost total = Placed();
    for (std::size_t i = 0; i < placements_.size(); ++i) {
      if (!placements_[i]) total.misses.Add(planner_.Unserved(i, promised_[i]));
    }
    return total;
  }

  /// Sums up for each cluster what the others cost: those before it, then those after it.
  void SumOthers() {
    others_.clear();
    ClusterCost sum;
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

  /// The power that the other clusters leave for one.
  double BudgetW(std::size_t cluster) const {
    double budget_w = planner_.PowerBudgetW();
    for (std::size_t c = 0; c < clusters_.size(); ++c) {
      if (c != cluster) budget_w -= clusters_[c].cost().power_w;
    }
    return budget_w;
  }

  void TakeOff(std::size_t session) {
    if (!placements_[session]) return;
    NewVersion();
    const std::size_t cluster = placements_[session]->cluster;
    clusters_[cluster].Remove(session, BudgetW(cluster));
    placements_[session].reset();
  }

  void Put(std::size_t session, const Placement& placement, const ClusterLoad::Choice& choice) {
    NewVersion();
    clusters_[placement.cluster].Add({session, placement.rung, promised_[session]}, choice);
    placements_[session] = placement;
  }

  /// A session's choices, the one that may cost least first.
  void SortOptions(std::size_t session) {
    options_.clear();
    for (const Placement& choice : planner_.Choices(session)) {
      const Member member{session, choice.rung, promised_[session]};
      options_.push_back({choice, others_[choice.cluster].objective +
                                      clusters_[choice.cluster].LeastObjectiveWith(member)});
    }
    std::stable_sort(options_.begin(), options_.end(), [](const Option& a, const Option& b) {
      return a.least_objective < b.least_objective;
    });
  }

  /// The clusters that a session may go to.
  struct Within {
    std::optional<std::size_t> only;
    std::optional<std::size_t> except;

    bool Has(std::size_t cluster) const { return (!only || cluster == *only) && cluster != except; }
  };

  /// Puts a session that is nowhere where the whole costs least. One that was promised nothing
  /// stays nowhere if each place breaks a promise or the power cap.
  void PlaceBest(std::size_t session, const Within& within = {}) {
    SumOthers();

    SortOptions(session);
    const PlanCost without = Placed();
    const double budget_w = planner_.PowerBudgetW();
    std::optional<Placement> best;
    ClusterLoad::Choice best_choice;
    PlanCost best_cost;
    bool harmless = false;  // the best so far adds nothing to what is missed
    for (const Option& option : options_) {
      const std::size_t c = option.placement.cluster;
      if (!within.Has(c)) continue;
      if (harmless && option.least_objective >= best_cost.objective) break;
      const auto choice = clusters_[c].TryWith({session, option.placement.rung, promised_[session]},
                                               budget_w - others_[c].power_w,
                                               Goal(harmless, c, best_cost.objective));
      if (!choice) continue;
      PlanCost cost{choice->over_budget_w, others_[c].misses,
                    others_[c].objective + choice->cost.objective};
      cost.misses.Add(choice->cost.misses);
      if (!promised_[session] && !Harmless(cost, without)) continue;
      if (best && !cost.Better(best_cost)) continue;
      best = option.placement;
      best_choice = *choice;
      best_cost = cost;
      harmless = cost.over_cap_w <= without.over_cap_w && cost.misses.Compare(without.misses) <= 0;
    }
    if (best) Put(session, *best, best_choice);
  }

  /// What a cluster must cost at most to be better than a place that adds nothing to what is
  /// missed: as long as the cluster misses nothing itself, it must not begin to.
  std::optional<double> Goal(bool harmless, std::size_t cluster, double objective) const {
    if (!harmless || clusters_[cluster].cost().misses.any()) return std::nullopt;
    return objective - others_[cluster].objective;
  }

  /// Does a session without a promise neither break one nor the cap?
  static bool Harmless(const PlanCost& with, const PlanCost& without) {
    return with.over_cap_w <= without.over_cap_w + 1e-9 &&
           !with.misses.BreaksMorePromises(without.misses);
  }

  /// Admits a session if it can be met beside those that were admitted before.
  bool Admit(std::size_t session) {
    const PlanCost without = Placed();
    promised_[session] = true;
    PlaceBest(session);
    if (!placements_[session]) return promised_[session] = false;
    if (Harmless(Placed(), without)) return true;
    if (rearrangements_ < kMaxRearrangements && planner_.MeetsAlone(session)) {
      ++rearrangements_;
      const State before = Save();
      Sweep();
      if (Harmless(Placed(), without)) return true;
      GoBackTo(before);
    }
    promised_[session] = false;
    TakeOff(session);
    return false;
  }

  void ChooseSteps() {
    for (std::size_t c = 0; c < clusters_.size(); ++c) clusters_[c].Choose(BudgetW(c));
  }

  State Save() const {
    State state{placements_, {}, version_};
    for (const ClusterLoad& cluster : clusters_) state.steps.push_back(cluster.step());
    return state;
  }

  /// Takes another state's placements and frequencies. Leaves clusters alone that have them.
  void Take(State state) {
    std::vector<bool> moved(clusters_.size(), false);
    for (std::size_t i = 0; i < placements_.size(); ++i) {
      if (state.placements[i] == placements_[i]) continue;
      if (state.placements[i]) moved[state.placements[i]->cluster] = true;
      if (placements_[i]) moved[placements_[i]->cluster] = true;
    }
    placements_ = std::move(state.placements);
    for (std::size_t c = 0; c < clusters_.size(); ++c) {
      if (moved[c]) {
        clusters_[c].Replace(MembersOf(c), state.steps[c]);
      } else if (clusters_[c].step() != state.steps[c]) {
        clusters_[c].SetStep(state.steps[c]);
      }
    }
    NewVersion();
  }

  void GoBackTo(const State& before) {
    Take(before);
    version_ = before.version;
  }

  void NewVersion() { version_ = ++versions_; }

  std::vector<Member> MembersOf(std::size_t cluster) const {
    std::vector<Member> members;
    for (std::size_t i = 0; i < placements_.size(); ++i) {
      if (!placements_[i] || placements_[i]->cluster != cluster) continue;
      members.push_back({i, placements_[i]->rung, promised_[i]});
    }
    return members;
  }

  /// Moves each session to its best place. True if that paid.
  bool Sweep() {
    bool changed = false;
    for (std::size_t session : order_) {
      if (!placements_[session] && !promised_[session] && !Waiting(session)) continue;
      changed = Move(session) || changed;
    }
    return changed;
  }

  /// Is a session without a promise one that may run?
  bool Waiting(std::size_t session) const {
    return std::find(rest_.begin(), rest_.end(), session) != rest_.end();
  }

  /// Its present place is among the choices, so a session never ends where it costs more. One that
  /// stayed where it was stays there again until something else has changed.
  bool Move(std::size_t session) {
    if (stayed_at_[session] == version_) return false;
    const std::optional<Placement> place = placements_[session];
    const std::size_t step = place ? clusters_[place->cluster].step() : 0;
    const PlanCost before = Placed();
    const std::uint64_t version = version_;
    TakeOff(session);
    PlaceBest(session);
    const bool stays =
        place == placements_[session] && (!place || clusters_[place->cluster].step() == step);
    if (stays) version_ = version;
    stayed_at_[session] = version_;
    return placements_[session].has_value() != place.has_value() || Placed().Better(before);
  }

  /// Empties clusters where that pays: leaving a cluster one by one may not, since it draws its
  /// idle power until the last one goes.
  bool EmptyClusters() {
    bool changed = false;
    for (std::size_t c = 0; c < clusters_.size(); ++c) {
      if (clusters_[c].members().empty() || clusters_[c].members().size() == order_.size())
        continue;
      const PlanCost cost = Total();
      const State before = Save();
      for (std::size_t session : order_) {
        if (placements_[session] && placements_[session]->cluster == c) TakeOff(session);
      }
      for (std::size_t session : order_) {
        if (before.placements[session] && !placements_[session]) PlaceBest(session, {.except = c});
      }
      if (Total().Better(cost)) {
        changed = true;
      } else {
        GoBackTo(before);
      }
    }
    return changed;
  }

  /// Exchanges the clusters of two sessions where that pays.
  bool ExchangePairs() {
    bool changed = false;
    kept_at_.resize(order_.size() * order_.size(), 0);
    for (std::size_t i = 0; i < order_.size(); ++i) {
      for (std::size_t j = i + 1; j < order_.size(); ++j) {
        changed = Exchange(order_[i], order_[j]) || changed;
      }
    }
    return changed;
  }

  bool Exchange(std::size_t a, std::size_t b) {
    if (!placements_[a] || !placements_[b] || Standby(a) || Standby(b)) return false;
    const std::size_t cluster_a = placements_[a]->cluster;
    const std::size_t cluster_b = placements_[b]->cluster;
    if (cluster_a == cluster_b) return false;
    std::uint64_t& kept_at = kept_at_[a * order_.size() + b];
    if (kept_at == version_) return false;
    const PlanCost cost = Total();
    const State before = Save();
    TakeOff(a);
    TakeOff(b);
    PlaceBest(a, {.only = cluster_b});
    PlaceBest(b, {.only = cluster_a});
    if (Total().Better(cost)) return true;
    GoBackTo(before);
    kept_at = version_;
    return false;
  }

  /// Steps the cluster down where that misses least, and among those saves most. False if no step
  /// saves power.
  bool StepDown() {
    std::optional<std::size_t> best;
    PlanCost best_cost;
    for (std::size_t c = 0; c < clusters_.size(); ++c) {
      const std::size_t step = clusters_[c].step();
      if (step == 0) continue;
      const double power = clusters_[c].cost().power_w;
      clusters_[c].SetStep(step - 1);
      const PlanCost cost = Placed();
      const bool saves = clusters_[c].cost().power_w < power - 1e-12;
      clusters_[c].SetStep(step);
      // Here the watts above the cap come last: what is missed decides.
      const PlanCost ranked{0.0, cost.misses, cost.over_cap_w};
      if (!saves || (best && !ranked.Better(best_cost))) continue;
      best = c;
      best_cost = ranked;
    }
    if (best) clusters_[*best].SetStep(clusters_[*best].step() - 1);
    return best.has_value();
  }

  /// Takes the least important session off and lets the others have its power. False if there is
  /// none.
  bool DropOne() {
    for (const bool promised : {false, true}) {
      for (auto session = order_.rbegin(); session != order_.rend(); ++session) {
        if (!placements_[*session] || Standby(*session)) continue;
        if (promised_[*session] != promised) continue;
        TakeOff(*session);
        ChooseSteps();
        return true;
      }
    }
    return false;
  }

  const Planner& planner_;
  const std::vector<std::size_t> order_;
  std::vector<ClusterLoad> clusters_;
  std::vector<std::optional<Placement>> placements_;
  /// Names what has been decided: equal numbers, equal states.
  std::uint64_t version_ = 1;
  std::uint64_t versions_ = 1;
  /// The version in which a session was found to be in its best place, and in which two sessions
  /// (the one that is placed first first) were found not to gain from an exchange.
  std::vector<std::uint64_t> stayed_at_;
  std::vector<std::uint64_t> kept_at_;
  std::vector<bool> promised_;
  std::vector<std::size_t> rest_;
  int rearrangements_ = 0;
  std::vector<Option> options_;
  std::vector<ClusterCost> others_;
};

}  // namespace

Plan SearchPlan(const Planner& planner, const std::vector<bool>& admitted) {
  Search search(planner);
  search.PlaceAdmitted(admitted);
  search.PlaceNew();
  search.PlaceRest();
  search.Improve();
  search.FitPowerCap();
  return std::move(search).TakePlan();
}

void ChooseFrequencies(const Planner& planner, Plan& plan) {
  Search search(planner);
  search.Adopt(plan);
  search.FitPowerCap();
  plan = std::move(search).TakePlan();
}

}  // namespace dynofa::policies
