#ifndef DYNOFA_DAEMON_SCENARIO_ORACLE_H_
#define DYNOFA_DAEMON_SCENARIO_ORACLE_H_

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "daemon/emulator/board_model.h"
#include "daemon/scenario/rules/scenario.h"
#include "policies/policy.h"

namespace dynofa::scenario {

/// The policy that knows the scenario beforehand (policies/oracle.h). The scenario is played once
/// under `hierarchical`; of each stretch between two events the oracle gets the last snapshot, in
/// which the loop has seen all there is to see. Whatever changes within a stretch (bursts, heat) it
/// does not know better than that, and heat is that of the other policy's clocks. Frequencies are
/// thinned out until the case is small enough.
///
/// FAILED_PRECONDITION if the case is too large all the same.
absl::StatusOr<std::unique_ptr<policies::Policy>> MakeOracle(const Scenario& scenario,
                                                             const emulator::BoardModel& board,
                                                             std::uint64_t seed);

}  // namespace dynofa::scenario

#endif  // DYNOFA_DAEMON_SCENARIO_ORACLE_H_
