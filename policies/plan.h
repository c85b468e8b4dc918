#ifndef DYNOFA_POLICIES_PLAN_H_
#define DYNOFA_POLICIES_PLAN_H_

#include <array>
#include <cstddef>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "policies/contention.h"
#include "policies/cost_table.h"
#include "policies/experience.h"
#include "policies/snapshot.h"

namespace dynofa::policies {

/// Predictions this close to the target count as missing it: jitter takes the rest.
inline constexpr double kLatencyMargin = 1.1;

/// Where a session runs: indices into CostTable::clusters() and the ladder there.
struct Placement {
  std::size_t cluster = 0;
  std::size_t rung = 0;

  friend bool operator==(const Placement&, const Placement&) = default;
};

/// One placement per session of the snapshot (nullopt: nothing of it runs), and one frequency
/// index per cluster of the table.
struct Plan {
  std::vector<std::optional<Placement>> placements;
  std::vector<std::size_t> frequencies;
  /// Which sessions are promised what they ask for; empty: none.
  std::vector<bool> promised;

  bool Promised(std::size_t session) const { return !promised.empty() && promised[session]; }
};

/// How far requirements are missed, each relative to its target, added up by rank. The ranks are
/// the reverse of the order of sacrifice: promised sessions by priority, then the others by
/// priority. What is missed in one rank outweighs everything in the ranks after it.
class Misses {
 public:
  static constexpr std::size_t kRanks = 2 * (kLowestPriority - kHighestPriority + 1);

  static std::size_t Rank(bool promised, int priority) {
    return (promised ? 0 : kRanks / 2) + static_cast<std::size_t>(priority - kHighestPriority);
  }

  void Add(std::size_t rank, double miss) {
    if (miss <= 0.0) return;
    by_rank_[rank] += miss;
    any_ = true;
  }
  void Add(const Misses& other);
  /// Weights everything with a factor above 0.
  void Scale(double factor) {
    for (double& miss : by_rank_) miss *= factor;
  }

  bool any() const { return any_; }

  /// Below 0 if less is missed here than in `other`, above 0 if more, where differences within
  /// `tolerance` in a rank do not count.
  int Compare(const Misses& other, double tolerance = 1e-9) const;

  /// Is more missed here than in `before` in any rank of promised sessions?
  bool BreaksMorePromises(const Misses& before) const;

 private:
  std::array<double, kRanks> by_rank_{};
  bool any_ = false;
};

/// What a plan, or a part of one, costs. Compared in the order of the members.
struct PlanCost {
  /// Predicted power above the mode's cap, W.
  double over_cap_w = 0.0;
  Misses misses;
  /// What the objective minimises, in watts or their like.
  double objective = 0.0;

  /// Is this less than `other` by more than `margin` (a share of the objective), where misses
  /// within `tolerance` of each other count as the same?
  bool Better(const PlanCost& other, double margin = 0.0, double tolerance = 1e-9) const;
};

/// What one cluster of a plan costs, or several.
struct ClusterCost {
  Misses misses;
  double power_w = 0.0;
  double objective = 0.0;

  void Add(const ClusterCost& other) {
    misses.Add(other.misses);
    power_w += other.power_w;
    objective += other.objective;
  }
};

/// A session on a cluster whose plan is being priced.
struct Member {
  std::size_t session = 0;
  std::size_t rung = 0;
  bool promised = false;
};

/// Members of a cluster at a frequency: the queue that they make, and what is tightest about them.
/// Grows by one member in constant time, and mostly shrinks so.
struct Crowd {
  Queue queue;
  /// The member whose compute time leaves the least for waiting, with headroom, and how much.
  Member tightest;
  double slack_ms = std::numeric_limits<double>::infinity();
  /// No member wants a shorter response time, with headroom.
  double limit_ms = std::numeric_limits<double>::infinity();
  /// Logarithm of a late share that is no member's greater.
  double log_late_share = 0.0;
  /// Can only latencies be missed?
  bool lenient = true;
};

/// What is predicted of a session that has a place.
struct Prediction {
  /// Response time at the requirement's percentile as the client sees it, ms; infinity on an
  /// overloaded cluster.
  double response_ms = 0.0;
  /// Are latency, accuracy and energy requirement met? Plans are made with a tenth of the latency
  /// target to spare; one in force still meets it with 8 %.
  bool met = false;
  bool latency_met = false;
};

/// What the sessions of a cluster at a frequency add up to, whoever is late.
struct Load {
  double power_w = 0.0;  ///< above idle
  double place_cost = 0.0;
  int working = 0;  ///< sessions, those that stand by not counted
};

/// Predicts and prices plans on one snapshot. Pure; refers to snapshot and table.
class Planner {
 public:
  /// May a session run this rung? Narrows what a policy can choose from.
  using Filter = std::function<bool(std::size_t session, const CostTable::Rung& rung)>;

  /// `experiences`: one for each session; empty: nothing was learnt.
  Planner(const Snapshot& snapshot, const CostTable& table, const Filter& filter = {},
          const std::vector<Experience>& experiences = {});

  /// The rungs of a session's model on all clusters that the filter and its accuracy floor leave.
  /// If no subnet of the model reaches the floor anywhere, only the most accurate one is left.
  const std::vector<Placement>& Choices(std::size_t session) const {
    return wishes_[session].choices;
  }

  const CostTable::Rung& RungOf(std::size_t session, const Placement& placement) const {
    return (*wishes_[session].ladders)[placement.cluster][placement.rung];
  }

  /// The place of the session's assignment in force; nullopt if it had none or that is gone.
  std::optional<Placement> PlaceInForce(std::size_t session) const;
  /// The session's assignment in force, or nullptr.
  const Assignment* InForce(std::size_t session) const { return wishes_[session].in_force; }

  /// Inferences per second that a session sends on average, and that it must have room for.
  double Rate(std::size_t session) const { return wishes_[session].rate_hz; }
  double PeakRate(std::size_t session) const { return wishes_[session].peak_hz; }
  /// How unevenly its requests come (Demand::variation), in steps of a half.
  double Variation(std::size_t session) const { return wishes_[session].variation; }

  PlanCost Cost(const Plan& plan) const;

  /// Cost of one cluster with these members at a frequency.
  ClusterCost Price(std::size_t cluster, std::span<const Member> members, std::size_t step) const;
  /// The same for who has the members' load and crowd at hand; looks closely only at members that
  /// may miss something.
  ClusterCost Price(std::size_t cluster, std::span<const Member> members, std::size_t step,
                    const Load& load, const Crowd& crowd) const;

  void Join(const Member& member, std::size_t cluster, std::size_t step, Crowd& crowd) const;
  /// False if the crowd must be made anew of those who are left.
  bool Leave(const Member& member, std::size_t cluster, std::size_t step, Crowd& crowd) const;
  Crowd CrowdOf(std::span<const Member> members, std::size_t cluster, std::size_t step) const;

  /// Is every requirement of the members met at a frequency? With `headroom` as quickly as their
  /// experience demands.
  bool AllMet(std::size_t cluster, std::span<const Member> members, std::size_t step,
              bool headroom = false) const {
    return AllMet(cluster, members, step, headroom, CrowdOf(members, cluster, step));
  }
  /// The same for who has the members' crowd at hand; mostly without looking at each of them.
  bool AllMet(std::size_t cluster, std::span<const Member> members, std::size_t step, bool headroom,
              const Crowd& crowd) const;

  /// Is a frequency too low only for the headroom that a member's experience demands?
  bool LacksHeadroom(std::size_t cluster, std::span<const Member> members, std::size_t step) const;

  /// The first frequency at which a session alone on a cluster meets its latency target, as an
  /// index; as many as there are frequencies if none does.
  /// REQUIRES: one of the session's choices, here and in PlaceCost().
  std::size_t FirstMetAlone(std::size_t session, const Placement& placement) const {
    return AloneAt(session, placement).first_met;
  }

  /// The part of a cluster's objective that its members without sessions make.
  double StandbyCost(std::size_t cluster, std::span<const Member> members, std::size_t step) const;

  /// The part of the objective that follows from a session's place alone: accuracy, and moving.
  double PlaceCost(std::size_t session, const Placement& placement) const {
    return AloneAt(session, placement).place_cost;
  }

  /// A miss of a session that does not run at all.
  Misses Unserved(std::size_t session, bool promised) const;

  /// What is predicted of each session of a plan; of those that are not placed nothing.
  std::vector<Prediction> Predict(const Plan& plan) const;

  /// The operating point of a placed session.
  const OperatingPoint& Point(const Plan& plan, std::size_t session) const;

  /// Could the session's requirement be met if there were no other one?
  bool MeetsAlone(std::size_t session) const;

  /// Predicted power of the board, W: what it draws anyway, its clusters in use, and those at rest;
  /// a stand-in of 1 W for a cluster at full clock where no rail tells.
  double PowerW(const Plan& plan) const;
  double RestPowerW(std::size_t cluster) const {
    return table_.clusters()[cluster].state->rest_power_w;
  }

  /// The mode's cap less what the board draws apart from its clusters, W; infinity without a cap
  /// or without known powers.
  double PowerBudgetW() const { return budget_w_; }

  bool PowerKnown() const { return table_.power_known(); }
  const Snapshot& snapshot() const { return snapshot_; }
  const CostTable& table() const { return table_; }

  /// The members of a cluster in a plan, in the order of the sessions.
  std::vector<Member> MembersOf(const Plan& plan, std::size_t cluster) const;

 private:
  static constexpr std::size_t kNowhere = std::numeric_limits<std::size_t>::max();

  /// What follows from a session's place, whoever else is there: FirstMetAlone() and PlaceCost().
  struct Alone {
    std::size_t first_met = 0;
    double place_cost = 0.0;
  };

  /// A session as pricing needs it.
  struct Wish {
    const SessionState* state = nullptr;
    const std::vector<CostTable::Ladder>* ladders = nullptr;
    const Assignment* in_force = nullptr;
    /// Where that is; kNowhere if the cluster cannot be used.
    std::size_t cluster_in_force = kNowhere;
    std::vector<Placement> choices;
    /// For each of the choices: a row per cluster, as long as the longest ladder.
    std::vector<Alone> alone;
    std::size_t longest_ladder = 0;
    double rate_hz = 0.0;
    double peak_hz = 0.0;
    double variation = 0.0;
    double late_share = 0.0;
    double log_late_share = 0.0;
    /// What response plans may foresee, without what the client waits elsewhere, ms.
    double limit_ms = std::numeric_limits<double>::infinity();
    /// The same with the headroom that experience demands.
    double headroom_limit_ms = std::numeric_limits<double>::infinity();
    /// Can only the latency be missed? (No energy cap, and a subnet reaches the floor.)
    bool lenient = false;
    /// What accuracy 1 is worth to the objective, in watts.
    double accuracy_w = 0.0;
    /// The accuracy of the best choice, below which it is missed. (Not 1: what no choice can give
    /// must not swell the objective, of which a plan in force is allowed a share.)
    double best_accuracy = 0.0;
  };

  void SetDemand(Wish& wish, const Experience* experience) const;
  void SetLimits(Wish& wish, const Experience* experience) const;
  void AddChoices(Wish& wish, std::size_t session, const Filter& filter) const;
  void FillAlone(Wish& wish) const;
  const Alone& AloneAt(std::size_t session, const Placement& placement) const {
    const Wish& wish = wishes_[session];
    return wish.alone[placement.cluster * wish.longest_ladder + placement.rung];
  }
  Demand DemandOf(const Member& member, std::size_t cluster, std::size_t step) const {
    const Wish& wish = wishes_[member.session];
    return {(*wish.ladders)[cluster][member.rung].costs[step].service_ms, wish.peak_hz,
            wish.variation};
  }
  Queue QueueOf(std::span<const Member> members, std::size_t cluster, std::size_t step) const;
  /// Is a member met by an upper bound of its response? A quick answer; false leaves it open.
  bool MetByBound(const Member& member, std::size_t cluster, std::size_t step, double limit_ms,
                  const Queue::Bound& bound) const;
  /// Sum of the members' response times, ms.
  double ResponsesMs(std::size_t cluster, std::span<const Member> members, std::size_t step,
                     const Queue& queue) const;
  void AddMisses(std::size_t cluster, std::span<const Member> members, std::size_t step,
                 const Queue& queue, Misses& misses) const;
  /// AllMet of one of them.
  bool Met(const Member& member, std::size_t cluster, std::size_t step, bool headroom,
           const Queue& queue) const;
  double Miss(const Wish& wish, const CostTable::Rung& rung, std::size_t step, double response_ms,
              double utilisation) const;
  bool EnergyMissed(const Wish& wish, const CostTable::Rung& rung, std::size_t step) const;
  double Response(const Wish& wish, const Queue& queue, const Demand& own) const;
  Prediction PredictOne(const Plan& plan, std::size_t session, const Queue& queue) const;

  const Snapshot& snapshot_;
  const CostTable& table_;
  bool has_standby_ = false;
  double budget_w_ = std::numeric_limits<double>::infinity();
  std::vector<Wish> wishes_;
};

}  // namespace dynofa::policies

#endif  // DYNOFA_POLICIES_PLAN_H_
