#ifndef DYNOFA_DAEMON_MANAGER_MEASURE_API_H_
#define DYNOFA_DAEMON_MANAGER_MEASURE_API_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daemon/base/clock.h"
#include "policies/evidence.h"

namespace dynofa::manager {

/// Runs of one subnet on one cluster, one after another.
struct MeasureOrder {
  std::string cluster;
  std::string model;
  std::string subnet;
  int threads = 1;
  /// The clock that the cluster is held at, kHz; 0 if unknown.
  std::int64_t frequency_khz = 0;
  /// Runs before the first one that counts.
  int warm_ups = 1;
  /// Runs that count, at least one.
  int runs = 1;
  /// No further run is begun after this time.
  base::Duration longest = std::chrono::seconds(1);
};

/// What the runs gave, ms each, in the order of the runs.
struct Measurement {
  std::vector<double> clean_ms;
  /// Of runs from which another program took the CPU.
  std::vector<double> disturbed_ms;
  policies::Evidence evidence = policies::Evidence::kMeasured;
  /// Runs that took longer here than on the emulated board: their times are in neither list, since
  /// they are not that board's.
  int overruns = 0;
};

/// Takes the times of subnets on the executors that serve requests. Thread-safe; nothing here waits
/// for a run.
class MeasureApi {
 public:
  using Done = std::function<void(absl::StatusOr<Measurement>)>;

  virtual ~MeasureApi() = default;

  /// Numbers of threads that can be measured on a cluster, ascending; empty without an executor.
  virtual std::vector<int> ThreadCounts(const std::string& cluster) const = 0;

  /// Begins when the cluster's executor has no request. `done` runs exactly once, on another thread
  /// or on this one, and must not block; CANCELLED after StopMeasuring. Errors are handed to it,
  /// too: RESOURCE_EXHAUSTED while the cluster works on another order, NOT_FOUND for unknown names.
  virtual void Measure(const MeasureOrder& order, Done done) = 0;

  /// Gives the order of a cluster up, after the run in progress.
  virtual void StopMeasuring(const std::string& cluster) = 0;
};

}  // namespace dynofa::manager

#endif  // DYNOFA_DAEMON_MANAGER_MEASURE_API_H_
