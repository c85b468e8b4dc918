#include "policies/plan_search.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <numeric>
#include <string_view>
#include <tuple>
#include <utility>

#include "policies/plan_draft.h"

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

/// The order in which sessions are tried, and where.
class Search {
 public:
  explicit Search(const Planner& planner)
      : planner_(planner),
        order_(PlacingOrder(planner.snapshot())),
        draft_(planner),
        stayed_at_(order_.size(), 0) {}

  /// Places those who were promised something: anew, or as they are in force if that costs less. So
  /// a promise that the plan in force keeps is kept.
  void PlaceAdmitted(const std::vector<bool>& admitted) {
    if (admitted.empty()) return;
    for (std::size_t session : order_) draft_.SetPromised(session, admitted[session]);
    if (AsInForce()) return;
    for (std::size_t session : order_) {
      if (draft_.promised(session)) draft_.PlaceBest(session);
    }
    const PlanCost cost_anew = draft_.Total();
    const PlanDraft::State anew = draft_.Save();
    PlanDraft::State in_force = anew;
    for (std::size_t i = 0; i < order_.size(); ++i) {
      if (draft_.promised(i)) in_force.placements[i] = planner_.PlaceInForce(i);
    }
    draft_.Take(in_force);
    draft_.ChooseSteps();
    if (!draft_.Total().Better(cost_anew)) draft_.GoBackTo(anew);
  }

  /// Promises each of the others its requirement, if that breaks no promise.
  void PlaceNew() {
    for (std::size_t session : order_) {
      if (draft_.promised(session) || Standby(session)) continue;
      if (!Admit(session)) rest_.push_back(session);
    }
  }

  void PlaceRest() {
    for (std::size_t session : rest_) draft_.PlaceBest(session);
    for (std::size_t session : order_) {
      if (Standby(session)) draft_.PlaceBest(session);
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
    for (std::size_t i = 0; i < order_.size(); ++i) draft_.SetPromised(i, plan.Promised(i));
    draft_.Take({plan.placements, std::vector<ClusterLoad::Choice>(draft_.clusters().size())});
    draft_.ChooseSteps();
  }

  /// Gives up frequencies, then sessions, until the power cap holds.
  void FitPowerCap() {
    while (draft_.PowerW() > planner_.PowerBudgetW()) {
      if (!StepDown() && !DropOne()) return;
    }
  }

  Plan TakePlan() && { return std::move(draft_).TakePlan(); }

 private:
  bool Standby(std::size_t session) const { return planner_.snapshot().sessions[session].standby; }

  /// Places those who were promised something as they are in force. False, and nothing is placed,
  /// if that is not possible or misses anything.
  bool AsInForce() {
    const PlanDraft::State nowhere = draft_.Save();
    PlanDraft::State in_force = nowhere;
    for (std::size_t i = 0; i < order_.size(); ++i) {
      if (!draft_.promised(i)) continue;
      in_force.placements[i] = planner_.PlaceInForce(i);
      if (!in_force.placements[i]) return false;
    }
    draft_.Take(in_force);
    draft_.ChooseSteps();
    const PlanCost cost = draft_.Placed();
    if (!cost.misses.any() && cost.over_cap_w <= 0.0) return true;
    draft_.GoBackTo(nowhere);
    return false;
  }

  /// Admits a session if it can be met beside those that were admitted before.
  bool Admit(std::size_t session) {
    const PlanCost without = draft_.Placed();
    draft_.SetPromised(session, true);
    draft_.PlaceBest(session);
    if (draft_.placement(session)) {
      if (Harmless(draft_.Placed(), without) || Rearrange(session, without)) return true;
      draft_.TakeOff(session);
    }
    draft_.SetPromised(session, false);
    return false;
  }

  /// Moves others about so that a session with a place of its own is harmless. False, and nothing
  /// is changed, if that does not help or was tried too often.
  bool Rearrange(std::size_t session, const PlanCost& without) {
    if (rearrangements_ >= kMaxRearrangements || !planner_.MeetsAlone(session)) return false;
    ++rearrangements_;
    const PlanDraft::State before = draft_.Save();
    Sweep();
    if (Harmless(draft_.Placed(), without)) return true;
    draft_.GoBackTo(before);
    return false;
  }

  /// Moves each session to its best place. True if that paid.
  bool Sweep() {
    bool changed = false;
    for (std::size_t session : order_) {
      if (!draft_.placement(session) && !draft_.promised(session) && !Waiting(session)) continue;
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
    if (stayed_at_[session] == draft_.version()) return false;
    const std::optional<Placement> place = draft_.placement(session);
    const std::size_t step = place ? draft_.clusters()[place->cluster].step() : 0;
    const PlanCost before = draft_.Placed();
    const std::uint64_t version = draft_.version();
    draft_.TakeOff(session);
    draft_.PlaceBest(session);
    const bool stays = place == draft_.placement(session) &&
                       (!place || draft_.clusters()[place->cluster].step() == step);
    if (stays) draft_.Recognise(version);
    stayed_at_[session] = draft_.version();
    return draft_.placement(session).has_value() != place.has_value() ||
           draft_.Placed().Better(before);
  }

  /// Empties clusters where that pays: leaving a cluster one by one may not, since it draws its
  /// idle power until the last one goes.
  bool EmptyClusters() {
    bool changed = false;
    for (std::size_t c = 0; c < draft_.clusters().size(); ++c) {
      const std::size_t members = draft_.clusters()[c].members().size();
      if (members > 0 && members < order_.size()) changed = Empty(c) || changed;
    }
    return changed;
  }

  bool Empty(std::size_t cluster) {
    const PlanCost cost = draft_.Total();
    const PlanDraft::State before = draft_.Save();
    for (std::size_t session : order_) {
      const auto& place = draft_.placement(session);
      if (place && place->cluster == cluster) draft_.TakeOff(session);
    }
    for (std::size_t session : order_) {
      if (!before.placements[session] || draft_.placement(session)) continue;
      draft_.PlaceBest(session, {.except = cluster});
    }
    if (draft_.Total().Better(cost)) return true;
    draft_.GoBackTo(before);
    return false;
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

  /// What those who are placed cost, if nothing of them is missed and the power cap holds: then a
  /// change pays only by a lower objective.
  std::optional<PlanCost> PlacedIfFlawless() const {
    const PlanCost cost = draft_.Placed();
    if (cost.misses.any() || cost.over_cap_w > 0.0) return std::nullopt;
    return cost;
  }

  bool Exchange(std::size_t a, std::size_t b) {
    if (!draft_.placement(a) || !draft_.placement(b) || Standby(a) || Standby(b)) return false;
    const std::size_t cluster_a = draft_.placement(a)->cluster;
    const std::size_t cluster_b = draft_.placement(b)->cluster;
    if (cluster_a == cluster_b) return false;
    std::uint64_t& kept_at = kept_at_[a * order_.size() + b];
    if (kept_at == draft_.version()) return false;
    const PlanCost cost = draft_.Total();
    const std::optional<PlanCost> flawless = PlacedIfFlawless();
    const PlanDraft::State before = draft_.Save();
    draft_.TakeOff(a);
    draft_.TakeOff(b);
    draft_.PlaceBest(a, {.only = cluster_b});
    draft_.PlaceBest(b, {.only = cluster_a}, flawless);
    if (draft_.Total().Better(cost)) return true;
    draft_.GoBackTo(before);
    kept_at = draft_.version();
    return false;
  }

  /// Steps the cluster down where that misses least, and among those saves most. False if no step
  /// saves power.
  bool StepDown() {
    std::optional<std::size_t> best;
    PlanCost best_cost;
    for (std::size_t c = 0; c < draft_.clusters().size(); ++c) {
      const std::size_t step = draft_.clusters()[c].step();
      if (step == 0) continue;
      const double power = draft_.clusters()[c].cost().power_w;
      draft_.SetStep(c, step - 1);
      const PlanCost cost = draft_.Placed();
      const bool saves = draft_.clusters()[c].cost().power_w < power - 1e-12;
      draft_.SetStep(c, step);
      // Here the watts above the cap come last: what is missed decides.
      const PlanCost ranked{0.0, cost.misses, cost.over_cap_w};
      if (!saves || (best && !ranked.Better(best_cost))) continue;
      best = c;
      best_cost = ranked;
    }
    if (best) draft_.SetStep(*best, draft_.clusters()[*best].step() - 1);
    return best.has_value();
  }

  /// Takes the least important session off and lets the others have its power. False if there is
  /// none.
  bool DropOne() {
    for (const bool promised : {false, true}) {
      for (auto session = order_.rbegin(); session != order_.rend(); ++session) {
        if (!draft_.placement(*session) || Standby(*session)) continue;
        if (draft_.promised(*session) != promised) continue;
        draft_.TakeOff(*session);
        draft_.ChooseSteps();
        return true;
      }
    }
    return false;
  }

  const Planner& planner_;
  const std::vector<std::size_t> order_;
  PlanDraft draft_;
  /// The version in which a session was found to be in its best place, and in which two sessions
  /// (the one that is placed first first) were found not to gain from an exchange.
  std::vector<std::uint64_t> stayed_at_;
  std::vector<std::uint64_t> kept_at_;
  std::vector<std::size_t> rest_;
  int rearrangements_ = 0;
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
