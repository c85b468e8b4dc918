#ifndef DYNOFA_POLICIES_CLUSTER_LOAD_H_
#define DYNOFA_POLICIES_CLUSTER_LOAD_H_

#include <cstddef>
#include <limits>
#include <optional>
#include <vector>

#include "policies/plan.h"

namespace dynofa::policies {

/// One cluster of a plan that is being made: who is on it, the frequency that suits them best, and
/// what that costs.
///
/// Made to be tried often. What follows from the members whatever they miss (power at each
/// frequency, cost of the places) is kept as sums; a member more never lowers the first frequency
/// at which all are met, and one less never raises it, so the search for it starts at the last
/// answer. Trying one more session allocates nothing.
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
    /// The first frequency at which all members are met with headroom, as many as there are
    /// frequencies if there is none; nullopt if nobody looked.
    std::optional<std::size_t> first_met;
  };

  /// A lower bound of the cluster's objective with `extra` on it, as long as that misses nothing.
  double LeastObjectiveWith(const Member& extra) const;

  /// The best frequency with `extra` on it, within `budget_w` as far as that is possible. With
  /// `goal` nullopt if the objective is not below that at a frequency at which nothing is missed.
  std::optional<Choice> TryWith(const Member& extra, double budget_w, std::optional<double> goal);

  /// Takes a session on with the frequency that was found for it.
  void Add(const Member& member, const Choice& choice);
  /// Takes a session off and chooses the frequency again.
  void Remove(std::size_t session, double budget_w);

  /// Take a session on, or off, without choosing a frequency: SetStep() or Choose() must follow.
  void Join(const Member& member);
  void Leave(std::size_t session);
  /// Chooses the frequency again.
  void Choose(double budget_w);
  /// Sets the frequency.
  void SetStep(std::size_t step);

  const Choice& choice() const { return choice_; }
  /// Goes back to a choice that was made for the same members. What follows is searched for anew:
  /// rarely a member more does let all be met at a lower frequency.
  void Recognise(const Choice& choice);

 private:
  /// What follows from the members without looking at what they miss.
  struct Sums {
    /// Power of the members above idle at each frequency, W.
    std::vector<double> load_w;
    double place_cost = 0.0;
    int working = 0;  ///< members that make the cluster busy
    /// Members with an energy cap, for whom a higher frequency may miss more.
    int energy_capped = 0;

    Load At(std::size_t step) const { return {load_w[step], place_cost, working}; }
  };
  struct Change {
    Member member;
    bool came = false;
  };
  /// A crowd after the first so many changes.
  struct KnownCrowd {
    Crowd crowd;
    std::size_t changes = 0;
  };

  void Include(const Member& member, double sign, Sums& sums) const;

  /// The power with `extra` on the cluster, W, as a function of the frequency.
  auto PowerWith(const Member& extra) const;

  bool HighestOnly() const { return planner_.snapshot().mode.objective == Objective::kPerformance; }
  bool AllMet(std::size_t step, bool headroom = true) const {
    return planner_.AllMet(cluster_, members_, step, headroom, CrowdAt(step));
  }
  /// The crowd of the members, and of who is tried beside them.
  Crowd CrowdAt(std::size_t step) const;
  /// Lets a crowd follow what has changed since it was asked for. False if it is better made anew.
  bool CatchUp(std::size_t step, KnownCrowd& known) const;
  /// False if something is missed wherever the objective is below `goal`: what is met at a
  /// frequency is met at all higher ones, so that the highest of those tells.
  bool MayReach(double goal, const Member& extra, std::size_t low) const;
  /// Where the first frequency is at which all are met: not below `low`, not above `high`, which
  /// may be as many as there are.
  struct Range {
    std::size_t low = 0;
    std::size_t high = 0;
    std::size_t likely = 0;  ///< where the search begins; anything is right
  };
  Choice Best(const Sums& sums, double budget_w, const Range& range) const;
  Choice At(const Sums& sums, std::size_t step, double budget_w) const;
  Choice BestOfAll(const Sums& sums, double budget_w) const;
  Choice LeastPower(const Sums& sums, std::size_t first, double budget_w) const;
  Choice HighestWithin(const Sums& sums, double budget_w) const;
  std::size_t FirstMet(Range range) const;

  const Planner& planner_;
  const std::size_t cluster_;
  const std::size_t steps_;
  std::vector<Member> members_;
  /// Without who is being tried.
  std::size_t settled_ = 0;
  /// Who came and went.
  std::vector<Change> changes_;
  /// At each frequency at which somebody asked.
  mutable std::vector<std::optional<KnownCrowd>> crowds_;
  Sums sums_;
  Sums spare_;
  Choice choice_;
  /// What the last search for the first frequency at which all are met found.
  std::size_t last_first_ = 0;
};

}  // namespace dynofa::policies

#endif  // DYNOFA_POLICIES_CLUSTER_LOAD_H_
