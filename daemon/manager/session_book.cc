#include "daemon/manager/session_book.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"
#include "daemon/base/status.h"
#include "daemon/base/strings.h"

namespace dynofa::manager {
namespace {

/// Weight of the newest window in the rate that is shown and decided on; less if the window is
/// shorter than a tick of a busy service.
constexpr double kRateWeight = 0.5;
constexpr double kWholeWindowS = 0.5;
/// Weight of the newest request in a session's overhead.
constexpr double kOverheadWeight = 0.1;

/// An id that another client cannot guess: 64 random bits from the system.
std::string NewId(std::uint64_t order) {
  std::random_device device;
  const std::uint64_t random = (std::uint64_t{device()} << 32) | device();
  return absl::StrFormat("s%d-%016x", order, random);
}

absl::Status CheckName(const std::string& name) {
  if (name.size() > kMaxClientName) {
    return absl::InvalidArgumentError(
        base::StrCat("client_name has ", name.size(), " bytes; allowed: ", kMaxClientName));
  }
  const bool printable =
      std::all_of(name.begin(), name.end(), [](unsigned char c) { return c >= 0x20 && c != 0x7f; });
  if (!printable) return absl::InvalidArgumentError("client_name holds control characters");
  return absl::OkStatus();
}

absl::Status CheckTimeToLive(base::Duration time_to_live) {
  if (time_to_live >= kMinTimeToLive && time_to_live <= kMaxTimeToLive) return absl::OkStatus();
  return absl::InvalidArgumentError(
      base::StrCat("time_to_live_s is ", base::ToSeconds(time_to_live), "; allowed: 1 to 3600"));
}

}  // namespace

absl::Status SessionBook::CheckRequirement(const policies::Requirement& requirement,
                                           const Caller& caller) const {
  const std::string error = policies::RequirementError(requirement);
  if (!error.empty()) return absl::InvalidArgumentError(error);
  const int highest = limits_of_(caller.uid).highest_priority;
  if (requirement.priority < highest) {
    return absl::PermissionDeniedError(base::StrCat("uid ", caller.uid, " may ask for priority ",
                                                    highest, " to 9, not for ",
                                                    requirement.priority));
  }
  return absl::OkStatus();
}

int SessionBook::CountOf(std::uint32_t uid) const {
  return static_cast<int>(std::count_if(sessions_.begin(), sessions_.end(), [&](const auto& item) {
    return item.second.view.caller.uid == uid;
  }));
}

absl::StatusOr<std::string> SessionBook::Open(const SessionSpec& spec, base::TimePoint now) {
  DYNOFA_RETURN_IF_ERROR(CheckName(spec.client_name));
  DYNOFA_RETURN_IF_ERROR(CheckRequirement(spec.requirement, spec.caller));
  if (spec.kind == SessionKind::kLease) {
    DYNOFA_RETURN_IF_ERROR(CheckTimeToLive(spec.time_to_live));
  }
  const int allowed = limits_of_(spec.caller.uid).max_sessions;
  if (CountOf(spec.caller.uid) >= allowed) {
    return absl::ResourceExhaustedError(base::StrCat("uid ", spec.caller.uid, " already has ",
                                                     allowed, " sessions; close one first"));
  }
  Session session;
  session.order = ++opened_;
  session.view.id = NewId(session.order);
  session.view.model = spec.model;
  session.view.client_name = spec.client_name;
  session.view.kind = spec.kind;
  session.view.caller = spec.caller;
  session.view.requirement = spec.requirement;
  session.lease_end = now + spec.time_to_live;
  const std::string id = session.view.id;
  sessions_.emplace(id, std::move(session));
  return id;
}

absl::StatusOr<SessionBook::Session*> SessionBook::Owned(const std::string& id,
                                                         const Caller& caller) {
  auto found = sessions_.find(id);
  if (found == sessions_.end()) {
    return absl::NotFoundError(base::StrCat(
        "there is no session '", absl::CEscape(id.substr(0, 64)), "'; it may have ended"));
  }
  if (found->second.view.caller.uid != caller.uid) {
    return absl::PermissionDeniedError("the session belongs to another user");
  }
  return &found->second;
}

absl::Status SessionBook::Update(const std::string& id, const Caller& caller,
                                 const policies::Requirement& requirement) {
  DYNOFA_ASSIGN_OR_RETURN(Session* const session, Owned(id, caller));
  DYNOFA_RETURN_IF_ERROR(CheckRequirement(requirement, caller));
  session->view.requirement = requirement;
  return absl::OkStatus();
}

absl::Status SessionBook::Renew(const std::string& id, const Caller& caller,
                                base::Duration time_to_live, base::TimePoint now) {
  DYNOFA_ASSIGN_OR_RETURN(Session* const session, Owned(id, caller));
  if (session->view.kind != SessionKind::kLease) {
    return absl::FailedPreconditionError(
        "only a lease can be renewed; this session ends with its "
        "stream or connection");
  }
  DYNOFA_RETURN_IF_ERROR(CheckTimeToLive(time_to_live));
  session->lease_end = now + time_to_live;
  return absl::OkStatus();
}

absl::Status SessionBook::Close(const std::string& id, const Caller& caller) {
  DYNOFA_RETURN_IF_ERROR(Owned(id, caller).status());
  sessions_.erase(id);
  return absl::OkStatus();
}

std::vector<std::string> SessionBook::ExpireLeases(base::TimePoint now) {
  std::vector<std::string> expired;
  for (const auto& [id, session] : sessions_) {
    if (session.view.kind == SessionKind::kLease && session.lease_end <= now) expired.push_back(id);
  }
  for (const std::string& id : expired) sessions_.erase(id);
  return expired;
}

std::optional<base::TimePoint> SessionBook::NextLeaseEnd() const {
  std::optional<base::TimePoint> next;
  for (const auto& [id, session] : sessions_) {
    if (session.view.kind != SessionKind::kLease) continue;
    next = std::min(next.value_or(session.lease_end), session.lease_end);
  }
  return next;
}

void SessionBook::Observe(const dispatch::Outcome& outcome) {
  auto found = sessions_.find(outcome.session);
  if (found == sessions_.end()) return;
  Session& session = found->second;
  if (outcome.kind == dispatch::Outcome::Kind::kCancelled) return;
  session.variation.Add(outcome.arrival);
  ++session.arrived;
  session.last_arrival = std::max(session.last_arrival.value_or(outcome.arrival), outcome.arrival);
  if (outcome.kind == dispatch::Outcome::Kind::kCompleted) {
    ++session.counting.completed;
    ++session.view.total_completed;
    session.response_ms.Add(base::ToMs(outcome.response));
    session.overhead_ms += kOverheadWeight * (base::ToMs(outcome.overhead) - session.overhead_ms);
  }
  if (outcome.missed) {
    ++session.counting.missed;
    ++session.view.total_missed;
  } else if (outcome.restarted) {
    ++session.counting.restarted;
    ++session.view.total_restarted;
  }
}

double SessionBook::RateOf(const Session& session, base::Duration length) {
  const auto arrived = static_cast<double>(session.arrived);
  const double window_s = std::max(base::ToSeconds(length), 1e-3);
  if (session.arrived == 0 || !session.last_arrival_before) return arrived / window_s;
  // Over the time in which they came: on an overloaded cluster they end at another rate. A few that
  // happen to come close together say nothing.
  constexpr std::int64_t kEnough = 4;
  const double came_s = base::ToSeconds(*session.last_arrival - *session.last_arrival_before);
  return arrived / std::max(came_s, session.arrived < kEnough ? window_s : 1e-3);
}

void SessionBook::EndWindow(base::Duration length) {
  const double share = std::min(base::ToSeconds(length) / kWholeWindowS, 1.0);
  const double weight = 1.0 - std::pow(1.0 - kRateWeight, share);
  for (auto& [id, session] : sessions_) {
    policies::Observation& shown = session.view.observed;
    const double rate = RateOf(session, length);
    session.arrived = 0;
    session.last_arrival_before = session.last_arrival;
    const bool first = shown.rate_hz <= 0.0;
    session.counting.rate_hz = first ? rate : shown.rate_hz + weight * (rate - shown.rate_hz);
    session.counting.arrival_variation = session.variation.value();
    session.counting.overhead_ms = session.overhead_ms;
    session.counting.p50_ms = session.response_ms.Percentile(50.0);
    session.counting.p99_ms = session.response_ms.Percentile(99.0);
    shown = session.counting;
    session.counting = {};
  }
}

std::vector<policies::SessionState> SessionBook::States() const {
  std::vector<policies::SessionState> states;
  for (const SessionView& view : Views()) {
    states.push_back({view.id, view.model, view.requirement, view.observed, false});
  }
  return states;
}

std::vector<SessionView> SessionBook::Views() const {
  std::vector<const Session*> ordered;
  for (const auto& [id, session] : sessions_) ordered.push_back(&session);
  std::sort(ordered.begin(), ordered.end(),
            [](const Session* a, const Session* b) { return a->order < b->order; });
  std::vector<SessionView> views;
  for (const Session* session : ordered) views.push_back(session->view);
  return views;
}

const SessionView* SessionBook::Find(const std::string& id) const {
  auto found = sessions_.find(id);
  return found == sessions_.end() ? nullptr : &found->second.view;
}

}  // namespace dynofa::manager
