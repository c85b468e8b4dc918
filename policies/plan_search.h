#ifndef DYNOFA_POLICIES_PLAN_SEARCH_H_
#define DYNOFA_POLICIES_PLAN_SEARCH_H_

#include <vector>

#include "policies/plan.h"

namespace dynofa::policies {

/// A plan for all sessions.
///
/// `admitted` says who was promised its requirement before (empty: nobody). Those are placed one
/// after another, the most important and most demanding first, each where the whole then costs
/// least. The others follow in the same order: each is promised its requirement if that breaks no
/// promise, and otherwise runs where it breaks none, or not at all. Then sessions are moved one at
/// a time, and exchanged in pairs if there are few, as long as that pays. A plan above the power
/// cap gives up frequencies, then sessions, the least important first.
///
/// A local optimum, found in O(sessions * choices) prices. Deterministic.
Plan SearchPlan(const Planner& planner, const std::vector<bool>& admitted = {});

/// Chooses every cluster's frequency for the placements of a plan: within the power cap, what
/// misses least, then what costs least. Clusters without sessions get their lowest.
void ChooseFrequencies(const Planner& planner, Plan& plan);

}  // namespace dynofa::policies

#endif  // DYNOFA_POLICIES_PLAN_SEARCH_H_
