#ifndef DYNOFA_DAEMON_TOOLS_LATENCY_H_
#define DYNOFA_DAEMON_TOOLS_LATENCY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "daemon/engine/supernet.h"

namespace dynofa::tools {

struct LatencyOptions {
  int threads = 1;
  int rounds = 5;
  int runs = 25;  ///< of each subnet in each round
  std::uint64_t seed = 1;
};

/// What one inference takes, ms: the median over the rounds of each round's median, and the lowest
/// and highest of those. The net alone, from a prepared input to logits.
struct Latency {
  double median_ms = 0.0;
  double low_ms = 0.0;
  double high_ms = 0.0;
};

/// Measures `subnets` of `supernet` in interleaved rounds, in another random order in each, so that
/// what disturbs the machine for a while disturbs them alike. Runs during which another program had
/// the CPU are left out where enough others are left. The results are in the order of `subnets`.
absl::StatusOr<std::vector<Latency>> MeasureLatencies(engine::Supernet& supernet,
                                                      const std::vector<std::string>& subnets,
                                                      const LatencyOptions& options);

}  // namespace dynofa::tools

#endif  // DYNOFA_DAEMON_TOOLS_LATENCY_H_
