#include "daemon/dispatch/dispatcher.h"

#include <algorithm>
#include <utility>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"

namespace dynofa::dispatch {
namespace {

/// Due time of a request that asks for none, after its arrival: late enough to let those with a
/// target pass, soon enough not to starve.
constexpr base::Duration kBestEffort = std::chrono::seconds(1);

/// A target shorter than this times the priority (1 to 9) does not get a request any further
/// forward: nobody buys the front of the queue with a target that nothing can meet.
constexpr base::Duration kLeastOrder = std::chrono::milliseconds(1);

/// Share of its expected time that a level must leave of the slack for runs that take longer, at
/// most: no more than a plan in force leaves, so that this alone takes no request below its
/// ceiling.
constexpr double kMostSpare = 0.08;

/// The subnets that a request may pin: from the route's floor to its ceiling.
std::string Names(const Route& route) {
  std::string names;
  for (std::size_t level = 0; level <= route.ceiling; ++level) {
    if (route.ladder[level].accuracy < route.min_accuracy) continue;
    names += (names.empty() ? "" : ", ") + route.ladder[level].subnet;
  }
  return names;
}

/// Whom a queued request counts against: its session, or else its user.
std::string ShareOf(const Request& request) {
  return request.session.empty() ? base::StrCat("uid ", request.uid) : request.session;
}

std::optional<std::size_t> LevelOf(const Route& route, const std::string& subnet) {
  for (std::size_t level = 0; level <= route.ceiling && level < route.ladder.size(); ++level) {
    if (route.ladder[level].subnet != subnet) continue;
    if (route.ladder[level].accuracy >= route.min_accuracy) return level;
  }
  return std::nullopt;
}

}  // namespace

std::vector<Refusal> Dispatcher::SetRoutes(std::shared_ptr<const RoutingTable> routes,
                                           base::TimePoint now) {
  routes_ = std::move(routes);
  std::vector<RequestId> queued_ids;
  for (const auto& [id, pending] : pending_) queued_ids.push_back(id);
  std::vector<Refusal> refusals;
  for (RequestId id : queued_ids) {
    const auto found = pending_.find(id);
    const auto route = RouteOf(found->second.request);
    if (!route.ok()) {
      refusals.push_back({Dropped(Remove(found), Outcome::Kind::kRefused, now), route.status()});
    } else if ((*route)->cluster != found->second.cluster) {
      Pending pending = Remove(found);
      pending.cluster = (*route)->cluster;
      Enqueue(std::move(pending));
    }
  }
  return refusals;
}

absl::StatusOr<const Route*> Dispatcher::RouteOf(const Request& request) const {
  const Route* route = nullptr;
  if (!request.session.empty()) {
    route = routes_->OfSession(request.session);
    if (route == nullptr && !request.outlives_session) {
      return absl::NotFoundError("there is no such session; it may have ended: open a new one");
    }
  }
  if (route == nullptr) route = routes_->OfModel(request.model);
  if (route != nullptr && !route->refused_because.empty()) {
    return absl::ResourceExhaustedError(
        base::StrCat("the session is not served: ", route->refused_because));
  }
  if (route == nullptr || route->ceiling >= route->ladder.size()) {
    return absl::UnavailableError(
        base::StrCat("no cluster can run model '", request.model, "' now"));
  }
  if (request.subnet && !LevelOf(*route, *request.subnet)) {
    return absl::FailedPreconditionError(base::StrCat(
        "subnet '", *request.subnet, "' is not between the session's floor and its ceiling on ",
        route->cluster, "; there are: ", Names(*route)));
  }
  return route;
}

absl::Status Dispatcher::Submit(const Request& request, base::TimePoint now) {
  DYNOFA_ASSIGN_OR_RETURN(const Route* const route, RouteOf(request));
  const policies::Level& ceiling = route->ladder[route->ceiling];
  if (request.min_accuracy && *request.min_accuracy > ceiling.accuracy) {
    return absl::FailedPreconditionError(base::StrCat(
        "min_accuracy ", *request.min_accuracy, " is above the session's present ceiling, subnet '",
        ceiling.subnet, "' with ", ceiling.accuracy,
        "; raise the session's requirement instead of a single request's"));
  }
  if (request.expiry && *request.expiry <= now) {
    return absl::DeadlineExceededError("the deadline had already passed when the request arrived");
  }
  if (queued(route->cluster) >= options_.max_queued_per_cluster) {
    return absl::ResourceExhaustedError(base::StrCat("the queue of ", route->cluster, " is full (",
                                                     options_.max_queued_per_cluster,
                                                     " requests); send slower or retry later"));
  }
  if (queued_per_share_[ShareOf(request)] >= options_.max_queued_per_session) {
    return absl::ResourceExhaustedError(base::StrCat(
        "there are already ", options_.max_queued_per_session, " requests queued for ",
        request.session.empty() ? "you" : "the session", "; wait for answers before sending more"));
  }
  std::optional<base::Duration> target = request.target ? request.target : route->target;
  if (target) target = std::max(*target - request.overhead, base::Duration::zero());
  base::TimePoint due = now + target.value_or(kBestEffort);
  if (request.expiry) due = std::min(due, *request.expiry);
  const base::TimePoint order = std::max(due, now + kLeastOrder * route->priority);
  Enqueue({.request = request,
           .arrival = now,
           .due = due,
           .has_target = target.has_value(),
           .cluster = route->cluster,
           .key = {order, route->priority, request.id}});
  return absl::OkStatus();
}

void Dispatcher::Enqueue(Pending pending) {
  const RequestId id = pending.request.id;
  queues_[pending.cluster].insert(pending.key);
  ++queued_per_share_[ShareOf(pending.request)];
  if (pending.request.expiry) expiries_.emplace(*pending.request.expiry, id);
  pending_.emplace(id, std::move(pending));
}

Dispatcher::Pending Dispatcher::Remove(std::unordered_map<RequestId, Pending>::iterator found) {
  Pending pending = std::move(found->second);
  pending_.erase(found);
  queues_[pending.cluster].erase(pending.key);
  auto share = queued_per_share_.find(ShareOf(pending.request));
  if (--share->second == 0) queued_per_share_.erase(share);
  if (pending.request.expiry) expiries_.erase({*pending.request.expiry, pending.request.id});
  return pending;
}

std::optional<Work> Dispatcher::NextWork(const std::string& cluster, base::TimePoint now) {
  const auto queue = queues_.find(cluster);
  if (queue == queues_.end() || queue->second.empty()) return std::nullopt;
  const RequestId id = std::get<RequestId>(*queue->second.begin());
  const Pending& pending = running_.insert_or_assign(id, Remove(pending_.find(id))).first->second;
  // What is queued has a route: SetRoutes refuses the rest.
  const Route& route = **RouteOf(pending.request);
  const std::size_t level = LevelFor(pending, route, now);
  Work work = MakeWork(pending, route, level, now);
  work.last_chance = LastChanceOf(pending, route, level, now);
  return work;
}

double Dispatcher::FloorOf(const Request& request, const Route& route) {
  // A decision may have lowered the ceiling since admission: the floor of a single request yields
  // to it, the session's own never lies above it.
  return std::min(std::max(route.min_accuracy, request.min_accuracy.value_or(0.0)),
                  route.ladder[route.ceiling].accuracy);
}

std::size_t Dispatcher::LevelFor(const Pending& pending, const Route& route,
                                 base::TimePoint now) const {
  const Request& request = pending.request;
  if (request.subnet) return *LevelOf(route, *request.subnet);
  std::optional<double> slack_ms;
  if (pending.has_target) slack_ms = base::ToMs(pending.due - now);
  const auto slowdown_of = [&](const policies::Level& level) {
    const auto expected = slowdowns_.Of(route.cluster, request.model, level.subnet, now);
    return expected.slowdown * (1.0 + std::min(expected.spread, kMostSpare));
  };
  return policies::PickLevel(route.ladder, route.ceiling, slack_ms, slowdown_of,
                             FloorOf(request, route))
      .value_or(route.ceiling);
}

std::optional<std::size_t> Dispatcher::AlternateOf(const Request& request, const Route& route,
                                                   std::size_t level) {
  if (request.subnet) return std::nullopt;
  const double floor = FloorOf(request, route);
  for (std::size_t alternate = 0; alternate < level; ++alternate) {
    if (route.ladder[alternate].accuracy >= floor) return alternate;
  }
  return std::nullopt;
}

std::optional<policies::LastChance> Dispatcher::LastChanceOf(const Pending& pending,
                                                             const Route& route, std::size_t level,
                                                             base::TimePoint now) const {
  const auto alternate = AlternateOf(pending.request, route, level);
  if (!pending.has_target || !alternate) return std::nullopt;
  const auto expected_ms = [&](const policies::Level& at) {
    const std::string& model = pending.request.model;
    return at.latency_ms * slowdowns_.Of(route.cluster, model, at.subnet, now).slowdown;
  };
  const auto foresight = foresight_.find(route.cluster);
  const policies::LastChance chance{
      .slack_ms = base::ToMs(pending.due - now),
      .expected_ms = expected_ms(route.ladder[level]),
      .alternate_ms = expected_ms(route.ladder[*alternate]),
      .armed = foresight != foresight_.end() && foresight->second.Reliable()};
  return chance.Exists() ? std::optional(chance) : std::nullopt;
}

Work Dispatcher::MakeWork(const Pending& pending, const Route& route, std::size_t level,
                          base::TimePoint now) const {
  const Request& request = pending.request;
  const policies::Level& picked = route.ladder[level];
  return {.id = request.id,
          .session = request.session,
          .model = request.model,
          .cluster = route.cluster,
          .subnet = picked.subnet,
          .level = level,
          .accuracy = picked.accuracy,
          .active_power_w = picked.active_power_w,
          .power_evidence = picked.power_evidence,
          .threads = picked.threads,
          .frequency_khz = route.frequency_khz,
          .expected_ms = picked.latency_ms,
          .queued = now - pending.arrival,
          .last_chance = std::nullopt,
          .foreseen_ms = std::nullopt};
}

std::optional<Work> Dispatcher::Restart(const Work& work, base::TimePoint now,
                                        base::Duration elapsed, base::Duration projected) {
  const Pending& pending = running_.at(work.id);
  const auto route = RouteOf(pending.request);
  if (!route.ok() || (*route)->cluster != work.cluster) return std::nullopt;
  // By accuracy, since the ladder may be another one by now, and its ceiling below the run.
  std::size_t level = (*route)->ceiling + 1;
  while (level > 0 && (*route)->ladder[level - 1].accuracy >= work.accuracy) --level;
  const auto alternate = AlternateOf(pending.request, **route, level);
  if (!alternate) return std::nullopt;
  slowdowns_.Observe(work.cluster, work.model, work.subnet, work.expected_ms, base::ToMs(projected),
                     now);
  Work instead = MakeWork(pending, **route, *alternate, now - elapsed);
  instead.given_up = elapsed;
  instead.given_up_mj = work.active_power_w * base::ToMs(elapsed);
  return instead;
}

Outcome Dispatcher::Complete(const Work& work, base::TimePoint now, base::Duration compute,
                             bool ok) {
  const Pending ran = running_.extract(work.id).mapped();
  if (ok) {
    slowdowns_.Observe(work.cluster, work.model, work.subnet, work.expected_ms, base::ToMs(compute),
                       now);
    if (work.foreseen_ms) {
      foresight_[work.cluster].Observe(*work.foreseen_ms, base::ToMs(compute));
    }
  }
  Outcome outcome{.kind = ok ? Outcome::Kind::kCompleted : Outcome::Kind::kFailed,
                  .id = work.id,
                  .session = work.session,
                  .model = work.model,
                  .cluster = work.cluster,
                  .subnet = work.subnet,
                  .arrival = ran.arrival,
                  .response = now - ran.arrival,
                  .compute = work.given_up + compute,
                  .overhead = ran.request.overhead,
                  .expected_ms = work.expected_ms,
                  .accuracy = work.accuracy,
                  .missed = ran.has_target && now > ran.due,
                  .restarted = work.given_up > base::Duration::zero()};
  outcome.threads = work.threads;
  if (work.active_power_w > 0.0) {
    outcome.energy_mj = work.given_up_mj + work.active_power_w * base::ToMs(compute);
    outcome.energy_evidence = work.power_evidence;
  }
  return outcome;
}

Outcome Dispatcher::Dropped(const Pending& pending, Outcome::Kind kind, base::TimePoint now) const {
  return {.kind = kind,
          .id = pending.request.id,
          .session = pending.request.session,
          .model = pending.request.model,
          .arrival = pending.arrival,
          .response = now - pending.arrival,
          .missed = kind == Outcome::Kind::kExpired};
}

std::optional<Outcome> Dispatcher::Cancel(RequestId id, base::TimePoint now) {
  auto found = pending_.find(id);
  if (found == pending_.end()) return std::nullopt;
  return Dropped(Remove(found), Outcome::Kind::kCancelled, now);
}

std::vector<Outcome> Dispatcher::Expire(base::TimePoint now) {
  std::vector<Outcome> expired;
  while (!expiries_.empty() && expiries_.begin()->first <= now) {
    const Pending pending = Remove(pending_.find(expiries_.begin()->second));
    expired.push_back(Dropped(pending, Outcome::Kind::kExpired, now));
  }
  return expired;
}

std::optional<base::TimePoint> Dispatcher::NextExpiry() const {
  if (expiries_.empty()) return std::nullopt;
  return expiries_.begin()->first;
}

std::size_t Dispatcher::queued(const std::string& cluster) const {
  auto queue = queues_.find(cluster);
  return queue == queues_.end() ? 0 : queue->second.size();
}

}  // namespace dynofa::dispatch
