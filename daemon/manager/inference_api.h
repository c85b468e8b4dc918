#ifndef DYNOFA_DAEMON_MANAGER_INFERENCE_API_H_
#define DYNOFA_DAEMON_MANAGER_INFERENCE_API_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daemon/base/clock.h"
#include "daemon/engine/catalogue.h"
#include "daemon/engine/tensor.h"
#include "daemon/manager/manager_api.h"
#include "policies/evidence.h"

namespace dynofa::manager {

struct InferenceRequest {
  /// Id of an open session, or empty for the model's default route.
  std::string session;
  /// Its client did not ask for the session: once queued, the request goes on by the model's
  /// default route if the session ends.
  bool outlives_session = false;
  std::string model;
  engine::Tensor input;
  Caller caller;
  /// Overrides of the session's requirement for this request.
  std::optional<double> slo_ms;
  std::optional<double> min_accuracy;
  /// What the client has seen on top of the daemon's response times, ms, >= 0; a target of the
  /// session or the request is meant as the client sees it.
  double overhead_ms = 0.0;
  /// Run exactly this subnet (at or below the session's ceiling).
  std::optional<std::string> subnet;
  /// When the client stops waiting.
  std::optional<base::TimePoint> deadline;
};

struct InferenceReply {
  engine::Tensor output;
  std::string subnet;
  std::size_t level = 0;
  std::string cluster;
  std::int64_t frequency_khz = 0;  ///< 0 if unknown
  int threads = 1;
  double queue_ms = 0.0;
  double compute_ms = 0.0;
  policies::Evidence time_evidence = policies::Evidence::kMeasured;
  double accuracy = 0.0;  ///< expected top-1 of the subnet
  policies::Evidence accuracy_evidence = policies::Evidence::kUnknown;
  std::optional<double> energy_mj;
  policies::Evidence energy_evidence = policies::Evidence::kUnknown;
  bool missed = false;  ///< later than the target
  /// A run was given up for this one, which otherwise would have been late; compute_ms has both.
  bool restarted = false;
  /// The run took longer here than the emulated board's model says; compute_ms is the real time.
  bool overrun = false;
};

/// The request path as its edge sees it. Thread-safe; nothing here waits for the manager's loop
/// or for a run.
class InferenceApi {
 public:
  using Done = std::function<void(absl::StatusOr<InferenceReply>)>;

  virtual ~InferenceApi() = default;

  /// The hosted models, constant while the daemon runs.
  virtual const std::vector<engine::ModelInfo>& models() const = 0;

  /// Checks and queues a request; the errors are those of engine::CheckInput and
  /// dispatch::Dispatcher::Submit, and PERMISSION_DENIED for a session of another uid. If it
  /// returns an id, `done` runs exactly once, on a thread of the path, and must not block. A queued
  /// request that a new decision leaves no way to run ends at once, with the status that Submit
  /// would give it by then. On an error `done` never runs.
  virtual absl::StatusOr<std::uint64_t> Submit(InferenceRequest request, Done done) = 0;

  /// Frees the queue slot at once; `done` then runs with CANCELLED. A request that already runs
  /// is finished, and its `done` runs with its result.
  virtual void Cancel(std::uint64_t id) = 0;
};

}  // namespace dynofa::manager

#endif  // DYNOFA_DAEMON_MANAGER_INFERENCE_API_H_
