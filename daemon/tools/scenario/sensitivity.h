#ifndef DYNOFA_DAEMON_TOOLS_SCENARIO_SENSITIVITY_H_
#define DYNOFA_DAEMON_TOOLS_SCENARIO_SENSITIVITY_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "daemon/emulator/board_model.h"
#include "daemon/scenario/suite.h"
#include "daemon/tools/scenario/report.h"

namespace dynofa::tools::scenario {

/// What is said of a policy against the first one.
enum class Conclusion {
  kLess,           ///< less energy, beyond the interval
  kMore,           ///< more energy, beyond the interval
  kSame,           ///< comparable, and no difference beyond the interval
  kWorseService,   ///< not comparable: it attains less, or answers less accurately
  kBetterService,  ///< not comparable: it attains more, or answers more accurately
};

Conclusion ConclusionOf(const dynofa::scenario::EnergyComparison& comparison,
                        const dynofa::scenario::PolicySummary& policy,
                        const dynofa::scenario::PolicySummary& first);

/// For whom a conclusion speaks: for the first policy (the other one needs more energy, or serves
/// worse without needing less), for the other one, or for none of them.
enum class Side { kFirst, kNone, kOther };

Side SideOf(Conclusion conclusion, const dynofa::scenario::PolicySummary& policy,
            const dynofa::scenario::PolicySummary& first);

/// A scenario on its board and on boards with one coefficient varied each way.
struct Sensitivity {
  Table table;
  /// "capacitance_f +30 %, performance: the same energy instead of more energy", for each
  /// conclusion that speaks for another side than on the board as it is.
  std::vector<std::string> exceptions;
  double simulated_s = 0.0;
};

/// `coefficients` as scenario::CoefficientNames, "all" for every one; `percent` in (0, 100).
absl::StatusOr<Sensitivity> RunSensitivity(const dynofa::scenario::Scenario& scenario,
                                           const emulator::BoardModel& board,
                                           const std::vector<std::string>& coefficients,
                                           double percent,
                                           const dynofa::scenario::SuiteOptions& options);

}  // namespace dynofa::tools::scenario

#endif  // DYNOFA_DAEMON_TOOLS_SCENARIO_SENSITIVITY_H_
