#ifndef DYNOFA_POLICIES_DWELL_H_
#define DYNOFA_POLICIES_DWELL_H_

#include "policies/plan_in_force.h"
#include "policies/snapshot.h"

namespace dynofa::policies {

/// How much better another plan must be now. Right after a change it must be much better, as long
/// as mode, sessions, requirements and clusters are the same: estimates still follow the change.
/// What is missed counts at once.
Reluctance ReluctanceNow(const Snapshot& snapshot);

/// Writes into `decision` when places or clocks last changed, and under which circumstances.
void RememberChange(const Snapshot& snapshot, Decision& decision);

}  // namespace dynofa::policies

#endif  // DYNOFA_POLICIES_DWELL_H_
