#ifndef DYNOFA_DAEMON_TOOLS_HARDWARE_BENCH_H_
#define DYNOFA_DAEMON_TOOLS_HARDWARE_BENCH_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace dynofa::tools {

struct HardwareBenchOptions {
  std::string part = "all";  ///< or "snapshot", "writes", "wakeups"
  int rounds = 500;
  /// A mounted tree on which the writes are measured; empty: a plain one of twelve clusters.
  std::string sysfs_root;
  /// How long wake-ups are counted, s, each time.
  double seconds = 60.0;
  /// Folder of dynofad, dynofa-boardd and dynofactl; empty: that of this program.
  std::string programs;
  /// Directory of the model that dynofad hosts for it.
  std::string model;
  bool json = false;
  bool check = false;
};

/// Runs the benchmark and prints its table; the process's exit status.
int RunHardwareBench(const HardwareBenchOptions& options);

/// A time in milliseconds over many runs.
struct RunTimes {
  double least_ms = 0.0;
  double median_ms = 0.0;
  double p99_ms = 0.0;
};

/// Files of a board with `clusters` CPU clusters, zones, cooling devices and rails below `folder`.
void WriteBenchTree(const std::string& folder, int clusters);

/// A reading of everything on the board whose sysfs is at `root`.
absl::StatusOr<RunTimes> MeasureSnapshot(const std::string& root, const std::string& state,
                                         int rounds);

/// What a decision writes on every cluster that may be set: both limits and, the first time, the
/// governor, with journal and read-back.
absl::StatusOr<RunTimes> MeasureWrites(const std::string& root, const std::string& state,
                                       int rounds);

/// Wake-ups per second of both processes together.
struct WakeUps {
  double no_client = 0.0;
  double idle_session = 0.0;
};

/// Starts the real programs on a plain tree below `folder` and counts.
absl::StatusOr<WakeUps> MeasureWakeUps(const HardwareBenchOptions& options,
                                       const std::string& folder);

}  // namespace dynofa::tools

#endif  // DYNOFA_DAEMON_TOOLS_HARDWARE_BENCH_H_
