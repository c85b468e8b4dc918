#ifndef DYNOFA_POLICIES_REGISTRY_H_
#define DYNOFA_POLICIES_REGISTRY_H_

#include <memory>
#include <string_view>
#include <vector>

#include "policies/policy.h"

namespace dynofa::policies {

/// The policies there are, in the order in which they are shown. registry.cc holds the table.
std::vector<std::string_view> PolicyNames();

/// The policy of that name, or nullptr. The policies that run one subnet take its id after a
/// colon: "dvfs-only:l3" (comparisons at equal accuracy need it).
std::unique_ptr<Policy> MakePolicy(std::string_view name);

}  // namespace dynofa::policies

#endif  // DYNOFA_POLICIES_REGISTRY_H_
