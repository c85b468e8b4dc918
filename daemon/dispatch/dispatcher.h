#ifndef DYNOFA_DAEMON_DISPATCH_DISPATCHER_H_
#define DYNOFA_DAEMON_DISPATCH_DISPATCHER_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daemon/base/clock.h"
#include "daemon/dispatch/foresight.h"
#include "daemon/dispatch/routing.h"
#include "daemon/dispatch/slowdown_book.h"
#include "policies/last_chance.h"

namespace dynofa::dispatch {

using RequestId = std::uint64_t;

/// What dispatch needs to know of a request; the payload stays with the caller.
struct Request {
  RequestId id = 0;  ///< unique among the requests that are queued or running
  std::string session;
  std::string model;
  /// Once queued it goes on by its model's default route if the session ends.
  bool outlives_session = false;
  /// Who sends it; requests without a session count against their user.
  std::uint32_t uid = 0;
  /// Response time asked for by this request; overrides the route's target.
  std::optional<base::Duration> target;
  /// What the client waits on top of the response time here; taken off the target.
  base::Duration overhead{};
  /// Accuracy floor of this request; overrides the route's.
  std::optional<double> min_accuracy;
  /// Run exactly this subnet, or fail.
  std::optional<std::string> subnet;
  /// When the answer becomes worthless (the client's deadline); it expires then if still queued.
  std::optional<base::TimePoint> expiry;
};

/// A request that an executor shall run now.
struct Work {
  RequestId id = 0;
  std::string session;
  std::string model;
  std::string cluster;
  std::string subnet;
  std::size_t level = 0;  ///< its place on the ladder
  double accuracy = 0.0;
  double active_power_w = 0.0;  ///< 0 if unknown
  policies::Evidence power_evidence = policies::Evidence::kUnknown;
  int threads = 1;
  std::int64_t frequency_khz = 0;  ///< 0 if unknown
  double expected_ms = 0.0;        ///< as profiled at that clock, without slow-down
  base::Duration queued{};
  /// If a cheaper level could still answer in time where this one turns out not to.
  std::optional<policies::LastChance> last_chance;
  /// What a LastChanceWatch foresaw of the run; for whoever runs it to fill in.
  std::optional<double> foreseen_ms;
  /// Compute time of the run that was given up for this one; zero if there was none.
  base::Duration given_up{};
  double given_up_mj = 0.0;
};

/// How a request ended.
struct Outcome {
  enum class Kind { kCompleted, kExpired, kCancelled, kFailed, kRefused };
  Kind kind = Kind::kCompleted;
  RequestId id = 0;
  std::string session;
  std::string model;
  std::string cluster;  ///< empty if it never ran
  std::string subnet;
  base::TimePoint arrival{};
  base::Duration response{};  ///< arrival to end
  base::Duration compute{};
  int threads = 1;            ///< that ran during compute
  base::Duration overhead{};  ///< as in the request
  double expected_ms = 0.0;
  double accuracy = 0.0;
  std::optional<double> energy_mj;
  policies::Evidence energy_evidence = policies::Evidence::kUnknown;
  bool missed = false;  ///< later than the target, or expired
  /// A run was given up for this one, which otherwise would have missed the target.
  bool restarted = false;
};

/// A queued request that new routes leave no way to run, and what its sender is to be told.
struct Refusal {
  Outcome outcome;
  absl::Status status;
};

struct DispatcherOptions {
  std::size_t max_queued_per_cluster = 256;
  /// Of one session, or of one user's requests without a session.
  std::size_t max_queued_per_session = 64;
};

/// Admission, queues and per-request adaptation: earliest deadline first in each cluster's queue,
/// ties by priority. Passive: no thread, no clock, no lock; the caller serialises the calls and
/// passes the time.
class Dispatcher {
 public:
  /// `slowdowns` must outlive the dispatcher, which is the request path's side of it.
  Dispatcher(DispatcherOptions options, SlowdownBook& slowdowns)
      : options_(options), slowdowns_(slowdowns) {}

  /// Puts new routes in force. Queued requests move to the cluster of their new route. Those that
  /// would not be queued any more, because their session has ended or is not served, no cluster can
  /// run their model, or the subnet that they pin is out of reach, end with the status that they
  /// would get from Submit.
  [[nodiscard]] std::vector<Refusal> SetRoutes(std::shared_ptr<const RoutingTable> routes,
                                               base::TimePoint now);

  /// Queues a request. NOT_FOUND: there is no such session. UNAVAILABLE: no cluster can run its
  /// model now. DEADLINE_EXCEEDED: expiry is past. FAILED_PRECONDITION: floor or subnet are beyond
  /// the session's ceiling. RESOURCE_EXHAUSTED: the queue or the session's share of it is full, or
  /// the decision does not serve the session. Otherwise it ends by Complete, Expire, Cancel or
  /// SetRoutes, exactly once.
  absl::Status Submit(const Request& request, base::TimePoint now);

  /// Takes the most urgent request of `cluster` out of its queue and picks its level; nullopt if
  /// the queue is empty.
  std::optional<Work> NextWork(const std::string& cluster, base::TimePoint now);

  /// What runs instead of a run that its last chance says to give up, after `elapsed` and before
  /// the `projected` end of it: the cheapest level allowed, once for each request. nullopt: the run
  /// goes on, since new routes leave no cheaper one there.
  std::optional<Work> Restart(const Work& work, base::TimePoint now, base::Duration elapsed,
                              base::Duration projected);

  /// Ends a request that NextWork or Restart gave. `compute` is the time the run took; `ok` whether
  /// it gave a result. Updates the slow-down estimate of its cluster, and how well its ends are
  /// foreseen.
  Outcome Complete(const Work& work, base::TimePoint now, base::Duration compute, bool ok);

  /// Drops a queued request; nullopt if it is not queued (it runs or has ended).
  std::optional<Outcome> Cancel(RequestId id, base::TimePoint now);

  /// Drops every queued request whose expiry has come.
  std::vector<Outcome> Expire(base::TimePoint now);

  /// When Expire should be called next.
  std::optional<base::TimePoint> NextExpiry() const;

  std::size_t queued() const { return pending_.size(); }
  std::size_t queued(const std::string& cluster) const;

 private:
  /// Order of a cluster's queue: due time, priority, arrival.
  using Key = std::tuple<base::TimePoint, int, RequestId>;

  struct Pending {
    Request request;
    base::TimePoint arrival;
    base::TimePoint due;
    bool has_target = false;
    std::string cluster;
    Key key;
  };
  /// By which route a request runs, or why by none.
  absl::StatusOr<const Route*> RouteOf(const Request& request) const;
  void Enqueue(Pending pending);
  Pending Remove(std::unordered_map<RequestId, Pending>::iterator found);
  Outcome Dropped(const Pending& pending, Outcome::Kind kind, base::TimePoint now) const;
  Work MakeWork(const Pending& pending, const Route& route, std::size_t level,
                base::TimePoint now) const;
  std::size_t LevelFor(const Pending& pending, const Route& route, base::TimePoint now) const;
  /// Accuracy below which a request does not run.
  static double FloorOf(const Request& request, const Route& route);
  /// The cheapest level below `level` that a request may run at; nullopt if there is none.
  static std::optional<std::size_t> AlternateOf(const Request& request, const Route& route,
                                                std::size_t level);
  std::optional<policies::LastChance> LastChanceOf(const Pending& pending, const Route& route,
                                                   std::size_t level, base::TimePoint now) const;

  const DispatcherOptions options_;
  SlowdownBook& slowdowns_;
  std::shared_ptr<const RoutingTable> routes_ = std::make_shared<RoutingTable>();
  std::unordered_map<RequestId, Pending> pending_;
  std::unordered_map<RequestId, Pending> running_;
  std::map<std::string, std::set<Key>, std::less<>> queues_;
  std::map<std::string, Foresight, std::less<>> foresight_;  ///< by cluster
  std::map<std::string, std::size_t, std::less<>> queued_per_share_;
  std::set<std::pair<base::TimePoint, RequestId>> expiries_;
};

}  // namespace dynofa::dispatch

#endif  // DYNOFA_DAEMON_DISPATCH_DISPATCHER_H_
