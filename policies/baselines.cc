#include "policies/baselines.h"

#include <algorithm>
#include <limits>
#include <tuple>

#include "policies/cluster_load.h"
#include "policies/governed.h"
#include "policies/joint.h"
#include "policies/place_each.h"
#include "policies/report.h"

namespace dynofa::policies {
namespace {

/// Compute time of a place at the highest frequency as profiled, ms: a static choice.
double TopMs(const Planner& planner, std::size_t session, const Placement& place) {
  return planner.RungOf(session, place).points.back()->latency_ms;
}

double AccuracyOf(const Planner& planner, std::size_t session, const Placement& place) {
  return planner.RungOf(session, place).accuracy;
}

/// The subnet that DvfsOnlyPolicy runs for a session.
std::string_view OneSubnet(const Planner& planner, std::size_t session, std::string_view wanted) {
  const SessionState& state = planner.snapshot().sessions[session];
  const Assignment* before = planner.InForce(session);
  const bool has_floor = state.requirement.min_accuracy.has_value();
  const auto key = [&](const Placement& place) {
    const CostTable::Rung& rung = planner.RungOf(session, place);
    const bool kept = before != nullptr && before->point.subnet == rung.subnet;
    return std::tuple(rung.subnet != wanted, !kept, has_floor ? rung.accuracy : -rung.accuracy);
  };
  const auto& choices = planner.Choices(session);
  const auto best = std::min_element(choices.begin(), choices.end(),
                                     [&](auto& a, auto& b) { return key(a) < key(b); });
  return planner.RungOf(session, *best).subnet;
}

/// Accuracy of the subnet `best` of a session's model, infinity if it has none or the floor is
/// above that.
double HighestAccuracy(const CostTable& table, const SessionState& session, std::string_view best) {
  constexpr double kAny = std::numeric_limits<double>::infinity();
  const auto* ladders = table.Ladders(session.model);
  if (best.empty() || ladders == nullptr) return kAny;
  for (const CostTable::Ladder& ladder : *ladders) {
    for (const CostTable::Rung& rung : ladder) {
      if (rung.subnet != best) continue;
      return rung.accuracy >= session.requirement.min_accuracy.value_or(0.0) ? rung.accuracy : kAny;
    }
  }
  return kAny;
}

}  // namespace

Decision FixedPolicy::Decide(const Snapshot& snapshot) const {
  const CostTable table(snapshot);
  const Planner planner(snapshot, table);
  Plan plan = PlaceEach(planner, [&](std::size_t session, const Placement& place) {
    const bool wanted = planner.RungOf(session, place).subnet == subnet_;
    return std::tuple(!wanted, -AccuracyOf(planner, session, place),
                      TopMs(planner, session, place));
  });
  ExpectGovernor(planner, governor_, plan);
  return MakeDecision(name(), planner, plan, {.adaptive = false, .governor = governor_});
}

Decision DynamicOnlyPolicy::Decide(const Snapshot& snapshot) const {
  const CostTable table(snapshot);
  const Planner planner(snapshot, table, [&](std::size_t session, const CostTable::Rung& rung) {
    return rung.accuracy <= HighestAccuracy(table, snapshot.sessions[session], best_);
  });
  // The fastest cluster is that of the cheapest subnet; the level is chosen there.
  Plan plan = PlaceEach(planner, [&](std::size_t session, const Placement& place) {
    return TopMs(planner, session, place);
  });
  const bool saving = snapshot.mode.objective == Objective::kEnergy;
  for (std::size_t session = 0; session < plan.placements.size(); ++session) {
    if (!plan.placements[session]) continue;
    const std::size_t cluster = plan.placements[session]->cluster;
    const SessionState& state = snapshot.sessions[session];
    const auto key = [&](const Placement& place) {
      plan.placements[session] = place;
      ExpectGovernor(planner, "schedutil", plan);
      const std::size_t step = plan.frequencies[place.cluster];
      const double latency =
          planner.RungOf(session, place).costs[step].service_ms + state.observed.overhead_ms;
      const bool late = latency > state.requirement.latency_ms.value_or(latency);
      const double accuracy = AccuracyOf(planner, session, place);
      return std::tuple(place.cluster != cluster, late, late || saving ? latency : -accuracy);
    };
    plan.placements[session] =
        *std::min_element(planner.Choices(session).begin(), planner.Choices(session).end(),
                          [&](const Placement& a, const Placement& b) { return key(a) < key(b); });
  }
  ExpectGovernor(planner, "schedutil", plan);
  return MakeDecision(name(), planner, plan, {.governor = "schedutil"});
}

Decision DvfsOnlyPolicy::Decide(const Snapshot& snapshot) const {
  const CostTable table(snapshot);
  const Planner all(snapshot, table);
  std::vector<std::string_view> subnets(snapshot.sessions.size());
  for (std::size_t session = 0; session < subnets.size(); ++session) {
    if (!all.Choices(session).empty()) subnets[session] = OneSubnet(all, session, subnet_);
  }
  const auto only_these = [&](std::size_t session, const CostTable::Rung& rung) {
    return rung.subnet == subnets[session];
  };
  const std::vector<Experience> experiences = Experiences(snapshot);
  const Planner planner(snapshot, table, only_these, experiences);
  return DecideJointly(name(), planner, experiences, {.adaptive = false});
}

Decision GreedyPolicy::Decide(const Snapshot& snapshot) const {
  const CostTable table(snapshot);
  const Planner planner(snapshot, table);
  Plan plan;
  plan.placements.resize(snapshot.sessions.size());
  plan.frequencies.assign(table.clusters().size(), 0);
  for (std::size_t session = 0; session < plan.placements.size(); ++session) {
    std::optional<PlanCost> best;
    std::size_t best_step = 0;
    for (const Placement& place : planner.Choices(session)) {
      ClusterLoad alone(planner, place.cluster);
      const auto choice =
          *alone.TryWith({session, place.rung, false}, planner.PowerBudgetW(), std::nullopt);
      const PlanCost cost{choice.over_budget_w, choice.cost.misses,
                          choice.cost.objective - planner.RestPowerW(place.cluster)};
      if (best && !cost.Better(*best)) continue;
      best = cost;
      best_step = choice.step;
      plan.placements[session] = place;
    }
    if (!best || snapshot.sessions[session].standby) continue;
    std::size_t& step = plan.frequencies[plan.placements[session]->cluster];
    step = std::max(step, best_step);
  }
  return MakeDecision(name(), planner, plan);
}

}  // namespace dynofa::policies
