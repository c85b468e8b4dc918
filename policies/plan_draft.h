#ifndef DYNOFA_POLICIES_PLAN_DRAFT_H_
#define DYNOFA_POLICIES_PLAN_DRAFT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "policies/cluster_load.h"
#include "policies/plan.h"

namespace dynofa::policies {

/// Is a session that was promised nothing harmless: does the plan with it break no promise that it
/// keeps without, and no power cap?
bool Harmless(const PlanCost& with, const PlanCost& without);

/// The clusters that a session may go to.
struct Within {
  std::optional<std::size_t> only;
  std::optional<std::size_t> except;

  bool Has(std::size_t cluster) const { return (!only || cluster == *only) && cluster != except; }
};

/// A plan in the making: who is promised what, who is where, and what that costs. Places one
/// session at a time and goes back to what it was; knows nothing of the order in which to try.
class PlanDraft {
 public:
  /// Nobody is placed or promised anything. The planner must outlive it.
  explicit PlanDraft(const Planner& planner);

  const Planner& planner() const { return planner_; }
  std::size_t sessions() const { return placements_.size(); }
  const std::vector<ClusterLoad>& clusters() const { return clusters_; }
  const std::optional<Placement>& placement(std::size_t session) const {
    return placements_[session];
  }

  bool promised(std::size_t session) const { return promised_[session]; }
  /// REQUIRES: the session is nowhere.
  void SetPromised(std::size_t session, bool promised) { promised_[session] = promised; }

  /// What the sessions that are placed cost.
  PlanCost Placed() const;
  /// The same with what the others miss.
  PlanCost Total() const;
  double PowerW() const { return AllClusters().power_w; }

  /// Puts a session that is nowhere where the whole costs least. One that was promised nothing
  /// stays nowhere if each place breaks a promise or the power cap. With `beat`, the cost of a plan
  /// in which nothing is missed and the power cap holds, it stays nowhere unless what is placed
  /// then costs less.
  void PlaceBest(std::size_t session, const Within& within = {},
                 const std::optional<PlanCost>& beat = std::nullopt);

  /// Takes a session off, if it is anywhere, and chooses the frequency again there.
  void TakeOff(std::size_t session);

  /// Chooses all frequencies again.
  void ChooseSteps();
  void SetStep(std::size_t cluster, std::size_t step) { clusters_[cluster].SetStep(step); }

  /// What has been decided, to go back to.
  struct State {
    std::vector<std::optional<Placement>> placements;
    std::vector<ClusterLoad::Choice> choices;
    std::uint64_t version = 0;
  };
  State Save() const;
  /// Takes another state's placements and frequencies.
  void Take(const State& state);
  void GoBackTo(const State& before);

  /// Names what has been decided (but for SetStep): equal numbers, equal states.
  std::uint64_t version() const { return version_; }
  /// REQUIRES: it is again as it was in that version.
  void Recognise(std::uint64_t version) { version_ = version; }

  Plan TakePlan() &&;

 private:
  struct Option {
    Placement placement;
    double least_objective = 0.0;
  };

  ClusterCost AllClusters() const;
  /// The power that the other clusters leave for one.
  double BudgetW(std::size_t cluster) const;
  void SumOthers();
  void SortOptions(std::size_t session, const Within& within);
  /// What a cluster must cost at most to be better than a place that adds nothing to what is
  /// missed: as long as the cluster misses nothing itself, it must not begin to.
  std::optional<double> Goal(bool harmless, std::size_t cluster, double objective) const;
  void Put(std::size_t session, const Placement& placement, const ClusterLoad::Choice& choice);
  /// Takes other placements; frequencies must follow. Tells which clusters that changes.
  std::vector<bool> MoveTo(const std::vector<std::optional<Placement>>& placements);
  void NewVersion() { version_ = ++versions_; }

  const Planner& planner_;
  std::vector<ClusterLoad> clusters_;
  std::vector<std::optional<Placement>> placements_;
  std::vector<bool> promised_;
  std::uint64_t version_ = 1;
  std::uint64_t versions_ = 1;
  /// While a session is being placed: its choices, the one that may cost least first, and for each
  /// cluster what the others cost.
  std::vector<Option> options_;
  std::vector<ClusterCost> others_;
};

}  // namespace dynofa::policies

#endif  // DYNOFA_POLICIES_PLAN_DRAFT_H_
