#include "policies/hierarchical.h"

#include "policies/plan_search.h"
#include "policies/report.h"

namespace dynofa::policies {
namespace {

/// A gain below these does not change the decision in force.
constexpr double kStayMargin = 0.03;
constexpr double kStayTolerance = 0.02;

}  // namespace

Decision HierarchicalPolicy::Decide(const Snapshot& snapshot) const {
  const CostTable table(snapshot);
  const Planner planner(snapshot, table);
  const Plan plan = PreferInForce(planner, SearchPlan(planner), kStayMargin, kStayTolerance);
  return MakeDecision(name(), planner, plan);
}

}  // namespace dynofa::policies
