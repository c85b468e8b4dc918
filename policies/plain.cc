#include "policies/plain.h"

#include <algorithm>
#include <tuple>

#include "policies/report.h"

namespace dynofa::policies {
namespace {

/// Picks for each session the placement with the smallest key.
template <typename Key>
Plan PlaceEach(const Planner& planner, const Key& key) {
  Plan plan;
  const std::size_t sessions = planner.snapshot().sessions.size();
  plan.placements.resize(sessions);
  for (std::size_t session = 0; session < sessions; ++session) {
    const std::vector<Placement> choices = planner.Choices(session);
    if (choices.empty()) continue;
    plan.placements[session] = *std::min_element(
        choices.begin(), choices.end(),
        [&](const auto& a, const auto& b) { return key(session, a) < key(session, b); });
  }
  return plan;
}

}  // namespace

Decision PerformancePolicy::Decide(const Snapshot& snapshot) const {
  const CostTable table(snapshot);
  const Planner planner(snapshot, table);
  const auto key = [&](std::size_t session, const Placement& placement) {
    const SessionState& state = snapshot.sessions[session];
    const auto& rung = table.Ladder(state.model, placement.cluster)[placement.rung];
    const double latency = rung.points.back()->latency_ms;
    const bool late = state.requirement.latency_ms && latency > *state.requirement.latency_ms;
    return std::tuple(late, late ? latency : 0.0, -rung.accuracy, latency);
  };
  Plan plan = PlaceEach(planner, key);
  for (const auto& cluster : table.clusters()) {
    plan.frequencies.push_back(cluster.frequencies_khz.size() - 1);
  }
  return MakeDecision(name(), planner, plan);
}

Decision PowersavePolicy::Decide(const Snapshot& snapshot) const {
  const CostTable table(snapshot);
  const Planner planner(snapshot, table);
  const auto key = [&](std::size_t session, const Placement& placement) {
    const SessionState& state = snapshot.sessions[session];
    const OperatingPoint& point =
        *table.Ladder(state.model, placement.cluster)[placement.rung].points.front();
    return std::tuple(point.EnergyMj().value_or(point.latency_ms), point.latency_ms);
  };
  Plan plan = PlaceEach(planner, key);
  plan.frequencies.assign(table.clusters().size(), 0);
  return MakeDecision(name(), planner, plan);
}

}  // namespace dynofa::policies
