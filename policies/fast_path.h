#ifndef DYNOFA_POLICIES_FAST_PATH_H_
#define DYNOFA_POLICIES_FAST_PATH_H_

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "policies/evidence.h"

namespace dynofa::policies {

/// One rung of a ladder: the Pareto subnets of a catalogue on one cluster, cheapest first.
struct Level {
  std::string subnet;
  /// Profiled compute time at the cluster's present frequency, ms.
  double latency_ms = 0.0;
  double accuracy = 0.0;
  /// Power above idle while it runs, W; 0 if unknown.
  double active_power_w = 0.0;
  /// With which the latency holds.
  int threads = 1;
  /// Of active_power_w.
  Evidence power_evidence = Evidence::kUnknown;

  bool operator==(const Level&) const = default;
};

/// Measured over profiled time that a level is to be expected to take now.
using SlowdownOf = std::function<double(const Level&)>;

/// Picks the level for one request: the most accurate one at or below `ceiling` that fits into
/// `slack_ms` at the present speed; if none fits, the cheapest one allowed.
///
/// `ladder` ascends in latency and accuracy. `ceiling` is an index into it. `slowdown_of` is asked
/// for the levels that are considered, from the ceiling down, and not without a slack. No level
/// below `min_accuracy` is taken: nullopt if the ceiling itself is below. `slack_ms` nullopt means
/// no deadline. Pure.
std::optional<std::size_t> PickLevel(std::span<const Level> ladder, std::size_t ceiling,
                                     std::optional<double> slack_ms, const SlowdownOf& slowdown_of,
                                     double min_accuracy);

}  // namespace dynofa::policies

#endif  // DYNOFA_POLICIES_FAST_PATH_H_
