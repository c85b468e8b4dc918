#ifndef DYNOFA_DAEMON_SCENARIO_SUITE_H_
#define DYNOFA_DAEMON_SCENARIO_SUITE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "daemon/emulator/board_model.h"
#include "daemon/scenario/rules/comparison.h"
#include "daemon/scenario/rules/scenario.h"
#include "daemon/scenario/rules/trace.h"

namespace dynofa::scenario {

struct SuiteOptions {
  /// As SimulationOptions::policy; the first one is what the others are compared with.
  std::vector<std::string> policies;
  /// Each policy is played with the scenario's seed and those that follow it.
  int seeds = 1;
  /// Simulations at a time, one thread each. The result does not depend on it.
  int jobs = 1;
  /// As SimulationOptions::profile_error; all policies of a seed get the same profile.
  double profile_error = 0.0;
  /// Keep the first seed's trace of each policy, for timelines.
  bool keep_traces = false;
};

/// A scenario under several policies.
struct ScenarioResult {
  Scenario scenario;
  /// As emulator::BoardLabel.
  std::string board;
  /// As it was asked for.
  double profile_error = 0.0;
  std::vector<PolicySummary> policies;
  /// Every policy but the first against the first.
  std::vector<EnergyComparison> comparisons;
  /// What was left out and why, a sentence each.
  std::vector<std::string> notes;
  /// Every policy but "oracle" against it, if that was played.
  std::vector<EnergyComparison> to_oracle;
  /// By policy; empty unless asked for.
  std::vector<Trace> traces;
  /// Board time that was simulated, s.
  double simulated_s = 0.0;
};

/// A scenario that is too large for "oracle" is played without it, which a note says; every other
/// error ends the suite.
absl::StatusOr<ScenarioResult> RunSuite(const Scenario& scenario, const emulator::BoardModel& board,
                                        const SuiteOptions& options);

}  // namespace dynofa::scenario

#endif  // DYNOFA_DAEMON_SCENARIO_SUITE_H_
