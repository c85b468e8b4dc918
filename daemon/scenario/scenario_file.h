#ifndef DYNOFA_DAEMON_SCENARIO_SCENARIO_FILE_H_
#define DYNOFA_DAEMON_SCENARIO_SCENARIO_FILE_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daemon/emulator/board_model.h"
#include "daemon/scenario/scenario.h"

namespace dynofa::scenario {

/// Reads a scenario file (docs/scenarios.md lists the keys). Paths of ladders are relative to the
/// file's folder. INVALID_ARGUMENT with file, line, key and what is allowed for anything that is
/// not understood; whether the board knows the clusters and modes is for CheckAgainst.
absl::StatusOr<Scenario> LoadScenario(const std::string& path);

/// The same for a text that would stand in `path`.
absl::StatusOr<Scenario> ParseScenario(std::string_view text, const std::string& path);

/// INVALID_ARGUMENT if the scenario names a cluster or a mode that `board` does not have.
absl::Status CheckAgainst(const Scenario& scenario, const emulator::BoardModel& board);

/// Every mode that is known while the scenario runs: built in, the board's, the scenario's.
std::vector<policies::PowerMode> ModesOf(const Scenario& scenario,
                                         const emulator::BoardModel& board);

}  // namespace dynofa::scenario

#endif  // DYNOFA_DAEMON_SCENARIO_SCENARIO_FILE_H_
