#ifndef DYNOFA_POLICIES_REPORT_H_
#define DYNOFA_POLICIES_REPORT_H_

#include <string_view>

#include "policies/plan.h"

namespace dynofa::policies {

/// Turns a plan into a decision: assignments with reasons, a setting for each cluster that can be
/// written (busy: min = max = the chosen frequency; idle: baseline, under the mode's cap), the
/// predicted power, and what limits the whole.
Decision MakeDecision(std::string_view policy, const Planner& planner, const Plan& plan);

}  // namespace dynofa::policies

#endif  // DYNOFA_POLICIES_REPORT_H_
