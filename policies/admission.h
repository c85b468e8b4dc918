#ifndef DYNOFA_POLICIES_ADMISSION_H_
#define DYNOFA_POLICIES_ADMISSION_H_

#include <vector>

#include "policies/plan.h"

namespace dynofa::policies {

/// Who was promised its requirement, as the decision in force remembers it.
///
/// A promise holds for the requirement as it was (priority apart), for the rate at which the
/// session was sending or meant to send and a quarter more, and for how evenly, with some grace. A
/// session that asks for more applies anew.
std::vector<bool> AdmittedBefore(const Planner& planner);

/// Writes into `decision` to whom `plan` promises what.
void RememberAdmitted(const Planner& planner, const Plan& plan, Decision& decision);

}  // namespace dynofa::policies

#endif  // DYNOFA_POLICIES_ADMISSION_H_
