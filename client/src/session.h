#ifndef DYNOFA_CLIENT_SRC_SESSION_H_
#define DYNOFA_CLIENT_SRC_SESSION_H_

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "dynofa/client.h"
#include "grpcpp/grpcpp.h"
#include "proto/dynofa/v1/resource_manager.grpc.pb.h"

namespace dynofa::client {

/// Keeps the stream of a session on a thread of its own, and opens it again when the daemon was
/// away. Thread-safe.
class Session::Impl {
 public:
  /// Starts to open the session; Opened() tells how that went.
  Impl(std::shared_ptr<grpc::Channel> channel, SessionOptions options, OnChange on_change);
  ~Impl();

  /// Waits for the first answer.
  Result<Done> Opened();

  SessionInfo info() const;
  bool open() const;
  Result<SessionInfo> SetRequirement(const Requirement& requirement);

 private:
  void Run();
  /// One stream, from its opening to its end.
  grpc::Status RunStream();
  void Received(const v1::SessionState& state);
  /// Records the end of a stream; true if another one shall be opened.
  bool ShallReopen(const grpc::Status& status);

  const std::unique_ptr<v1::ResourceManager::Stub> stub_;
  const OnChange on_change_;
  const bool reopen_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  v1::OpenSessionRequest request_;
  std::optional<SessionInfo> info_;
  std::optional<Error> failure_;  ///< of the first opening
  bool open_ = false;
  bool closing_ = false;
  grpc::ClientContext* context_ = nullptr;  ///< of the stream that is open

  std::thread thread_;
};

}  // namespace dynofa::client

#endif  // DYNOFA_CLIENT_SRC_SESSION_H_
