#ifndef DYNOFA_POLICIES_PLAN_SEARCH_H_
#define DYNOFA_POLICIES_PLAN_SEARCH_H_

#include "policies/plan.h"

namespace dynofa::policies {

/// A plan for all sessions: placed one after another, the most important and most demanding
/// first, each where the whole then costs least; then sessions are moved one at a time as long as
/// that pays. A local optimum, found in O(sweeps * sessions * choices) prices. Deterministic.
Plan SearchPlan(const Planner& planner);

/// The decision in force as a plan, at the decided frequencies where new ones are no better by the
/// margins; nullopt if one of its sessions,
/// subnets or clusters is gone or a session is new.
std::optional<Plan> PlanInForce(const Planner& planner, double margin, double tolerance);

/// `best` unless the plan in force misses no more than `tolerance` more and costs less than
/// `margin` (a share) more: small gains do not move sessions or clocks about.
Plan PreferInForce(const Planner& planner, Plan best, double margin, double tolerance);

}  // namespace dynofa::policies

#endif  // DYNOFA_POLICIES_PLAN_SEARCH_H_
