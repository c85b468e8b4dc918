#ifndef DYNOFA_DAEMON_TOOLS_SEARCH_SAMPLING_H_
#define DYNOFA_DAEMON_TOOLS_SEARCH_SAMPLING_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "daemon/tools/search/figure_log.h"
#include "daemon/tools/search/space.h"

namespace dynofa::tools::search {

/// A subnet and what it scored.
struct Sample {
  SubnetConfig config;
  double accuracy = 0.0;
};

/// `count` different subnets to learn the space from: the largest and the smallest at every
/// resolution, then drawn uniformly and leaning (see DrawLeaning) in turn. The same seed gives the
/// same ones, and a larger count the same ones first. Fewer where the space has no more.
std::vector<SubnetConfig> DrawSample(const Space& space, std::size_t count, std::uint64_t seed);

struct SamplingHooks {
  /// Measures one subnet; called from several threads.
  std::function<absl::StatusOr<double>(const SubnetConfig&)> measure;
  /// Called after each measurement with how many of how many are done.
  std::function<void(std::size_t done, std::size_t total)> progress;
  /// Nothing new is begun once this says false.
  std::function<bool()> go_on;
};

/// The accuracy of each of `configs`, from `log` or measured on `workers` threads and added to
/// it. Those that were not reached in time are missing; the order is that of `configs`. The first
/// error ends it.
absl::StatusOr<std::vector<Sample>> MeasureAll(const std::vector<SubnetConfig>& configs,
                                               int workers, const SamplingHooks& hooks,
                                               FigureLog& log);

}  // namespace dynofa::tools::search

#endif  // DYNOFA_DAEMON_TOOLS_SEARCH_SAMPLING_H_
