#ifndef DYNOFA_DAEMON_SCENARIO_RULES_SCENARIO_FILE_H_
#define DYNOFA_DAEMON_SCENARIO_RULES_SCENARIO_FILE_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "daemon/scenario/rules/scenario.h"

namespace dynofa::scenario {

/// Reads a scenario file (docs/scenarios.md lists the keys). Paths of ladders and models are
/// relative to the file's folder. INVALID_ARGUMENT with file, line, key and what is allowed for
/// anything that is not understood; whether a board knows the clusters and modes is for who plays
/// the scenario.
absl::StatusOr<Scenario> LoadScenario(const std::string& path);

/// The same for a text that would stand in `path`.
absl::StatusOr<Scenario> ParseScenario(std::string_view text, const std::string& path);

}  // namespace dynofa::scenario

#endif  // DYNOFA_DAEMON_SCENARIO_RULES_SCENARIO_FILE_H_
