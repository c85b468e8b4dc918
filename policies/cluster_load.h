#ifndef DYNOFA_POLICIES_CLUSTER_LOAD_H_
#define DYNOFA_POLICIES_CLUSTER_LOAD_H_

#include <cstddef>
#include <optional>
#include <vector>

#include "policies/plan.h"

namespace dynofa::policies {

/// One cluster of a plan that is being made: who is on it, the frequency that suits them best, and
/// what that costs. Trying one more session allocates nothing.
class ClusterLoad {
 public:
  ClusterLoad(const Planner& planner, std::size_t cluster);

  const std::vector<Member>& members() const { return members_; }
  std::size_t step() const { return choice_.step; }
  const ClusterCost& cost() const { return choice_.cost; }

  /// A frequency and what the cluster costs at it.
  struct Choice {
    std::size_t step = 0;
    ClusterCost cost;
    double over_budget_w = 0.0;
  };

  /// The least that the cluster's objective can be with `extra` on it, whatever is missed.
  double LeastObjectiveWith(const Member& extra) const;

  /// The best frequency with `extra` on it, within `budget_w` as far as that is possible.
  Choice TryWith(const Member& extra, double budget_w);

  void Add(const Member& member, const Choice& choice);
  /// Takes other members in place of the present ones, and a frequency.
  void Replace(std::vector<Member> members, std::size_t step);
  /// Takes a session off and chooses the frequency again.
  void Remove(std::size_t session, double budget_w);
  /// Chooses the frequency again.
  void Choose(double budget_w);
  /// Sets the frequency.
  void SetStep(std::size_t step);

 private:
  /// What follows from the members without looking at what they miss.
  struct Sums {
    /// Power of the members above idle at each frequency, W.
    std::vector<double> load_w;
    bool powered = false;
    /// Does a member have an energy cap, so that a higher frequency may miss more?
    bool energy_capped = false;
  };

  void Include(const Member& member, Sums& sums) const;

  Choice Best(const Sums& sums, double budget_w) const;
  Choice At(std::size_t step, double budget_w) const;
  Choice BestOfAll(double budget_w) const;
  Choice LeastPower(const Sums& sums, std::size_t first, double budget_w) const;
  Choice HighestWithin(double budget_w) const;
  std::optional<std::size_t> FirstStepThatMeets() const;
  void AddUp();

  const Planner& planner_;
  const std::size_t cluster_;
  const std::size_t steps_;
  std::vector<Member> members_;
  Sums sums_;
  Sums spare_;
  Choice choice_;
};

}  // namespace dynofa::policies

#endif  // DYNOFA_POLICIES_CLUSTER_LOAD_H_
