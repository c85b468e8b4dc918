#include "policies/plain.h"

#include <tuple>

#include "policies/place_each.h"
#include "policies/report.h"

namespace dynofa::policies {
Decision PerformancePolicy::Decide(const Snapshot& snapshot) const {
  const CostTable table(snapshot);
  const Planner planner(snapshot, table);
  const auto key = [&](std::size_t session, const Placement& placement) {
    const SessionState& state = snapshot.sessions[session];
    const CostTable::Rung& rung = planner.RungOf(session, placement);
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
    const OperatingPoint& point = *planner.RungOf(session, placement).points.front();
    return std::tuple(point.EnergyMj().value_or(point.latency_ms), point.latency_ms);
  };
  Plan plan = PlaceEach(planner, key);
  plan.frequencies.assign(table.clusters().size(), 0);
  return MakeDecision(name(), planner, plan);
}

}  // namespace dynofa::policies
