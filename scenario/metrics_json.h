#ifndef DYNOFA_SCENARIO_METRICS_JSON_H_
#define DYNOFA_SCENARIO_METRICS_JSON_H_

#include <nlohmann/json.hpp>

#include "scenario/metrics.h"

namespace dynofa::scenario {

/// The fields of RunMetrics and of what it holds, with units in their names; null for what is no
/// finite number. Whoever plays a scenario reports it in these words.
nlohmann::ordered_json ToJson(const RunMetrics& run);

}  // namespace dynofa::scenario

#endif  // DYNOFA_SCENARIO_METRICS_JSON_H_
