#ifndef DYNOFA_POLICIES_HIERARCHICAL_H_
#define DYNOFA_POLICIES_HIERARCHICAL_H_

#include "policies/policy.h"

namespace dynofa::policies {

/// Decides subnet, cluster and frequency of all sessions jointly, in two levels: per session it
/// prunes to the points that the accuracy floor and the mode leave; across sessions it searches
/// the assignment that meets all requirements at the least cost of the mode's objective
/// (docs/life-of-a-decision.md has the cost, admission and the order of sacrifice).
///
/// The plan in force stays unless another one misses less or costs clearly less: 3 %, or 20 %
/// within two seconds of the last change if nobody asked for anything new. After Xun et al., arXiv
/// 2401.08965.
class HierarchicalPolicy final : public Policy {
 public:
  std::string_view name() const override { return "hierarchical"; }
  Decision Decide(const Snapshot& snapshot) const override;
};

}  // namespace dynofa::policies

#endif  // DYNOFA_POLICIES_HIERARCHICAL_H_
