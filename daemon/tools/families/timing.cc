#include "daemon/tools/families/timing.h"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <random>

#include "daemon/base/status.h"
#include "daemon/tools/statistics.h"
#include "daemon/tools/timed_run.h"

namespace dynofa::tools::families {

absl::StatusOr<std::vector<Timing>> TimeInterleaved(
    const std::vector<std::function<absl::Status()>>& runs, const TimingOptions& options,
    const std::function<void(int)>& on_round) {
  std::vector<Timing> timings(runs.size());
  std::vector<std::size_t> order(runs.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::mt19937 random(options.seed);
  for (int round = 0; round < options.rounds; ++round) {
    on_round(round);
    std::shuffle(order.begin(), order.end(), random);
    for (const std::size_t i : order) {
      DYNOFA_ASSIGN_OR_RETURN(const std::vector<double> times,
                              UsefulTimes(options.runs_per_round, runs[i]));
      timings[i].round_ms.push_back(Median(times));
      timings[i].run_ms.insert(timings[i].run_ms.end(), times.begin(), times.end());
    }
  }
  return timings;
}

}  // namespace dynofa::tools::families
