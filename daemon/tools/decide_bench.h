#ifndef DYNOFA_DAEMON_TOOLS_DECIDE_BENCH_H_
#define DYNOFA_DAEMON_TOOLS_DECIDE_BENCH_H_

#include <string>

namespace dynofa::tools {

struct DecideBenchOptions {
  int rounds = 200;  ///< decisions per cell
  std::string policy = "hierarchical";
  bool json = false;
  /// Fail if the targets are missed: a millisecond with 32 sessions on 3 clusters, and growth with
  /// the sessions that is no worse than linear.
  bool check = false;
};

/// `dynofa-bench decide`: how long one decision takes, for 1 to 128 sessions with 12 subnets on 3
/// and 12 clusters of 25 frequencies. Counts the CPU time of the thread, so that other programs
/// on the machine disturb little. Prints; returns the exit status.
int RunDecideBench(const DecideBenchOptions& options);

}  // namespace dynofa::tools

#endif  // DYNOFA_DAEMON_TOOLS_DECIDE_BENCH_H_
