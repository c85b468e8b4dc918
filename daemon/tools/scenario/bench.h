#ifndef DYNOFA_DAEMON_TOOLS_SCENARIO_BENCH_H_
#define DYNOFA_DAEMON_TOOLS_SCENARIO_BENCH_H_

#include <string>
#include <vector>

#include "absl/status/status.h"

namespace dynofa::tools::scenario {

/// What `dynofa-bench scenario` was asked for.
struct BenchOptions {
  std::vector<std::string> files;
  /// Every scenario of `folder` instead.
  bool all = false;
  std::string folder = "tests/scenarios";
  /// Empty: every registered policy, "hierarchical" first.
  std::vector<std::string> policies;
  /// Id or file of another board than the scenarios name; empty: theirs.
  std::string board;
  int seeds = 1;
  int jobs = 1;
  /// Vary these coefficients of the board instead, by so many percent each way; "all": every one.
  std::vector<std::string> vary;
  double vary_percent = 30.0;
  /// By how much the profile that policies get is wrong, percent; 0: not at all.
  double profile_error_percent = 0.0;
  bool json = false;
  /// Files to write the same to, too; empty: none.
  std::string html;
  std::string markdown;
};

/// Plays, prints Markdown or JSON to standard output and the speed to standard error.
absl::Status RunScenarioBench(const BenchOptions& options);

}  // namespace dynofa::tools::scenario

#endif  // DYNOFA_DAEMON_TOOLS_SCENARIO_BENCH_H_
