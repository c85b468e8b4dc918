#ifndef DYNOFA_DAEMON_MANAGER_MANAGER_API_H_
#define DYNOFA_DAEMON_MANAGER_MANAGER_API_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daemon/base/clock.h"
#include "daemon/hardware/board.h"
#include "daemon/manager/profile_api.h"
#include "policies/decision.h"
#include "policies/power_mode.h"
#include "policies/requirement.h"
#include "policies/snapshot.h"

namespace dynofa::manager {

/// Who asks, as the kernel says (SO_PEERCRED), not as the client claims.
struct Caller {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::int32_t pid = 0;
};

enum class SessionKind {
  kStream,    ///< ends with its stream
  kLease,     ///< ends when its time to live runs out
  kImplicit,  ///< belongs to a connection and ends with it
};

struct SessionSpec {
  std::string model;
  /// For people; at most kMaxClientName bytes.
  std::string client_name;
  policies::Requirement requirement;
  SessionKind kind = SessionKind::kStream;
  /// Of a lease.
  base::Duration time_to_live = std::chrono::seconds(30);
  Caller caller;
};

inline constexpr std::size_t kMaxClientName = 64;
inline constexpr base::Duration kMinTimeToLive = std::chrono::seconds(1);
inline constexpr base::Duration kMaxTimeToLive = std::chrono::hours(1);

/// A session as shown to people and programs.
struct SessionView {
  std::string id;
  std::string model;
  std::string client_name;
  SessionKind kind = SessionKind::kStream;
  Caller caller;
  policies::Requirement requirement;
  /// nullopt while no cluster is available.
  std::optional<policies::Assignment> assignment;
  /// Since the previous view that counted (one tick).
  policies::Observation observed;
  std::int64_t total_completed = 0;
  std::int64_t total_missed = 0;
  std::int64_t total_restarted = 0;
};

struct ClusterView {
  policies::ClusterState state;
  policies::ClusterSetting requested;
  policies::ClusterSetting effective;
  /// Why the two differ, or no more could be asked for; or empty.
  std::string limited_by;
  /// Can inferences run on it? Other clusters are found and shown.
  bool runs = true;
};

/// A hosted model as shown.
struct ModelView {
  std::string name;
  std::string backend;
  /// Subnet ids, cheapest first.
  std::vector<std::string> subnets;
  /// The profile in force, complete or not; null without one.
  std::shared_ptr<const engine::Profile> profile;
};

/// Everything there is to see at one moment. Immutable, shared.
struct StatusView {
  std::string version;
  std::string board;
  /// Id of the emulated board; empty on real hardware.
  std::string emulated_board;
  double uptime_s = 0.0;
  std::string power_mode;
  std::vector<policies::PowerMode> power_modes;
  std::string policy;
  std::vector<ModelView> models;
  std::vector<ClusterView> clusters;
  /// What was found of the board; never null once there is one.
  std::shared_ptr<const hardware::BoardInfo> board_info;
  std::vector<hardware::ZoneReading> zones;
  std::vector<hardware::RailReading> rails;
  double board_power_w = 0.0;
  std::int64_t memory_khz = 0;  ///< 0: unknown
  std::optional<double> cpu_pressure;
  std::vector<SessionView> sessions;
  policies::Decision decision;
  /// Counts the decisions that changed something.
  std::uint64_t decision_number = 0;
  ProfileProgress profiling;
  /// Other programs here that set clocks, by name (hardware/other_actors.h).
  std::vector<std::string> other_actors;
  /// What is missing and why ("no dynofa-boardd: serving without knobs"), a sentence each.
  std::vector<std::string> notes;
};

/// The manager as its edges see it. Thread-safe: every call posts to the manager's own sequence
/// and returns at once; `done` runs later on that sequence and must not block.
class ManagerApi {
 public:
  using SessionDone = std::function<void(absl::StatusOr<SessionView>)>;
  using Done = std::function<void(absl::Status)>;
  using Watcher = std::function<void(const std::shared_ptr<const StatusView>&)>;

  virtual ~ManagerApi() = default;

  /// Opens a session and decides; `done` gets it with its assignment. An infeasible requirement
  /// is accepted: the assignment says so and names the nearest point. NOT_FOUND: unknown model.
  /// INVALID_ARGUMENT: malformed. RESOURCE_EXHAUSTED: too many sessions for this uid.
  virtual void OpenSession(SessionSpec spec, SessionDone done) = 0;

  /// NOT_FOUND for an unknown session, PERMISSION_DENIED if it belongs to another uid.
  virtual void UpdateSession(std::string id, Caller caller, policies::Requirement requirement,
                             SessionDone done) = 0;
  virtual void RenewSession(std::string id, Caller caller, base::Duration time_to_live,
                            SessionDone done) = 0;
  virtual void CloseSession(std::string id, Caller caller, Done done) = 0;

  /// NOT_FOUND names the modes there are. The caller has checked who may do this.
  virtual void SetPowerMode(std::string name, Done done) = 0;

  /// Measures what is asked for and not known yet, on the clusters themselves: each is out of the
  /// sessions' reach meanwhile (docs/profiling.md). Answers when the job has begun; it goes on
  /// without its caller, and StatusView::profiling tells how far it is. Errors as Profiler::Start.
  /// The caller has checked who may do this.
  virtual void StartProfile(ProfileRequest request, Done done) = 0;
  /// Ends the job; what was measured is kept. FAILED_PRECONDITION if there is none.
  virtual void CancelProfile(Done done) = 0;

  /// Which of hardware::OtherActors() are seen on the bus; the knobs that they claim are left to
  /// them as long as they are there.
  virtual void SetOtherActors(std::vector<std::string> names) = 0;

  /// The machine is about to sleep (true), or is awake again (false). While it sleeps no knob is
  /// written; what is decided is applied anew, once, when it wakes. `done` runs when no write is
  /// under way any more.
  virtual void SetAsleep(bool asleep, Done done) = 0;

  /// The latest view; never null, never blocks. It is renewed on each tick, and before a call is
  /// answered whose effect it shows.
  virtual std::shared_ptr<const StatusView> status() const = 0;

  /// `watcher` runs on the manager's sequence, first with the view at hand, then with each that
  /// shows another decision (by its number), power mode, board, set of sessions or of other actors,
  /// until Unwatch(the returned number).
  virtual std::uint64_t Watch(Watcher watcher) = 0;
  virtual void Unwatch(std::uint64_t watch) = 0;
};

}  // namespace dynofa::manager

#endif  // DYNOFA_DAEMON_MANAGER_MANAGER_API_H_
