#ifndef DYNOFA_POLICIES_GOVERNED_H_
#define DYNOFA_POLICIES_GOVERNED_H_

#include <string_view>

#include "policies/plan.h"

namespace dynofa::policies {

/// Fills in the frequencies that a Linux governor is expected to settle at for the placements of a
/// plan, so that what follows can be predicted: "performance" the highest one, "powersave" the
/// lowest; any other as schedutil, the lowest one at which the cluster is busy for no more than
/// 80 % of the time (its headroom of 1.25); a cluster that has no schedutil but ondemand as that,
/// the lowest one that is as far up the table as the cluster is busy, or the highest if that is
/// more than 80 %. The governor's own minimum is not known here.
void ExpectGovernor(const Planner& planner, std::string_view governor, Plan& plan);

}  // namespace dynofa::policies

#endif  // DYNOFA_POLICIES_GOVERNED_H_
