#ifndef DYNOFA_DAEMON_SERVING_SESSION_STREAM_H_
#define DYNOFA_DAEMON_SERVING_SESSION_STREAM_H_

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "daemon/serving/edge.h"
#include "proto/dynofa/v1/resource_manager.grpc.pb.h"

namespace dynofa::serving {

/// A session that lives as long as its stream. Answers each message in turn (the next one is read
/// after the answer is on its way) and sends the state again when a decision changes the
/// assignment; a client that reads slowly gets the latest state only. Ends with the client's half
/// close, its cancellation or death, an error, or the daemon's stop; the session ends with it.
/// Thread-safe.
class SessionStream final : public OpenCall, public std::enable_shared_from_this<SessionStream> {
 public:
  using GrpcReactor = grpc::ServerBidiReactor<v1::SessionRequest, v1::SessionState>;

  /// The body of ResourceManager.Session.
  static GrpcReactor* Handle(grpc::CallbackServerContext* context, const Edge& edge);

  /// If a write waits for a client that does not read, the call ends when gRPC cancels it.
  void Abort(const absl::Status& why) override { End(why); }

 private:
  class Reactor;

  explicit SessionStream(const Edge& edge) : edge_(edge) {}

  /// Takes a place in the caller's quota.
  absl::Status Admit(std::string_view peer);
  void ReadNext();
  void OnReadDone(bool ok);
  void OnWriteDone(bool ok);
  void Open(const v1::OpenSessionRequest& request);
  void Opened(const absl::StatusOr<manager::SessionView>& view);
  void Watch();
  void Update(const v1::Requirement& requirement);
  void Updated(const absl::StatusOr<manager::SessionView>& view);
  void OnStatus(const manager::StatusView& status);
  void Close(std::string session);
  void End(const absl::Status& why);

  // With mutex_ held:
  void Send(const manager::SessionView& view, bool is_answer);
  void StartWrite();
  void FinishNow();

  const Edge edge_;
  manager::Caller caller_;

  /// gRPC runs no reaction inside a Start or Finish, so these are called with the lock held: that
  /// keeps them in order.
  std::mutex mutex_;
  std::optional<Admission::Ticket> ticket_;
  Reactor* reactor_ = nullptr;  ///< null once finished; deletes itself after that
  v1::SessionRequest incoming_;
  v1::SessionState outgoing_;
  bool open_asked_ = false;
  bool writing_ = false;
  bool writing_answer_ = false;
  std::optional<v1::SessionState> queued_;
  bool queued_answer_ = false;
  std::optional<absl::Status> ending_;
  std::string session_;
  std::string shown_;  ///< the assignment as last sent
  bool seen_ = false;  ///< the manager has shown the session
  std::optional<std::uint64_t> watch_;
};

}  // namespace dynofa::serving

#endif  // DYNOFA_DAEMON_SERVING_SESSION_STREAM_H_
