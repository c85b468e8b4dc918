#include "policies/hierarchical.h"

#include "policies/plan_search.h"
#include "policies/report.h"

namespace dynofa::policies {
namespace {

constexpr double kStayMargin = 0.03;

}  // namespace

Decision HierarchicalPolicy::Decide(const Snapshot& snapshot) const {
  const CostTable table(snapshot);
  const Planner planner(snapshot, table);
  const Plan plan = PreferInForce(planner, SearchPlan(planner), kStayMargin);
  return MakeDecision(name(), planner, plan);
}

}  // namespace dynofa::policies
