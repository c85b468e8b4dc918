#ifndef DYNOFA_DAEMON_SCENARIO_SIMULATION_H_
#define DYNOFA_DAEMON_SCENARIO_SIMULATION_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "daemon/emulator/board_model.h"
#include "daemon/scenario/rules/scenario.h"
#include "daemon/scenario/rules/trace.h"
#include "policies/policy.h"

namespace dynofa::scenario {

struct SimulationOptions {
  /// A registered policy or "oracle" (oracle.h), and after an "@" the governor that the board's
  /// knobs were left with before ("fixed@performance"); without one it is the board's own.
  std::string policy = "hierarchical";
  std::uint64_t seed = 1;
  /// The manager's profile is wrong by this share, 0 to 1, in a way that the seed decides
  /// (WrongCostModel); 0: it is the board model itself. "oracle" always knows the board.
  double profile_error = 0.0;
};

/// Plays a scenario in virtual time on one thread: the production manager, dispatcher and policy
/// on an emulated board (Machine). The same arguments give the same trace, bit for bit.
/// INVALID_ARGUMENT for a scenario that does not fit the board and for a profile error out of
/// range; NOT_FOUND names the policies there are; FAILED_PRECONDITION for an oracle of a scenario
/// that is too large for one.
absl::StatusOr<Trace> Simulate(const Scenario& scenario, const emulator::BoardModel& board,
                               const SimulationOptions& options);

/// The same with a policy that is at hand; `options.policy` only names it, and its governor.
absl::StatusOr<Trace> SimulateWith(std::unique_ptr<policies::Policy> policy,
                                   const Scenario& scenario, const emulator::BoardModel& board,
                                   const SimulationOptions& options);

}  // namespace dynofa::scenario

#endif  // DYNOFA_DAEMON_SCENARIO_SIMULATION_H_
