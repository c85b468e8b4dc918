#include "daemon/serving/admission.h"

#include <algorithm>
#include <utility>

#include "daemon/base/strings.h"
#include "policies/requirement.h"

namespace dynofa::serving {

struct Admission::Ticket::Ledger {
  struct Use {
    int requests = 0;
    std::int64_t bytes = 0;
  };
  std::mutex mutex;
  std::map<std::uint32_t, Use> uses;  ///< guarded by mutex
};

Admission::Ticket::~Ticket() {
  if (ledger_ == nullptr) return;
  std::lock_guard lock(ledger_->mutex);
  const auto use = ledger_->uses.find(uid_);
  use->second.bytes -= bytes_;
  if (--use->second.requests == 0) ledger_->uses.erase(use);
}

Admission::Admission(config::AccessConfig access)
    : access_(std::move(access)), ledger_(std::make_shared<Ticket::Ledger>()) {}

absl::StatusOr<Admission::Ticket> Admission::Admit(std::uint32_t uid, std::int64_t bytes) {
  const config::AccessLimits& limits = access_.For(uid);
  std::lock_guard lock(ledger_->mutex);
  const auto found = ledger_->uses.find(uid);
  const Ticket::Ledger::Use use =
      found == ledger_->uses.end() ? Ticket::Ledger::Use{} : found->second;
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
  ledger_->uses[uid] = {use.requests + 1, use.bytes + bytes};
  return Ticket(ledger_, uid, bytes);
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
