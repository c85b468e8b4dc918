#ifndef DYNOFA_DAEMON_MANAGER_SESSION_BOOK_H_
#define DYNOFA_DAEMON_MANAGER_SESSION_BOOK_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daemon/base/clock.h"
#include "daemon/dispatch/dispatcher.h"
#include "daemon/manager/arrival_variation.h"
#include "daemon/manager/manager_api.h"
#include "daemon/manager/sample_window.h"
#include "policies/snapshot.h"

namespace dynofa::manager {

/// What one uid may have.
struct SessionLimits {
  int max_sessions = 16;
  /// Best priority that may be asked for (1 = all).
  int highest_priority = 1;
};

/// The open sessions: who they belong to, what they ask for, what was seen of them. Passive;
/// belongs to the manager's sequence.
class SessionBook {
 public:
  using LimitsOf = std::function<SessionLimits(std::uint32_t uid)>;

  explicit SessionBook(LimitsOf limits_of) : limits_of_(std::move(limits_of)) {}

  /// Checks and adds; returns the new id, which cannot be guessed. The model is checked by the
  /// caller. Errors as ManagerApi::OpenSession.
  absl::StatusOr<std::string> Open(const SessionSpec& spec, base::TimePoint now);

  absl::Status Update(const std::string& id, const Caller& caller,
                      const policies::Requirement& requirement);
  absl::Status Renew(const std::string& id, const Caller& caller, base::Duration time_to_live,
                     base::TimePoint now);
  absl::Status Close(const std::string& id, const Caller& caller);

  /// Drops the leases that ran out and returns their ids.
  std::vector<std::string> ExpireLeases(base::TimePoint now);
  /// When the next one runs out; nullopt if there is no lease.
  std::optional<base::TimePoint> NextLeaseEnd() const;

  /// Adds the end of a request to its session's figures; requests of no session are ignored.
  void Observe(const dispatch::Outcome& outcome);

  /// Closes the window of observations: what States and View show until the next call.
  void EndWindow(base::Duration length);

  std::vector<policies::SessionState> States() const;
  /// Views without assignments, in the order of opening.
  std::vector<SessionView> Views() const;
  const SessionView* Find(const std::string& id) const;
  std::size_t size() const { return sessions_.size(); }

 private:
  struct Session {
    SessionView view;
    std::uint64_t order = 0;
    base::TimePoint lease_end{};
    SampleWindow response_ms{256};
    ArrivalVariation variation;
    std::int64_t arrived = 0;  ///< in this window
    std::optional<base::TimePoint> last_arrival;
    std::optional<base::TimePoint> last_arrival_before;  ///< this window
    double overhead_ms = 0.0;
    policies::Observation counting;
  };

  /// Of the arrivals that ended in the window of `length` that ends, per second.
  static double RateOf(const Session& session, base::Duration length);

  absl::StatusOr<Session*> Owned(const std::string& id, const Caller& caller);
  absl::Status CheckRequirement(const policies::Requirement& requirement,
                                const Caller& caller) const;
  int CountOf(std::uint32_t uid) const;

  const LimitsOf limits_of_;
  std::uint64_t opened_ = 0;
  std::map<std::string, Session> sessions_;
};

}  // namespace dynofa::manager

#endif  // DYNOFA_DAEMON_MANAGER_SESSION_BOOK_H_
