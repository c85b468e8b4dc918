#ifndef DYNOFA_POLICIES_JOINT_H_
#define DYNOFA_POLICIES_JOINT_H_

#include <string_view>

#include "policies/plan.h"
#include "policies/report.h"

namespace dynofa::policies {

/// Decides for all sessions together: searches a plan that keeps what was promised, prefers the one
/// in force if it is nearly as good, and remembers promises and changes.
Decision DecideJointly(std::string_view policy, const Planner& planner,
                       const DecisionStyle& style = {});

}  // namespace dynofa::policies

#endif  // DYNOFA_POLICIES_JOINT_H_
