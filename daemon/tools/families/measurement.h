#ifndef DYNOFA_DAEMON_TOOLS_FAMILIES_MEASUREMENT_H_
#define DYNOFA_DAEMON_TOOLS_FAMILIES_MEASUREMENT_H_

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "daemon/tools/families/comparison.h"
#include "daemon/tools/families/family.h"
#include "daemon/tools/families/timing.h"

namespace dynofa::tools::families {

struct MeasurementOptions {
  std::vector<int> threads = {1, 2};
  TimingOptions timing;
  /// Compare every network with libtorch first; one that differs is an error.
  bool check = false;
  /// Is told what goes on, a line at a time.
  std::function<void(const std::string&)> progress;
};

/// A family with what was measured of it.
struct MeasuredFamily {
  Family family;
  std::vector<std::vector<Spread>> ms;  ///< [member][place in threads], over the runs
};

/// One subject against one baseline; places are those in Measurement::families.
struct Contest {
  std::size_t subject = 0;
  std::size_t baseline = 0;
  /// From the published figure, whose points are the members; empty if one of the two is not in it.
  std::vector<Match> published_gpu;
  std::vector<Match> published_cpu;
  std::vector<Match> macs;                   ///< computed: multiply-adds as the cost
  std::vector<std::vector<Match>> measured;  ///< [place in threads]
};

/// Latency of a network with batch norms folded into its 1x1 convolutions, over that with batch
/// norms applied.
struct FoldingRatio {
  std::string member;
  int threads = 1;
  Spread ratio;
};

/// Where and how it was measured.
struct Conditions {
  std::string processor;
  int cpus = 0;
  double load_before = 0.0;  ///< of the last minute; -1: unknown
  double load_after = 0.0;
  int rounds = 0;
  int runs_per_round = 0;
  double useful_share = 0.0;  ///< of the runs: those that count
};

struct Measurement {
  Conditions conditions;
  std::vector<int> threads;
  std::vector<MeasuredFamily> families;
  std::vector<Contest> contests;
  std::vector<FoldingRatio> folding;
  std::optional<double> largest_difference;  ///< from libtorch, if that was checked
};

/// Runs all members of `families` and compares subjects with baselines.
absl::StatusOr<Measurement> Measure(std::vector<Family> families,
                                    const MeasurementOptions& options);

}  // namespace dynofa::tools::families

#endif  // DYNOFA_DAEMON_TOOLS_FAMILIES_MEASUREMENT_H_
