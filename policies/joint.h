#ifndef DYNOFA_POLICIES_JOINT_H_
#define DYNOFA_POLICIES_JOINT_H_

#include <string_view>
#include <vector>

#include "policies/experience.h"
#include "policies/plan.h"
#include "policies/report.h"

namespace dynofa::policies {

/// Decides for all sessions together: searches a plan that keeps what was promised, prefers the one
/// in force if it is nearly as good, and remembers promises, changes and the experiences with which
/// the planner was made.
Decision DecideJointly(std::string_view policy, const Planner& planner,
                       const std::vector<Experience>& experiences, const DecisionStyle& style = {});

}  // namespace dynofa::policies

#endif  // DYNOFA_POLICIES_JOINT_H_
