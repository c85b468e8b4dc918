#ifndef DYNOFA_DAEMON_MANAGER_MANAGER_H_
#define DYNOFA_DAEMON_MANAGER_MANAGER_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "daemon/base/clock.h"
#include "daemon/base/mpsc_ring.h"
#include "daemon/base/published.h"
#include "daemon/base/task_runner.h"
#include "daemon/dispatch/dispatcher.h"
#include "daemon/engine/catalogue.h"
#include "daemon/engine/cost_model.h"
#include "daemon/hardware/board.h"
#include "daemon/manager/base_power.h"
#include "daemon/manager/clock_keeper.h"
#include "daemon/manager/cluster_tracker.h"
#include "daemon/manager/manager_api.h"
#include "daemon/manager/profiler.h"
#include "daemon/manager/route_builder.h"
#include "daemon/manager/session_book.h"
#include "policies/policy.h"

namespace dynofa::manager {

/// Ends of requests on their way from the request path to the loop.
using OutcomeRing = base::MpscRing<dispatch::Outcome>;

struct ManagerOptions {
  std::string version;
  std::vector<policies::PowerMode> power_modes;
  std::string power_mode = "balanced";
  base::Duration tick = std::chrono::milliseconds(500);
  /// The tick while no request is under way and no profile measured. The next request brings a
  /// reading of its own.
  base::Duration idle_tick = std::chrono::milliseconds(500);
  /// The same while not even a session is open. So does the first one.
  base::Duration empty_tick = std::chrono::milliseconds(500);

  /// The tick, and by it those of a service that has nothing to do (docs/decisions/0019).
  void SetTick(base::Duration busy) {
    tick = busy;
    idle_tick = 4 * busy;
    empty_tick = 8 * busy;
  }

  SessionBook::LimitsOf limits_of = [](std::uint32_t) { return SessionLimits{}; };
};

/// The world as the manager sees it. Everything named by reference must outlive the manager.
struct ManagerDependencies {
  const base::Clock& clock;
  /// The manager's own sequence: the only one that touches the board.
  base::TaskRunner& runner;
  OutcomeRing& outcomes;
  /// The manager is the loop's side of it.
  dispatch::SlowdownBook& slowdowns;
  std::unique_ptr<policies::Policy> policy;
  std::vector<HostedModel> models;
  /// Of what no profile knows.
  std::shared_ptr<const engine::CostModel> costs;
  /// Puts routes in force; must not block. Runs when they differ from those in force.
  std::function<void(std::shared_ptr<const dispatch::RoutingTable>)> publish_routes;
  /// Whether a request is queued or runs.
  std::function<bool()> serving = [] { return false; };
  /// Runs after each reading of the board.
  std::function<void(const hardware::BoardReading&)> on_reading = [](const auto&) {};
  /// Runs once a tick, as the sign of life of the loop.
  std::function<void()> on_tick = [] {};
  /// Where profiles are measured and kept; null: there are none.
  MeasureApi* measure = nullptr;
  ProfileStorage* profiles = nullptr;
};

/// The loop: sense, decide, apply, read back, explain. Decides at once when a session or the
/// power mode changes, when a reading of the board shows a cluster gone, back, limited otherwise or
/// taken by others, and soon after a missed deadline; otherwise on a slow tick. Readings come in on
/// the tick, after misses and with the first session or request after a pause.
class Manager final : public ManagerApi {
 public:
  /// INVALID_ARGUMENT for an unknown power mode or no model.
  static absl::StatusOr<std::unique_ptr<Manager>> Create(ManagerOptions options,
                                                         ManagerDependencies dependencies);

  // The rest runs on the manager's sequence only.

  /// Takes a board; the previous one is dropped.
  void AttachBoard(std::unique_ptr<hardware::Board> board);
  /// The board stopped answering: serve on without knobs and say `why`.
  void LoseBoard(const std::string& why);
  /// Starts the tick. Call once, after AttachBoard.
  void Start();
  /// A request missed its deadline, or only its last chance was there to keep it from that: looks
  /// at the board and decides anew, soon, however many there are.
  void OnMiss();
  /// A request has come after a while without any: the tick may be a slow one.
  void OnRequest();
  /// Puts the knobs back and runs `done`; no decision is applied afterwards.
  void Stop(std::function<void(absl::Status)> done);

  // ManagerApi, from any thread.
  void OpenSession(SessionSpec spec, SessionDone done) override;
  void UpdateSession(std::string id, Caller caller, policies::Requirement requirement,
                     SessionDone done) override;
  void RenewSession(std::string id, Caller caller, base::Duration time_to_live,
                    SessionDone done) override;
  void CloseSession(std::string id, Caller caller, Done done) override;
  void SetPowerMode(std::string name, Done done) override;
  void StartProfile(ProfileRequest request, Done done) override;
  void CancelProfile(Done done) override;
  void SetOtherActors(std::vector<std::string> names) override;
  void SetAsleep(bool asleep, Done done) override;
  std::shared_ptr<const StatusView> status() const override { return published_.Load(); }
  std::uint64_t Watch(Watcher watcher) override;
  void Unwatch(std::uint64_t watch) override;

 private:
  Manager(ManagerOptions options, ManagerDependencies dependencies);

  void Tick();
  /// Plans the next tick, unless one is due earlier.
  void TickWithin(base::Duration delay);
  base::Duration TickPeriod() const;
  void TakeOutcomes();
  void ReadBoard();
  void TakeReading(hardware::BoardReading reading, base::TimePoint asked);
  void TakeUpMisses();
  void EndObservations();
  /// True if the decision differs in effect from the one before.
  bool Choose();
  void Decide();
  /// Leaves showing what has come about to the reading, unless another decision is in force or no
  /// reading can be expected.
  void DecideAndRead();
  policies::Snapshot TakeSnapshot() const;
  /// Takes the costs in force: points and routes.
  void AdoptCosts();
  Profiler::Hooks ProfilerHooks();
  absl::Status CanSpare(const std::string& cluster) const;
  void ReadPower(std::function<void(std::optional<double>)> done);
  /// Decides once for all that ask before it happens, then runs what they wait for.
  void DecideThen(std::function<void()> then);
  /// Replaces the decision in force.
  void Adopt(policies::Decision decision);
  void ApplySettings();
  /// What decision and profile ask for, as far as it can be written now.
  std::vector<policies::ClusterSetting> SettingsForNow() const;
  /// Leaves to other programs what they claim.
  void LeaveContested(std::vector<policies::ClusterSetting>& settings) const;
  /// Merges those on the bus and those that run as a process.
  void TakeUpOtherActors();
  /// No write is under way any more.
  void NoteQuiet();
  std::vector<std::string> Notes() const;
  /// Whether a device has forgotten what it was set to.
  bool MustApplyAgain() const;
  /// Logs trouble with the knobs when it changes, and plans another try.
  void NoteTrouble(const std::string& trouble);
  /// Whether there is an executor for the cluster; others are only shown.
  bool RunsOn(const std::string& cluster) const;
  int CoresOf(const std::string& cluster) const;
  void PublishRoutes();
  void PublishStatus();
  std::shared_ptr<const StatusView> MakeStatus() const;
  const policies::PowerMode* FindMode(const std::string& name) const;
  std::string ModeNames() const;
  bool HasModel(const std::string& name) const;
  SessionView ViewOf(const std::string& id) const;
  void Answer(const absl::Status& status, const std::string& id, const SessionDone& done) const;

  const ManagerOptions options_;
  ManagerDependencies world_;
  const base::TimePoint started_;
  std::unique_ptr<hardware::Board> board_;
  std::shared_ptr<const hardware::BoardInfo> board_info_ = std::make_shared<hardware::BoardInfo>();
  std::string emulated_board_;
  std::string lost_board_;
  bool stopping_ = false;
  bool reading_ = false;
  base::TimePoint read_asked_;
  std::vector<policies::PowerMode> modes_;
  std::string mode_;
  SessionBook sessions_;
  ClusterTracker clusters_;
  BasePower base_power_;
  std::shared_ptr<const std::vector<policies::OperatingPoint>> points_;
  std::unique_ptr<RouteBuilder> routes_;
  std::shared_ptr<const dispatch::RoutingTable> routes_in_force_;
  Profiler profiler_;
  hardware::BoardReading last_reading_;
  base::TimePoint window_start_;
  /// The end of the sessions' last window of observations, which misses may end earlier.
  base::TimePoint observed_;
  /// Did a request end since the last tick?
  bool served_ = false;
  std::optional<base::TimePoint> next_tick_;
  policies::Decision decision_;
  /// The mode in which it was made.
  std::string decided_in_;
  ClockKeeper keeper_;
  std::vector<policies::ClusterSetting> applied_;
  std::vector<std::string> actors_on_bus_;
  std::vector<std::string> other_actors_;
  bool asleep_ = false;
  /// Calls of Apply without an answer, and who waits for the last one.
  int applying_ = 0;
  std::vector<Done> quiet_waiters_;
  std::string trouble_;
  std::optional<base::TimePoint> retry_settings_at_;
  base::TimePoint misses_taken_up_;
  bool misses_wait_ = false;
  std::vector<std::function<void()>> waiting_;
  std::uint64_t decision_number_ = 0;
  std::map<std::uint64_t, Watcher> watchers_;
  std::atomic<std::uint64_t> watches_{0};
  base::Published<StatusView> published_{std::make_shared<StatusView>()};
  /// Lets tasks and callbacks that outlive the manager notice that it is gone.
  std::shared_ptr<Manager*> self_;
};

}  // namespace dynofa::manager

#endif  // DYNOFA_DAEMON_MANAGER_MANAGER_H_
