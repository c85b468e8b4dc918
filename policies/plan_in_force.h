#ifndef DYNOFA_POLICIES_PLAN_IN_FORCE_H_
#define DYNOFA_POLICIES_PLAN_IN_FORCE_H_

#include <optional>
#include <vector>

#include "policies/plan.h"

namespace dynofa::policies {

/// How much better another plan must be to replace the one in force.
struct Reluctance {
  /// Share of the objective that must be gained.
  double margin = 0.0;
  /// Differences in what is missed that do not count.
  double tolerance = 0.0;
};

/// The decision in force as a plan, at the decided frequencies where new ones are no better by the
/// reluctance; nullopt if one of its sessions, subnets or clusters is gone or a session is new.
std::optional<Plan> PlanInForce(const Planner& planner, const std::vector<bool>& promised,
                                const Reluctance& reluctance);

/// `best` unless the plan in force is as good within the reluctance: small gains do not move
/// sessions or clocks about.
Plan PreferInForce(const Planner& planner, Plan best, const Reluctance& reluctance);

}  // namespace dynofa::policies

#endif  // DYNOFA_POLICIES_PLAN_IN_FORCE_H_
