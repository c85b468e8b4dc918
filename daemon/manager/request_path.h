#ifndef DYNOFA_DAEMON_MANAGER_REQUEST_PATH_H_
#define DYNOFA_DAEMON_MANAGER_REQUEST_PATH_H_

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "absl/status/statusor.h"
#include "daemon/base/clock.h"
#include "daemon/base/handover.h"
#include "daemon/dispatch/dispatcher.h"
#include "daemon/engine/executor.h"
#include "daemon/engine/supernet.h"
#include "daemon/manager/inference_api.h"
#include "daemon/manager/manager.h"
#include "daemon/manager/measure_api.h"

namespace dynofa::manager {

/// One executor of a cluster: a thread, pinned to `host_cpus`.
struct ClusterExecutor {
  std::string cluster;
  std::vector<int> host_cpus;
  /// Numbers of threads that a run may have and a profile measures, ascending.
  std::vector<int> thread_counts = {1};
  std::unique_ptr<engine::Executor> executor;
};

struct RequestPathOptions {
  dispatch::DispatcherOptions queues;
  /// Executors yield to the loop and the timers by this niceness.
  int executor_nice = 5;
  /// Runs after a request missed its deadline, or only its last chance was there to keep it from
  /// that, on any thread; must neither wait nor throw.
  std::function<void()> on_miss = [] {};
  /// Runs when a request comes and none has been under way for `pause`; as on_miss.
  std::function<void()> on_first = [] {};
  base::Duration pause = std::chrono::milliseconds(500);
};

/// The request path with its threads, around the passive dispatcher: one for each executor, a timer
/// for expiry, and one that answers what new routes leave no way to run. Its lock is taken by these
/// threads and by submitters only; the manager's loop hands over routes and receives outcomes
/// without it.
class RequestPath final : public InferenceApi, public MeasureApi {
 public:
  /// Prepares every subnet of every supernet, so that no request waits for that. `clock`,
  /// `outcomes` and `slowdowns`, of which it is the request path's side, must outlive the path.
  static absl::StatusOr<std::unique_ptr<RequestPath>> Create(
      RequestPathOptions options, const base::Clock& clock, OutcomeRing& outcomes,
      dispatch::SlowdownBook& slowdowns, std::vector<std::shared_ptr<engine::Supernet>> supernets,
      std::vector<ClusterExecutor> executors);

  /// Fails what is queued with UNAVAILABLE, waits for what runs, joins the threads.
  ~RequestPath() override;

  /// Puts routes in force; never waits for a run or for the lock. Any thread. Wakes executors only
  /// if there is a request that the routes may move.
  void SetRoutes(std::shared_ptr<const dispatch::RoutingTable> routes);

  /// Whether a request is queued or runs. Any thread.
  bool busy() const { return requests_ > 0; }

  /// How often executors were woken to look for work, modulo 2^32.
  std::uint32_t wake_ups() const { return events_; }

  // InferenceApi.
  const std::vector<engine::ModelInfo>& models() const override { return models_; }
  absl::StatusOr<std::uint64_t> Submit(InferenceRequest request, InferenceApi::Done done) override;
  void Cancel(std::uint64_t id) override;

  // MeasureApi.
  std::vector<int> ThreadCounts(const std::string& cluster) const override;
  void Measure(const MeasureOrder& order, MeasureApi::Done done) override;
  void StopMeasuring(const std::string& cluster) override;

 private:
  struct Hosted {
    std::shared_ptr<engine::Supernet> supernet;
    std::map<std::string, std::shared_ptr<const engine::PreparedSubnet>, std::less<>> subnets;
    std::vector<int> resolutions;
  };
  struct Payload {
    engine::Tensor input;
    InferenceApi::Done done;
  };
  /// An order of its cluster, waiting or worked on.
  struct Measuring {
    MeasureOrder order;
    MeasureApi::Done done;
    bool begun = false;  ///< under mutex_
    std::atomic<bool> stopped{false};
  };

  struct Refused {
    Payload payload;
    dispatch::Refusal refusal;
  };

  RequestPath(RequestPathOptions options, const base::Clock& clock, OutcomeRing& outcomes,
              dispatch::SlowdownBook& slowdowns)
      : options_(options),
        clock_(clock),
        outcomes_(outcomes),
        dispatcher_(options.queues, slowdowns) {}

  absl::Status Host(std::shared_ptr<engine::Supernet> supernet);
  void Start(std::vector<ClusterExecutor> executors);
  void ExecutorLoop(ClusterExecutor& executor);
  void TimerLoop();
  void RoutesLoop();
  /// `work` becomes what ran in the end: its last chance may have been taken.
  absl::StatusOr<engine::RunResult> Execute(ClusterExecutor& executor, dispatch::Work& work,
                                            const engine::Tensor& input);
  std::optional<dispatch::Work> Restart(const dispatch::Work& work, base::Duration elapsed,
                                        base::Duration projected);
  void RunOne(ClusterExecutor& executor, dispatch::Work work, Payload payload);
  void MeasureOne(ClusterExecutor& executor, Measuring& measuring);
  absl::Status CheckOrder(const MeasureOrder& order) const;
  InferenceReply MakeReply(const dispatch::Work& work, engine::RunResult result) const;
  /// Both need mutex_. AdoptRoutes brings the newest published routes into the dispatcher, and what
  /// these refuse into `refused_`.
  absl::Status CheckSession(const InferenceRequest& request) const;
  void AdoptRoutes();
  void AnswerRefused();
  void Wake();
  void WakeRoutes();
  /// Hands an outcome to the loop.
  void Tell(dispatch::Outcome outcome);

  const RequestPathOptions options_;
  const base::Clock& clock_;
  OutcomeRing& outcomes_;
  std::vector<engine::ModelInfo> models_;
  std::map<std::string, Hosted, std::less<>> hosted_;

  /// Routes on their way from the loop; taken by whoever holds mutex_.
  base::Handover<dispatch::RoutingTable> new_routes_;
  /// Accepted, and without an outcome yet.
  std::atomic<std::int64_t> requests_{0};
  /// When the last one had its outcome.
  std::atomic<base::TimePoint> last_end_{base::TimePoint()};
  /// Counts events that may give an executor work; executors sleep on it.
  std::atomic<std::uint32_t> events_{0};
  /// Counts what the thread of RoutesLoop has to look at; it sleeps on it.
  std::atomic<std::uint32_t> tables_{0};
  std::atomic<bool> stopping_{false};

  std::mutex mutex_;
  std::condition_variable timer_wake_;
  // Under mutex_:
  dispatch::Dispatcher dispatcher_;
  std::shared_ptr<const dispatch::RoutingTable> routes_ =
      std::make_shared<const dispatch::RoutingTable>();
  std::uint64_t next_id_ = 1;
  std::unordered_map<std::uint64_t, Payload> payloads_;
  std::vector<Refused> refused_;                                 ///< and not answered yet
  std::map<std::string, std::shared_ptr<Measuring>> measuring_;  ///< by cluster

  std::vector<ClusterExecutor> executors_;
  std::vector<std::thread> threads_;
};

}  // namespace dynofa::manager

#endif  // DYNOFA_DAEMON_MANAGER_REQUEST_PATH_H_
