#ifndef DYNOFA_DAEMON_SCENARIO_RULES_CAPS_H_
#define DYNOFA_DAEMON_SCENARIO_RULES_CAPS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "policies/power_mode.h"

namespace dynofa::scenario {

/// Highest clock of a cluster with the clocks `table` (ascending, not empty) that `mode` allows,
/// kHz: a table entry, at least the lowest; 0 if the cluster must stay idle.
std::int64_t HighestKhz(const std::string& cluster, const std::vector<std::int64_t>& table,
                        const policies::PowerMode& mode);

}  // namespace dynofa::scenario

#endif  // DYNOFA_DAEMON_SCENARIO_RULES_CAPS_H_
