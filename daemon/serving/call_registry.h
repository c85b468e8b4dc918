#ifndef DYNOFA_DAEMON_SERVING_CALL_REGISTRY_H_
#define DYNOFA_DAEMON_SERVING_CALL_REGISTRY_H_

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>

#include "absl/status/status.h"
#include "daemon/base/clock.h"

namespace dynofa::serving {

/// A call that the daemon can end at any time.
class OpenCall {
 public:
  virtual ~OpenCall() = default;
  /// Ends the call with `why` (not OK) unless it has ended. Thread-safe.
  virtual void Abort(const absl::Status& why) = 0;
};

/// Every call in flight, so that a stop can wait for them and then end them: gRPC's Shutdown
/// never returns while a call is not finished. Thread-safe.
class CallRegistry {
 public:
  enum class Kind {
    kRequest,  ///< ends by itself, a stop waits for it
    kStream,   ///< lasts as long as its client wants
  };

  /// False once calls are refused; else Remove(call.get()) must follow.
  bool Add(Kind kind, const std::shared_ptr<OpenCall>& call);
  void Remove(const OpenCall* call);

  /// From here on Add refuses.
  void RefuseNew();

  /// Waits until no request is in flight; false if that takes longer than `patience`.
  bool WaitForRequests(base::Duration patience);

  void AbortAll(const absl::Status& why);

  std::size_t size() const;

 private:
  struct Entry {
    Kind kind;
    std::weak_ptr<OpenCall> call;
  };

  mutable std::mutex mutex_;
  std::condition_variable no_requests_;
  // Guarded by mutex_.
  bool refusing_ = false;
  std::size_t requests_ = 0;
  std::map<const OpenCall*, Entry> calls_;
};

}  // namespace dynofa::serving

#endif  // DYNOFA_DAEMON_SERVING_CALL_REGISTRY_H_
