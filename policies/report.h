#ifndef DYNOFA_POLICIES_REPORT_H_
#define DYNOFA_POLICIES_REPORT_H_

#include <optional>
#include <string>
#include <string_view>

#include "policies/plan.h"

namespace dynofa::policies {

/// What a decision is like apart from its plan.
struct DecisionStyle {
  /// May the fast path step below the subnets of the plan?
  bool adaptive = true;
  /// Set: clocks are left to this governor where it is on offer, or (empty) to the one in force,
  /// and the plan's frequencies are what it is expected to do.
  std::optional<std::string> governor;
};

/// Turns a plan into a decision: assignments with reasons, a setting for each cluster that can be
/// written (busy: min = max = the chosen frequency; idle: baseline, under the mode's cap; not to
/// be used, or not available: baseline), the predicted power, and what limits the whole.
///
/// A session without a place gets an assignment that is not served, if its model has points.
Decision MakeDecision(std::string_view policy, const Planner& planner, const Plan& plan,
                      const DecisionStyle& style = {});

}  // namespace dynofa::policies

#endif  // DYNOFA_POLICIES_REPORT_H_
