#include "policies/plan_search.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <string>
#include <tuple>
#include <utility>

namespace dynofa::policies {
namespace {

constexpr int kMaxSweeps = 4;

/// Puts `session` where the whole plan costs least. True if that changed the plan.
bool PlaceBest(const Planner& planner, const std::vector<Placement>& choices, std::size_t session,
               Plan& plan) {
  Plan best = plan;
  bool found = plan.placements[session].has_value();
  PlanCost best_cost = found ? planner.Cost(plan) : PlanCost{};
  bool changed = false;
  for (const Placement& choice : choices) {
    Plan candidate = plan;
    candidate.placements[session] = choice;
    planner.ChooseFrequencies(candidate);
    const PlanCost cost = planner.Cost(candidate);
    if (!found || cost.Better(best_cost)) {
      best = std::move(candidate);
      best_cost = cost;
      found = changed = true;
    }
  }
  plan = std::move(best);
  return changed;
}

std::vector<std::size_t> PlacingOrder(const Snapshot& snapshot) {
  std::vector<std::size_t> order(snapshot.sessions.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto key = [&](std::size_t i) {
    const SessionState& state = snapshot.sessions[i];
    return std::tuple(state.standby, state.requirement.priority,
                      state.requirement.latency_ms.value_or(std::numeric_limits<double>::max()),
                      state.id);
  };
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return key(a) < key(b); });
  return order;
}

std::optional<Placement> Locate(const Planner& planner, const std::string& model,
                                const OperatingPoint& point) {
  const auto& clusters = planner.table().clusters();
  for (std::size_t cluster = 0; cluster < clusters.size(); ++cluster) {
    if (clusters[cluster].state->info.id != point.cluster) continue;
    const auto& ladder = planner.table().Ladder(model, cluster);
    for (std::size_t rung = 0; rung < ladder.size(); ++rung) {
      if (ladder[rung].subnet == point.subnet) return Placement{cluster, rung};
    }
  }
  return std::nullopt;
}

}  // namespace

Plan SearchPlan(const Planner& planner) {
  const Snapshot& snapshot = planner.snapshot();
  Plan plan;
  plan.placements.resize(snapshot.sessions.size());
  planner.ChooseFrequencies(plan);

  const std::vector<std::size_t> order = PlacingOrder(snapshot);
  std::vector<std::vector<Placement>> choices(snapshot.sessions.size());
  for (std::size_t session : order) {
    choices[session] = planner.Choices(session);
    PlaceBest(planner, choices[session], session, plan);
  }
  for (int sweep = 0; sweep < kMaxSweeps; ++sweep) {
    bool changed = false;
    for (std::size_t session : order) {
      changed = PlaceBest(planner, choices[session], session, plan) || changed;
    }
    if (!changed) break;
  }
  return plan;
}

std::optional<Plan> PlanInForce(const Planner& planner, double margin, double tolerance) {
  const Snapshot& snapshot = planner.snapshot();
  Plan plan;
  for (std::size_t i = 0; i < snapshot.sessions.size(); ++i) {
    const SessionState& session = snapshot.sessions[i];
    const Assignment* before = snapshot.current.Find(session.id);
    if (before == nullptr || before->model != session.model) return std::nullopt;
    const auto placement = Locate(planner, session.model, before->point);
    if (!placement) return std::nullopt;
    const auto allowed = planner.Choices(i);
    if (std::find(allowed.begin(), allowed.end(), *placement) == allowed.end()) return std::nullopt;
    plan.placements.push_back(placement);
  }
  planner.ChooseFrequencies(plan);
  planner.KeepFrequencies(plan, margin, tolerance);
  return plan;
}

Plan PreferInForce(const Planner& planner, Plan best, double margin, double tolerance) {
  std::optional<Plan> in_force = PlanInForce(planner, margin, tolerance);
  if (!in_force) return best;
  const bool better = planner.Cost(best).Better(planner.Cost(*in_force), margin, tolerance);
  return better ? best : *std::move(in_force);
}

}  // namespace dynofa::policies
