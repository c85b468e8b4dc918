#ifndef DYNOFA_DAEMON_TOOLS_ENGINE_BENCH_H_
#define DYNOFA_DAEMON_TOOLS_ENGINE_BENCH_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace dynofa::tools {

struct EngineBenchOptions {
  bool json = false;
  int rounds = 5;
  std::string part = "all";           ///< or "latency", "memory", "switch"
  std::vector<int> threads = {1, 2};  ///< of the latency cells
  bool check = false;
  int memory_of_levels = 0;  ///< above 0: be the process that --part memory measures
};

/// Runs the benchmark and prints its tables; the process's exit status.
int RunEngineBench(const EngineBenchOptions& options);

/// One figure that has an upper bound.
struct Target {
  std::string what;
  double value = 0.0;
  double limit = 0.0;

  bool met() const { return value <= limit; }
};

/// The cpu backend beside libtorch, one net at one resolution with one number of threads.
struct LatencyCell {
  std::string subnet;
  int threads = 1;
  double cpu_ms = 0.0;        ///< medians over the rounds
  double prepacked_ms = 0.0;  ///< 0: this libtorch has no such path, or it computes wrong
  double plain_ms = 0.0;
  /// Largest difference of a logit from libtorch's plain path, over the largest logit.
  double difference = 0.0;
  /// cpu over the faster libtorch path, median over the rounds.
  double ratio = 0.0;
};
absl::StatusOr<std::vector<LatencyCell>> MeasureLatency(int rounds,
                                                        const std::vector<int>& threads);

/// Resident memory of a fresh process, bytes.
struct MemoryUse {
  double bare = 0.0;        ///< before anything is loaded
  double one_level = 0.0;   ///< weights and the smallest level, after a run
  double six_levels = 0.0;  ///< weights and all levels, after a run of each
};
absl::StatusOr<MemoryUse> MeasureMemory();
/// Becomes the measured process: prints its resident bytes bare and with the first `levels`.
absl::Status ReportMemory(int levels);

/// Latency of the first run after a switch over that of a run without one, at the median and at
/// the 99th percentile, both relative to the level's steady median.
struct SwitchCost {
  int clients = 0;
  int requests = 0;
  int disturbed = 0;       ///< of the requests: left out, another program had the CPU meanwhile
  int switches = 0;        ///< that were counted
  double steady_ms = 0.0;  ///< mean over the levels of the steady median
  double median_ratio = 0.0;
  double p99_ratio = 0.0;
};
absl::StatusOr<SwitchCost> MeasureSwitching(int rounds);

}  // namespace dynofa::tools

#endif  // DYNOFA_DAEMON_TOOLS_ENGINE_BENCH_H_
