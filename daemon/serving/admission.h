#ifndef DYNOFA_DAEMON_SERVING_ADMISSION_H_
#define DYNOFA_DAEMON_SERVING_ADMISSION_H_

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "absl/status/statusor.h"
#include "daemon/config/config.h"

namespace dynofa::serving {

/// Keeps what each uid has in flight within its quota. Thread-safe.
class Admission {
 public:
  /// Streams that a uid may have open: each decision is written to each of them.
  static constexpr int kMaxStreams = 64;

  /// Changes to sessions by unary calls that a uid may have waiting for the manager.
  static constexpr int kMaxSessionCalls = 64;

  /// What a uid has in flight.
  struct Use {
    int requests = 0;
    std::int64_t bytes = 0;
    int streams = 0;
    int session_calls = 0;
  };

  /// A place in a uid's quota, given back by the destructor. May outlive the Admission.
  class Ticket {
   public:
    Ticket() = default;
    Ticket(Ticket&&) = default;
    Ticket& operator=(Ticket&&) = delete;
    ~Ticket();

   private:
    friend class Admission;
    struct Ledger;
    Ticket(std::shared_ptr<Ledger> ledger, std::uint32_t uid, Use use)
        : ledger_(std::move(ledger)), uid_(uid), use_(use) {}

    std::shared_ptr<Ledger> ledger_;
    std::uint32_t uid_ = 0;
    Use use_;
  };

  explicit Admission(config::AccessConfig access);

  /// Admits one request of `bytes` >= 0. RESOURCE_EXHAUSTED names the limit that is reached.
  absl::StatusOr<Ticket> Admit(std::uint32_t uid, std::int64_t bytes);

  /// Admits one stream. RESOURCE_EXHAUSTED beyond kMaxStreams.
  absl::StatusOr<Ticket> AdmitStream(std::uint32_t uid);

  /// Admits one change to a session, until the manager is done with it: a call that is cancelled
  /// still waits there. RESOURCE_EXHAUSTED beyond kMaxSessionCalls.
  absl::StatusOr<Ticket> AdmitSessionCall(std::uint32_t uid);

  /// The priority that `uid` gets when it asks for `wanted`, or for none. PERMISSION_DENIED if
  /// that is better than it may have.
  absl::StatusOr<int> Priority(std::uint32_t uid, std::optional<int> wanted) const;

 private:
  const config::AccessConfig access_;
  const std::shared_ptr<Ticket::Ledger> ledger_;
};

}  // namespace dynofa::serving

#endif  // DYNOFA_DAEMON_SERVING_ADMISSION_H_
