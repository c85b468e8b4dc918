#ifndef DYNOFA_DAEMON_TOOLS_FAMILIES_TIMING_H_
#define DYNOFA_DAEMON_TOOLS_FAMILIES_TIMING_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace dynofa::tools::families {

/// What the rounds gave for one thing that is timed.
struct Timing {
  std::vector<double> round_ms;  ///< median of each round
  std::vector<double> run_ms;    ///< every run that counts
};

struct TimingOptions {
  int rounds = 15;
  int runs_per_round = 11;
  std::uint32_t seed = 1;  ///< of the order
};

/// Times `runs` in rounds. In each round every one has its turn, in another random order, with
/// some runs that do not count and then `runs_per_round` that do, unless another program
/// interrupted them (timed_run.h). `on_round` is told each round that begins, from 0. The first
/// error ends it.
absl::StatusOr<std::vector<Timing>> TimeInterleaved(
    const std::vector<std::function<absl::Status()>>& runs, const TimingOptions& options,
    const std::function<void(int)>& on_round);

}  // namespace dynofa::tools::families

#endif  // DYNOFA_DAEMON_TOOLS_FAMILIES_TIMING_H_
