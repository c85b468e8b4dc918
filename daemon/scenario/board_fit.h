#ifndef DYNOFA_DAEMON_SCENARIO_BOARD_FIT_H_
#define DYNOFA_DAEMON_SCENARIO_BOARD_FIT_H_

#include <vector>

#include "absl/status/status.h"
#include "daemon/emulator/board_model.h"
#include "daemon/scenario/rules/scenario.h"
#include "policies/power_mode.h"

namespace dynofa::scenario {

/// INVALID_ARGUMENT if the scenario names a cluster or a mode that `board` does not have.
absl::Status CheckAgainst(const Scenario& scenario, const emulator::BoardModel& board);

/// Every mode that is known while the scenario runs: built in, the board's, the scenario's.
std::vector<policies::PowerMode> ModesOf(const Scenario& scenario,
                                         const emulator::BoardModel& board);

}  // namespace dynofa::scenario

#endif  // DYNOFA_DAEMON_SCENARIO_BOARD_FIT_H_
