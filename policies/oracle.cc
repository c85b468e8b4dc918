#include "policies/oracle.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "policies/hierarchical.h"
#include "policies/report.h"

namespace dynofa::policies {
namespace {

constexpr double kSame = 1e-9;

/// The frequencies of a cluster that are tried.
std::vector<std::size_t> StepsOf(std::size_t all, std::size_t most) {
  const std::size_t count = most == 0 ? all : std::min(all, std::max<std::size_t>(most, 2));
  std::vector<std::size_t> steps;
  for (std::size_t i = 0; i < count; ++i) {
    steps.push_back(count == 1 ? all - 1 : i * (all - 1) / (count - 1));
  }
  return steps;
}

/// One interval with all joint plans of it that can be part of the best sequence.
class Stage {
 public:
  struct Candidate {
    Plan plan;
    double over_cap_w = 0.0;
    Misses misses;
    double cost_j = 0.0;
  };

  /// `slack_j`: a plan that costs more than the best one by this much is no part of the best
  /// sequence, since switching to the best one and back would cost less.
  Stage(const Interval& interval, const OracleOptions& options, double slack_j)
      : interval_(interval),
        snapshot_(WithoutCurrent(interval.snapshot)),
        table_(snapshot_),
        planner_(snapshot_, table_),
        slack_j_(slack_j) {
    for (const CostTable::Cluster& cluster : table_.clusters()) {
      steps_.push_back(StepsOf(cluster.frequencies_khz.size(), options.max_steps));
    }
  }

  /// An upper bound of the number of joint plans.
  double JointPlans() const {
    double count = 1.0;
    for (std::size_t i = 0; i < snapshot_.sessions.size(); ++i) {
      count *= static_cast<double>(std::max<std::size_t>(planner_.Choices(i).size(), 1));
    }
    for (const auto& steps : steps_) count *= static_cast<double>(steps.size());
    return count;
  }

  void Enumerate() {
    plan_.placements.resize(snapshot_.sessions.size());
    plan_.frequencies.assign(table_.clusters().size(), 0);
    PlaceFrom(0);
    std::erase_if(candidates_, [&](const Candidate& candidate) { return Hopeless(candidate); });
  }

  const Planner& planner() const { return planner_; }
  const std::vector<Candidate>& candidates() const { return candidates_; }
  double seconds() const { return interval_.seconds; }

 private:
  static Snapshot WithoutCurrent(Snapshot snapshot) {
    snapshot.current = {};
    return snapshot;
  }

  void PlaceFrom(std::size_t session) {
    if (session == plan_.placements.size()) {
      ChooseStepFrom(0, {}, 0.0, 0.0);
      return;
    }
    plan_.placements[session].reset();
    for (const Placement& choice : planner_.Choices(session)) {
      plan_.placements[session] = choice;
      PlaceFrom(session + 1);
    }
    if (planner_.Choices(session).empty()) PlaceFrom(session + 1);
  }

  void ChooseStepFrom(std::size_t cluster, Misses misses, double power_w, double objective) {
    if (cluster == table_.clusters().size()) {
      Offer({plan_, std::max(0.0, power_w - planner_.PowerBudgetW()), misses,
             objective * interval_.seconds});
      return;
    }
    const std::vector<Member> members = planner_.MembersOf(plan_, cluster);
    for (const std::size_t step : steps_[cluster]) {
      plan_.frequencies[cluster] = step;
      const ClusterCost cost = planner_.Price(cluster, members, step);
      Misses so_far = misses;
      so_far.Add(cost.misses);
      ChooseStepFrom(cluster + 1, so_far, power_w + cost.power_w, objective + cost.objective);
      if (members.empty()) break;
    }
    plan_.frequencies[cluster] = 0;
  }

  void Offer(Candidate candidate) {
    const bool better = candidates_.empty() || CostOf(candidate).Better(best_);
    if (better) best_ = CostOf(candidate);
    if (!Hopeless(candidate)) candidates_.push_back(std::move(candidate));
  }

  static PlanCost CostOf(const Candidate& candidate) {
    return {candidate.over_cap_w, candidate.misses, candidate.cost_j};
  }

  bool Hopeless(const Candidate& candidate) const {
    return candidate.over_cap_w > best_.over_cap_w + kSame ||
           candidate.misses.Compare(best_.misses) > 0 ||
           candidate.cost_j > best_.objective + slack_j_ + kSame;
  }

  const Interval& interval_;
  const Snapshot snapshot_;
  const CostTable table_;
  const Planner planner_;
  const double slack_j_;
  std::vector<std::vector<std::size_t>> steps_;
  Plan plan_;
  PlanCost best_;
  std::vector<Candidate> candidates_;
};

/// What it costs to go from a plan of one interval to one of the next, J.
double SwitchCost(const Stage& from, const Plan& before, const Stage& to, const Plan& after,
                  const OracleOptions& options) {
  const auto& sessions = to.planner().snapshot().sessions;
  const auto& sessions_before = from.planner().snapshot().sessions;
  const auto& clusters = to.planner().table().clusters();
  const auto& clusters_before = from.planner().table().clusters();
  double cost = 0.0;
  for (std::size_t i = 0; i < sessions.size(); ++i) {
    for (std::size_t j = 0; j < sessions_before.size(); ++j) {
      if (sessions[i].id != sessions_before[j].id) continue;
      if (!after.placements[i] || !before.placements[j] || sessions[i].standby) continue;
      const auto& here = clusters[after.placements[i]->cluster].state->info.id;
      const auto& there = clusters_before[before.placements[j]->cluster].state->info.id;
      if (here != there) cost += options.move_j;
    }
  }
  for (std::size_t c = 0; c < clusters.size(); ++c) {
    if (to.planner().MembersOf(after, c).empty()) continue;
    for (std::size_t b = 0; b < clusters_before.size(); ++b) {
      if (clusters[c].state->info.id != clusters_before[b].state->info.id) continue;
      if (from.planner().MembersOf(before, b).empty()) continue;
      const bool same = clusters[c].frequencies_khz[after.frequencies[c]] ==
                        clusters_before[b].frequencies_khz[before.frequencies[b]];
      if (!same) cost += options.clock_j;
    }
  }
  return cost;
}

/// The most that one change of plan can cost, J.
double WorstSwitch(std::span<const Interval> trace, const OracleOptions& options) {
  double worst = 0.0;
  for (const Interval& interval : trace) {
    const Snapshot& snapshot = interval.snapshot;
    worst = std::max(worst, static_cast<double>(snapshot.sessions.size()) * options.move_j +
                                static_cast<double>(snapshot.clusters.size()) * options.clock_j);
  }
  return worst;
}

/// The cheapest way to each candidate of a stage, and through which one before.
struct Reached {
  std::vector<double> cost_j;
  std::vector<std::size_t> through;
};

Reached Advance(const Stage& from, const Reached& reached, const Stage& to,
                const OracleOptions& options) {
  Reached next;
  for (const Stage::Candidate& candidate : to.candidates()) {
    double best = std::numeric_limits<double>::infinity();
    std::size_t through = 0;
    for (std::size_t i = 0; i < reached.cost_j.size(); ++i) {
      if (reached.cost_j[i] >= best) continue;
      const double cost = reached.cost_j[i] +
                          SwitchCost(from, from.candidates()[i].plan, to, candidate.plan, options);
      if (cost < best) {
        best = cost;
        through = i;
      }
    }
    next.cost_j.push_back(best + candidate.cost_j);
    next.through.push_back(through);
  }
  return next;
}

}  // namespace

std::optional<OracleResult> SolveOracle(std::span<const Interval> trace,
                                        const OracleOptions& options) {
  OracleResult result;
  if (trace.empty()) return result;
  const double slack_j = 2.0 * WorstSwitch(trace, options);
  std::vector<std::unique_ptr<Stage>> stages;
  std::vector<Reached> reached;
  for (const Interval& interval : trace) {
    stages.push_back(std::make_unique<Stage>(interval, options, slack_j));
    Stage& stage = *stages.back();
    if (stage.JointPlans() > static_cast<double>(options.max_joint_plans)) return std::nullopt;
    stage.Enumerate();
    if (reached.empty()) {
      Reached& first = reached.emplace_back();
      for (const auto& candidate : stage.candidates()) first.cost_j.push_back(candidate.cost_j);
      first.through.assign(first.cost_j.size(), 0);
    } else {
      reached.push_back(Advance(*stages[stages.size() - 2], reached.back(), stage, options));
    }
  }
  const auto& last = reached.back().cost_j;
  auto at = static_cast<std::size_t>(std::min_element(last.begin(), last.end()) - last.begin());
  result.cost_j = last[at];
  for (std::size_t i = stages.size(); i-- > 0;) {
    const Stage::Candidate& chosen = stages[i]->candidates()[at];
    result.decisions.push_back(MakeDecision("oracle", stages[i]->planner(), chosen.plan));
    Misses weighted = chosen.misses;
    weighted.Scale(stages[i]->seconds());
    result.missed.Add(weighted);
    at = reached[i].through[at];
  }
  std::reverse(result.decisions.begin(), result.decisions.end());
  return result;
}

OraclePolicy::OraclePolicy(std::vector<Interval> trace, std::vector<Decision> decisions,
                           double start_s)
    : trace_(std::move(trace)), decisions_(std::move(decisions)) {
  double start = start_s;
  for (const Interval& interval : trace_) {
    starts_s_.push_back(start);
    start += interval.seconds;
  }
}

namespace {

bool SameSessions(const Snapshot& a, const Snapshot& b) {
  return std::equal(a.sessions.begin(), a.sessions.end(), b.sessions.begin(), b.sessions.end(),
                    [](const SessionState& x, const SessionState& y) {
                      return x.model == y.model && x.standby == y.standby;
                    });
}

}  // namespace

Decision OraclePolicy::Decide(const Snapshot& snapshot) const {
  std::optional<std::size_t> nearest;
  double least_s = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < decisions_.size(); ++i) {
    if (!SameSessions(trace_[i].snapshot, snapshot)) continue;
    const double end_s = starts_s_[i] + trace_[i].seconds;
    const double away_s = std::max({starts_s_[i] - snapshot.time_s, snapshot.time_s - end_s, 0.0});
    // Where one interval ends and the next begins, the later one holds.
    if (away_s <= least_s) {
      least_s = away_s;
      nearest = i;
    }
  }
  if (!nearest) return HierarchicalPolicy().Decide(snapshot);
  Decision decision = decisions_[*nearest];
  decision.assignments.clear();
  for (std::size_t i = 0; i < snapshot.sessions.size(); ++i) {
    const std::string& id = trace_[*nearest].snapshot.sessions[i].id;
    const Assignment* assignment = decisions_[*nearest].Find(id);
    if (assignment == nullptr) continue;
    decision.assignments.push_back(*assignment);
    decision.assignments.back().session = snapshot.sessions[i].id;
  }
  return decision;
}

}  // namespace dynofa::policies
