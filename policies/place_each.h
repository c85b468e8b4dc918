#ifndef DYNOFA_POLICIES_PLACE_EACH_H_
#define DYNOFA_POLICIES_PLACE_EACH_H_

#include <algorithm>
#include <cstddef>

#include "policies/plan.h"

namespace dynofa::policies {

/// A plan that picks for each session the place with the smallest `key(session, place)`, whatever
/// the others get. Its frequencies are not set.
template <typename Key>
Plan PlaceEach(const Planner& planner, const Key& key) {
  Plan plan;
  const std::size_t sessions = planner.snapshot().sessions.size();
  plan.placements.resize(sessions);
  for (std::size_t session = 0; session < sessions; ++session) {
    const auto& choices = planner.Choices(session);
    if (choices.empty()) continue;
    plan.placements[session] = *std::min_element(
        choices.begin(), choices.end(),
        [&](const auto& a, const auto& b) { return key(session, a) < key(session, b); });
  }
  return plan;
}

}  // namespace dynofa::policies

#endif  // DYNOFA_POLICIES_PLACE_EACH_H_
