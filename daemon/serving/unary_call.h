#ifndef DYNOFA_DAEMON_SERVING_UNARY_CALL_H_
#define DYNOFA_DAEMON_SERVING_UNARY_CALL_H_

#include <functional>
#include <memory>
#include <mutex>

#include "absl/status/status.h"
#include "daemon/serving/call_registry.h"
#include "daemon/serving/connections.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/server_callback.h"

namespace dynofa::serving {

/// A unary call that is answered once: by whoever holds it, by the client's cancellation or by
/// the daemon's stop, whichever comes first. Thread-safe. It may be held for longer than the call
/// lasts; then its answer goes nowhere.
class UnaryCall final : public OpenCall, public std::enable_shared_from_this<UnaryCall> {
 public:
  using Handler =
      std::function<void(const std::shared_ptr<UnaryCall>& call, const Connection& connection)>;

  /// The body of a method: finds out who calls and runs `handler`, which answers now or later.
  /// The call is refused while the daemon stops, and an exception in `handler` becomes INTERNAL.
  static grpc::ServerUnaryReactor* Handle(grpc::CallbackServerContext* context,
                                          const Connections& connections, CallRegistry& registry,
                                          const Handler& handler);

  /// Ends the call. With OK, `fill` writes the response first: it is valid only here. False if
  /// the call has ended before; then `fill` does not run.
  bool Finish(const absl::Status& status, const std::function<void()>& fill = {});

  /// Runs `hook` once if the call ends by cancellation or abort. For use inside a handler.
  void OnCancelled(std::function<void()> hook);

  void Abort(const absl::Status& why) override;

 private:
  class Reactor;

  explicit UnaryCall(CallRegistry& registry) : registry_(registry) {}

  CallRegistry& registry_;
  std::mutex mutex_;
  // Guarded by mutex_.
  Reactor* reactor_ = nullptr;  ///< null once the call has ended; deletes itself after that
  std::function<void()> hook_;
};

}  // namespace dynofa::serving

#endif  // DYNOFA_DAEMON_SERVING_UNARY_CALL_H_
