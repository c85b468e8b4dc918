#ifndef DYNOFA_CLIENT_CLI_CHANGES_H_
#define DYNOFA_CLIENT_CLI_CHANGES_H_

#include <string>

#include "dynofa/result.h"
#include "dynofa/types.h"

// Changes of a requirement, as they are typed.

namespace dynofa::cli {

/// A change that is due `at_s` seconds after the start: parts to set, in order.
struct PlannedChange {
  double at_s = 0.0;
  std::string parts;
};

/// Of "AT_S:latency_ms=20,min_accuracy=0.8". Checks the parts too.
client::Result<PlannedChange> ParsePlannedChange(const std::string& text);

/// `requirement` with the parts of "latency_ms=20,min_accuracy=none" set or taken back. The parts
/// are latency_ms, percentile, min_accuracy, max_energy_mj, rate_hz and priority.
client::Result<client::Requirement> WithParts(client::Requirement requirement,
                                              const std::string& parts);

/// The same for a JSON object on one line, where null takes back.
client::Result<client::Requirement> WithJson(client::Requirement requirement,
                                             const std::string& line);

}  // namespace dynofa::cli

#endif  // DYNOFA_CLIENT_CLI_CHANGES_H_
