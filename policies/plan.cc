#include "policies/plan.h"

#include <algorithm>
#include <cmath>

namespace dynofa::policies {
namespace {

/// Predictions this close to the target count as missing it: jitter takes the rest.
constexpr double kLatencyMargin = 1.1;
/// A requirement missed by more than this factor is not missed any worse.
constexpr double kWorstMiss = 10.0;
/// Weight of an overload: as much as a session of middle priority that misses.
constexpr double kOverloadWeight = 5.0;
/// Inferences per second of a session that has neither said nor shown how many it sends.
constexpr double kAssumedRateHz = 1.0;
/// What a mode that balances pays for accuracy: W for all of it, so 0.03 W a point.
constexpr double kWattsForAccuracy = 3.0;
/// What an energy mode pays: just enough to break ties.
constexpr double kWattsToBreakTies = 1e-3;
/// Cost of moving a session to another cluster, W-equivalent.
constexpr double kMigrationW = 0.05;
/// Cost of a millisecond that a request without a session takes, W-equivalent.
constexpr double kStandbyWeight = 1e-4;
/// A violated power cap outweighs every requirement.
constexpr double kCapWeight = 1e6;

double Weight(const Requirement& requirement) {
  return static_cast<double>(kLowestPriority + 1 - requirement.priority);
}

double Excess(double value, double limit) {
  return std::clamp(value / limit - 1.0, 0.0, kWorstMiss);
}

}  // namespace

bool PlanCost::Better(const PlanCost& other, double margin, double tolerance) const {
  constexpr double kSame = 1e-9;
  if (std::abs(violation - other.violation) > tolerance) return violation < other.violation;
  return objective < other.objective - margin * std::abs(other.objective) - kSame;
}

Planner::Planner(const Snapshot& snapshot, const CostTable& table)
    : snapshot_(snapshot), table_(table) {
  for (const SessionState& session : snapshot.sessions) {
    auto& ladders = ladders_.emplace_back();
    for (std::size_t cluster = 0; cluster < table.clusters().size(); ++cluster) {
      ladders.push_back(&table.Ladder(session.model, cluster));
    }
  }
}

std::vector<Placement> Planner::Choices(std::size_t session) const {
  const SessionState& state = snapshot_.sessions[session];
  const double floor = state.requirement.min_accuracy.value_or(0.0);
  std::vector<Placement> choices;
  double best_accuracy = -1.0;
  for (std::size_t cluster = 0; cluster < table_.clusters().size(); ++cluster) {
    const auto& ladder = Ladder(session, cluster);
    for (std::size_t rung = 0; rung < ladder.size(); ++rung) {
      best_accuracy = std::max(best_accuracy, ladder[rung].accuracy);
      if (ladder[rung].accuracy >= floor) choices.push_back({cluster, rung});
    }
  }
  if (!choices.empty()) return choices;
  for (std::size_t cluster = 0; cluster < table_.clusters().size(); ++cluster) {
    const auto& ladder = Ladder(session, cluster);
    for (std::size_t rung = 0; rung < ladder.size(); ++rung) {
      if (ladder[rung].accuracy >= best_accuracy) choices.push_back({cluster, rung});
    }
  }
  return choices;
}

double Planner::Rate(std::size_t session) const {
  const SessionState& state = snapshot_.sessions[session];
  if (state.standby) return 0.0;
  const double rate = std::max(state.requirement.rate_hz, state.observed.rate_hz);
  return rate > 0.0 ? rate : kAssumedRateHz;
}

double Planner::ActivePowerW(std::size_t cluster, const OperatingPoint& point) const {
  if (point.active_power_w) return *point.active_power_w;
  const auto& all = table_.clusters()[cluster].state->info.frequencies_khz;
  if (all.empty() || point.frequency_khz == 0) return 1.0;
  const double share = static_cast<double>(point.frequency_khz) / static_cast<double>(all.back());
  return share * share;
}

bool Planner::PowerKnown() const {
  if (!snapshot_.points || snapshot_.points->empty()) return false;
  return std::all_of(snapshot_.points->begin(), snapshot_.points->end(),
                     [](const OperatingPoint& point) { return point.active_power_w.has_value(); });
}

std::vector<std::size_t> Planner::SessionsOn(const Plan& plan, std::size_t cluster) const {
  std::vector<std::size_t> sessions;
  for (std::size_t i = 0; i < plan.placements.size(); ++i) {
    if (plan.placements[i] && plan.placements[i]->cluster == cluster) sessions.push_back(i);
  }
  return sessions;
}

const OperatingPoint& Planner::Point(const Plan& plan, std::size_t session) const {
  const Placement& placement = *plan.placements[session];
  return *Ladder(session, placement.cluster)[placement.rung]
              .points[plan.frequencies[placement.cluster]];
}

std::vector<Demand> Planner::Demands(const Plan& plan,
                                     std::span<const std::size_t> sessions) const {
  std::vector<Demand> demands;
  for (std::size_t session : sessions) {
    const double service =
        table_.LatencyMs(plan.placements[session]->cluster, Point(plan, session));
    demands.push_back({service, Rate(session)});
  }
  return demands;
}

double Planner::ResponseMs(const Plan& plan, std::size_t session) const {
  const auto sessions = SessionsOn(plan, plan.placements[session]->cluster);
  const auto own = std::find(sessions.begin(), sessions.end(), session) - sessions.begin();
  const SessionState& state = snapshot_.sessions[session];
  return state.observed.overhead_ms + policies::ResponseMs(Demands(plan, sessions),
                                                           static_cast<std::size_t>(own),
                                                           state.requirement.percentile);
}

double Planner::Violation(std::size_t session, std::size_t cluster, const OperatingPoint& point,
                          double response_ms) const {
  const SessionState& state = snapshot_.sessions[session];
  const Requirement& requirement = state.requirement;
  double miss = 0.0;
  if (requirement.latency_ms) miss += Excess(response_ms * kLatencyMargin, *requirement.latency_ms);
  // Without a target an overloaded cluster is still wrong.
  if (!requirement.latency_ms && std::isinf(response_ms)) miss += kWorstMiss;
  if (requirement.max_energy_mj && point.active_power_w) {
    const double energy = *point.active_power_w * table_.LatencyMs(cluster, point);
    miss += Excess(energy, *requirement.max_energy_mj);
  }
  if (requirement.min_accuracy) miss += std::max(0.0, *requirement.min_accuracy - point.accuracy);
  return state.standby ? 0.0 : miss * Weight(requirement);
}

bool Planner::Meets(const Plan& plan, std::size_t session) const {
  return Violation(session, plan.placements[session]->cluster, Point(plan, session),
                   ResponseMs(plan, session)) <= 0.0;
}

Planner::ClusterCost Planner::CostOf(const Plan& plan, std::size_t cluster,
                                     std::span<const std::size_t> sessions) const {
  ClusterCost cost;
  const std::vector<Demand> demands = Demands(plan, sessions);
  const double utilisation = Utilisation(demands);
  // An overloaded cluster misses everything; how far it is overloaded still ranks the plans.
  if (utilisation >= kOverload) {
    cost.violation += kOverloadWeight * std::min(std::log(utilisation / kOverload), kWorstMiss);
  }
  const double fits = std::min(1.0, 1.0 / std::max(utilisation, 1e-9));
  bool powered = false;
  for (std::size_t i = 0; i < sessions.size(); ++i) {
    const SessionState& state = snapshot_.sessions[sessions[i]];
    const OperatingPoint& point = Point(plan, sessions[i]);
    const double response =
        state.observed.overhead_ms + policies::ResponseMs(demands, i, state.requirement.percentile);
    cost.violation += Violation(sessions[i], cluster, point, response);
    cost.response_ms += std::min(response, 1e6);
    const double busy = demands[i].service_ms * demands[i].rate_hz / 1e3 * fits;
    cost.power_w += busy * ActivePowerW(cluster, point);
    powered = powered || !state.standby;
  }
  if (powered) cost.power_w += table_.clusters()[cluster].state->static_power_w;
  return cost;
}

void Planner::ChooseFrequencies(Plan& plan) const {
  const auto& clusters = table_.clusters();
  plan.frequencies.assign(clusters.size(), 0);
  for (std::size_t cluster = 0; cluster < clusters.size(); ++cluster) {
    const std::size_t steps = clusters[cluster].frequencies_khz.size();
    const auto sessions = SessionsOn(plan, cluster);
    if (sessions.empty()) continue;
    if (snapshot_.mode.objective == Objective::kPerformance) {
      plan.frequencies[cluster] = steps - 1;
      continue;
    }
    std::size_t best = 0;
    PlanCost best_cost;
    for (std::size_t step = 0; step < steps; ++step) {
      plan.frequencies[cluster] = step;
      const ClusterCost cost = CostOf(plan, cluster, sessions);
      const PlanCost here{cost.violation, cost.power_w};
      if (step == 0 || here.Better(best_cost)) {
        best = step;
        best_cost = here;
      }
    }
    plan.frequencies[cluster] = best;
  }
  if (snapshot_.mode.max_power_w && PowerKnown()) FitPowerCap(plan);
}

void Planner::KeepFrequencies(Plan& plan, double margin, double tolerance) const {
  if (snapshot_.mode.objective == Objective::kPerformance) return;
  for (std::size_t cluster = 0; cluster < plan.frequencies.size(); ++cluster) {
    const auto sessions = SessionsOn(plan, cluster);
    if (sessions.empty()) continue;
    const Assignment* before = snapshot_.current.Find(snapshot_.sessions[sessions.front()].id);
    if (before == nullptr) continue;
    const auto& steps = table_.clusters()[cluster].frequencies_khz;
    const auto decided = std::find(steps.begin(), steps.end(), before->point.frequency_khz);
    if (decided == steps.end()) continue;
    const std::size_t chosen = plan.frequencies[cluster];
    const PlanCost cost = Cost(plan);
    plan.frequencies[cluster] = static_cast<std::size_t>(decided - steps.begin());
    if (cost.Better(Cost(plan), margin, tolerance)) plan.frequencies[cluster] = chosen;
  }
}

void Planner::FitPowerCap(Plan& plan) const {
  while (PowerW(plan) > *snapshot_.mode.max_power_w) {
    std::optional<std::size_t> cheapest;
    double least_harm = 0.0;
    for (std::size_t cluster = 0; cluster < plan.frequencies.size(); ++cluster) {
      const auto sessions = SessionsOn(plan, cluster);
      if (plan.frequencies[cluster] == 0 || sessions.empty()) continue;
      const ClusterCost now = CostOf(plan, cluster, sessions);
      --plan.frequencies[cluster];
      const ClusterCost lower = CostOf(plan, cluster, sessions);
      ++plan.frequencies[cluster];
      const double harm =
          (lower.violation - now.violation) / std::max(now.power_w - lower.power_w, 1e-6);
      if (!cheapest || harm < least_harm) {
        cheapest = cluster;
        least_harm = harm;
      }
    }
    if (!cheapest) return;
    --plan.frequencies[*cheapest];
  }
}

double Planner::PowerW(const Plan& plan) const {
  double power = 0.0;
  for (std::size_t cluster = 0; cluster < table_.clusters().size(); ++cluster) {
    power += CostOf(plan, cluster, SessionsOn(plan, cluster)).power_w;
  }
  return power;
}

PlanCost Planner::Cost(const Plan& plan) const {
  PlanCost cost;
  double power = 0.0;
  double response = 0.0;
  for (std::size_t cluster = 0; cluster < table_.clusters().size(); ++cluster) {
    const ClusterCost part = CostOf(plan, cluster, SessionsOn(plan, cluster));
    cost.violation += part.violation;
    power += part.power_w;
    response += part.response_ms;
  }
  double inaccuracy = 0.0;
  double moved = 0.0;
  double standby_ms = 0.0;
  for (std::size_t i = 0; i < plan.placements.size(); ++i) {
    if (!plan.placements[i]) continue;
    const SessionState& state = snapshot_.sessions[i];
    const OperatingPoint& point = Point(plan, i);
    if (state.standby) {
      standby_ms += table_.LatencyMs(plan.placements[i]->cluster, point);
      continue;
    }
    inaccuracy += (1.0 - point.accuracy) * Weight(state.requirement) / 5.0;
    const Assignment* before = snapshot_.current.Find(state.id);
    if (before != nullptr && before->point.cluster != point.cluster) moved += kMigrationW;
  }
  switch (snapshot_.mode.objective) {
    case Objective::kPerformance:
      cost.objective = inaccuracy * 1e3 + response * 1e-2 + moved;
      break;
    case Objective::kBalanced:
      cost.objective = power + inaccuracy * kWattsForAccuracy + moved;
      break;
    case Objective::kEnergy:
      cost.objective = power + inaccuracy * kWattsToBreakTies + moved;
      break;
  }
  // Requests without a session must hold up the sessions as little as possible.
  cost.objective += standby_ms * kStandbyWeight;
  if (snapshot_.mode.max_power_w && PowerKnown()) {
    cost.violation += kCapWeight * Excess(power, *snapshot_.mode.max_power_w);
  }
  return cost;
}

}  // namespace dynofa::policies
