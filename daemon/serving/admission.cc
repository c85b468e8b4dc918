#include "daemon/serving/admission.h"

#include <algorithm>
#include <utility>

#include "daemon/base/strings.h"
#include "policies/requirement.h"

namespace dynofa::serving {

struct Admission::Ticket::Ledger {
  std::mutex mutex;
  std::map<std::uint32_t, Use> uses;  ///< guarded by mutex

  /// What `uid` has; with mutex held.
  Use Of(std::uint32_t uid) const {
    const auto found = uses.find(uid);
    return found == uses.end() ? Use{} : found->second;
  }
};

Admission::Ticket::~Ticket() {
  if (ledger_ == nullptr) return;
  std::lock_guard lock(ledger_->mutex);
  const auto found = ledger_->uses.find(uid_);
  Use& use = found->second;
  use.requests -= use_.requests;
  use.bytes -= use_.bytes;
  use.streams -= use_.streams;
  use.session_calls -= use_.session_calls;
  if (use.requests == 0 && use.streams == 0 && use.session_calls == 0) ledger_->uses.erase(found);
}

Admission::Admission(config::AccessConfig access)
    : access_(std::move(access)), ledger_(std::make_shared<Ticket::Ledger>()) {}

absl::StatusOr<Admission::Ticket> Admission::Admit(std::uint32_t uid, std::int64_t bytes) {
  const config::AccessLimits& limits = access_.For(uid);
  std::lock_guard lock(ledger_->mutex);
  const Use use = ledger_->Of(uid);
  if (use.requests >= limits.max_in_flight) {
    return absl::ResourceExhaustedError(
        base::StrCat("user ", uid, " has ", use.requests,
                     " requests in flight, as many as it may; wait for answers"));
  }
  if (bytes > limits.max_in_flight_bytes - use.bytes) {
    return absl::ResourceExhaustedError(
        base::StrCat("user ", uid, " has ", use.bytes, " bytes in flight of at most ",
                     limits.max_in_flight_bytes, "; this request has ", bytes));
  }
  ledger_->uses[uid] = {use.requests + 1, use.bytes + bytes, use.streams, use.session_calls};
  return Ticket(ledger_, uid, {.requests = 1, .bytes = bytes});
}

absl::StatusOr<Admission::Ticket> Admission::AdmitStream(std::uint32_t uid) {
  std::lock_guard lock(ledger_->mutex);
  const Use use = ledger_->Of(uid);
  if (use.streams >= kMaxStreams) {
    return absl::ResourceExhaustedError(
        base::StrCat("user ", uid, " has ", use.streams, " streams open, as many as it may"));
  }
  ledger_->uses[uid].streams = use.streams + 1;
  return Ticket(ledger_, uid, {.streams = 1});
}

absl::StatusOr<Admission::Ticket> Admission::AdmitSessionCall(std::uint32_t uid) {
  std::lock_guard lock(ledger_->mutex);
  const Use use = ledger_->Of(uid);
  if (use.session_calls >= kMaxSessionCalls) {
    return absl::ResourceExhaustedError(
        base::StrCat("user ", uid, " has ", use.session_calls,
                     " changes to sessions in flight, as many as it may; wait for answers"));
  }
  ledger_->uses[uid].session_calls = use.session_calls + 1;
  return Ticket(ledger_, uid, {.session_calls = 1});
}

absl::StatusOr<int> Admission::Priority(std::uint32_t uid, std::optional<int> wanted) const {
  const int best = access_.For(uid).highest_priority;
  if (!wanted) return std::max(policies::kDefaultPriority, best);
  if (*wanted >= best) return *wanted;
  return absl::PermissionDeniedError(base::StrCat("user ", uid, " may ask for priority ", best,
                                                  " to ", policies::kLowestPriority, ", not ",
                                                  *wanted));
}

}  // namespace dynofa::serving
