#include "policies/joint.h"

#include <utility>

#include "policies/admission.h"
#include "policies/dwell.h"
#include "policies/plan_in_force.h"
#include "policies/plan_search.h"

namespace dynofa::policies {

Decision DecideJointly(std::string_view policy, const Planner& planner,
                       const std::vector<Experience>& experiences, const DecisionStyle& style) {
  const Snapshot& snapshot = planner.snapshot();
  Plan plan = SearchPlan(planner, AdmittedBefore(planner));
  plan = PreferInForce(planner, std::move(plan), ReluctanceNow(snapshot));
  Decision decision = MakeDecision(policy, planner, plan, style);
  RememberAdmitted(planner, plan, decision);
  RememberChange(snapshot, decision);
  RememberExperiences(snapshot, experiences, decision);
  return decision;
}

}  // namespace dynofa::policies
