#ifndef DYNOFA_DAEMON_ENGINE_EXECUTOR_H_
#define DYNOFA_DAEMON_ENGINE_EXECUTOR_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daemon/base/clock.h"
#include "daemon/engine/supernet.h"
#include "daemon/engine/tensor.h"
#include "policies/evidence.h"

namespace dynofa::engine {

/// What one inference gave and cost.
struct RunResult {
  Tensor output;  ///< logits, FP32 [1, classes]
  /// Preparing the input and running the subnet, as the client sees it.
  base::Duration compute{};
  /// Whether `compute` is this machine's time or an emulated board's.
  policies::Evidence evidence = policies::Evidence::kMeasured;
  /// An emulated board's model asked for less time than the work really took.
  bool overrun = false;
  /// Another program had the CPU for a part of the run, so that its time says little.
  bool disturbed = false;
};

/// How a run is to be made.
struct RunSettings {
  /// Threads that work on it: the calling one and helpers, which inherit its CPUs and its priority
  /// from the first run with so many threads on.
  int threads = 1;
  /// The cluster's clock as last read back, kHz; 0 if unknown. Only an emulated board's pacing
  /// looks at it.
  std::int64_t frequency_khz = 0;
  /// Asked while the run is under way, from `ask_after` on, with the time that it has taken and the
  /// share of its usual time that is through then (above 0, below 1, never falling); false stops
  /// the run, which then ends with ABORTED. Asked on the thread that runs, between parts of the
  /// subnet, and not before the executor knows from earlier runs what share its parts take. Empty:
  /// never asked.
  std::function<bool(base::Duration elapsed, double share)> go_on;
  base::Duration ask_after{};
};

/// Runs subnets for one cluster, one at a time, on the thread that calls Run (which has been
/// pinned by its owner). Thread-compatible.
class Executor {
 public:
  virtual ~Executor() = default;

  /// Prepares the input for the subnet's resolution and runs it. The first run of a supernet with
  /// a number of threads takes longer: what it needs is made then. ABORTED if settings.go_on
  /// stopped it; the executor is as before then.
  virtual absl::StatusOr<RunResult> Run(Supernet& supernet, const PreparedSubnet& subnet,
                                        const Tensor& input, const RunSettings& settings) = 0;
};

/// The executor for this machine's CPUs.
std::unique_ptr<Executor> MakeCpuExecutor(const base::Clock& clock);

/// Pins the calling thread to `cpus` (all of them if empty) and lowers its priority by `nice`.
absl::Status PinThisThread(const std::vector<int>& cpus, int nice);

}  // namespace dynofa::engine

#endif  // DYNOFA_DAEMON_ENGINE_EXECUTOR_H_
