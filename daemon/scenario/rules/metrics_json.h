#ifndef DYNOFA_DAEMON_SCENARIO_RULES_METRICS_JSON_H_
#define DYNOFA_DAEMON_SCENARIO_RULES_METRICS_JSON_H_

#include <nlohmann/json.hpp>

#include "daemon/scenario/rules/metrics.h"

namespace dynofa::scenario {

/// The fields of RunMetrics and of what it holds, with units in their names; null for what is no
/// finite number. Whoever plays a scenario reports it in these words.
nlohmann::ordered_json ToJson(const RunMetrics& run);

}  // namespace dynofa::scenario

#endif  // DYNOFA_DAEMON_SCENARIO_RULES_METRICS_JSON_H_
