#ifndef DYNOFA_CLIENT_CLI_BENCH_REPORT_H_
#define DYNOFA_CLIENT_CLI_BENCH_REPORT_H_

#include <string>

#include "client/cli/bench/stage.h"
#include "client/cli/json.h"
#include "daemon/scenario/rules/metrics.h"
#include "daemon/scenario/rules/scenario.h"

namespace dynofa::cli::bench {

/// Of requests that count, how many took longer on this machine than the emulated board would have
/// let them, percent; 0 without an answer.
double OverrunPercent(const scenario::RunMetrics& metrics);

/// What one play of a scenario against the service gave, as a table with sentences and as JSON: the
/// fields of dynofa-bench's runs, and where they come from.
std::string ToText(const scenario::Scenario& scenario, const Stage& stage,
                   const scenario::RunMetrics& metrics);
Json ToJson(const scenario::Scenario& scenario, const Stage& stage,
            const scenario::RunMetrics& metrics);

}  // namespace dynofa::cli::bench

#endif  // DYNOFA_CLIENT_CLI_BENCH_REPORT_H_
