#ifndef DYNOFA_DAEMON_SERVING_STATUS_STREAM_H_
#define DYNOFA_DAEMON_SERVING_STATUS_STREAM_H_

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "daemon/serving/edge.h"
#include "proto/dynofa/v1/resource_manager.grpc.pb.h"

namespace dynofa::serving {

/// Sends the status at once and after each decision, until the client cancels or the daemon
/// stops. A client that reads slowly misses decisions, not the latest one. Thread-safe.
class StatusStream final : public OpenCall, public std::enable_shared_from_this<StatusStream> {
 public:
  using GrpcReactor = grpc::ServerWriteReactor<v1::Status>;

  /// The body of ResourceManager.WatchStatus.
  static GrpcReactor* Handle(grpc::CallbackServerContext* context, const Edge& edge);

  /// If a write waits for a client that does not read, the call ends when gRPC cancels it.
  void Abort(const absl::Status& why) override { End(why); }

 private:
  class Reactor;

  explicit StatusStream(const Edge& edge) : edge_(edge) {}

  /// Takes a place in the caller's quota.
  absl::Status Admit(std::string_view peer);
  void Begin();
  void OnStatus(const std::shared_ptr<const manager::StatusView>& view);
  void OnWriteDone(bool ok);
  void End(const absl::Status& why);

  // With mutex_ held:
  void StartWrite();
  void FinishNow();

  const Edge edge_;

  /// As in SessionStream, gRPC is called with the lock held.
  std::mutex mutex_;
  std::optional<Admission::Ticket> ticket_;
  Reactor* reactor_ = nullptr;  ///< null once finished; deletes itself after that
  v1::Status outgoing_;
  bool writing_ = false;
  std::shared_ptr<const manager::StatusView> queued_;
  std::optional<std::uint64_t> last_decision_;
  std::optional<absl::Status> ending_;
  std::optional<std::uint64_t> watch_;
};

}  // namespace dynofa::serving

#endif  // DYNOFA_DAEMON_SERVING_STATUS_STREAM_H_
