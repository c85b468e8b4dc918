#ifndef DYNOFA_POLICIES_POLICY_H_
#define DYNOFA_POLICIES_POLICY_H_

#include <string_view>

#include "policies/decision.h"
#include "policies/snapshot.h"

namespace dynofa::policies {

/// Chooses the next operating points.
///
/// Pure: the same Snapshot always gives the same Decision. A policy has no clock, opens nothing,
/// takes no lock and writes no log. What it must remember goes out in Decision::memory and
/// comes back in Snapshot::current.
class Policy {
 public:
  virtual ~Policy() = default;

  virtual std::string_view name() const = 0;

  /// Never fails: when no point meets a requirement, it assigns the nearest feasible one, marks
  /// the assignment infeasible and says so in the reasons.
  virtual Decision Decide(const Snapshot& snapshot) const = 0;
};

}  // namespace dynofa::policies

#endif  // DYNOFA_POLICIES_POLICY_H_
