#ifndef DYNOFA_CLIENT_H_
#define DYNOFA_CLIENT_H_

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "dynofa/board.h"
#include "dynofa/profile.h"
#include "dynofa/result.h"
#include "dynofa/types.h"

// libdynofa: inference and sessions at a dynofa daemon on the same machine.
//
//   auto client = dynofa::client::Client::Connect({});
//   auto session = client->OpenSession({.requirement = {.latency_ms = 20.0}});
//   auto answer = client->Infer(image, {.session = session->id()});
//
// client/examples/classify.cc is a whole program.

namespace dynofa::client {

/// Where the daemon listens: $DYNOFA_SOCKET, or /run/dynofa/dynofa.sock.
std::string DefaultSocket();

struct ConnectOptions {
  /// Empty: DefaultSocket().
  std::string socket;
  /// How long to wait for a daemon that is not there yet.
  std::chrono::milliseconds wait_ready{0};
};

struct SessionOptions {
  /// Empty: the only hosted model.
  std::string model;
  /// For people; at most 64 bytes of printable text.
  std::string name;
  Requirement requirement;
  /// Open the session again, with the requirement in force, when the daemon was away. Its id
  /// changes then.
  bool reopen = true;
};

/// A standing relation with the daemon, which ends when this object does. Thread-safe.
class Session {
 public:
  /// Runs on a thread of the session after each change of its assignment. Must not destroy the
  /// session.
  using OnChange = std::function<void(const SessionInfo& info)>;

  Session(Session&&) noexcept;
  Session& operator=(Session&&) noexcept;
  /// Ends the session.
  ~Session();

  /// For InferOptions::session.
  std::string id() const;

  /// As the daemon last told.
  SessionInfo info() const;

  /// False while the daemon is away (or for good, without SessionOptions::reopen).
  bool open() const;

  /// Changes what the session asks for. kInvalidArgument leaves the old requirement in force;
  /// after kUnavailable the new one takes effect when the session opens again.
  Result<SessionInfo> SetRequirement(const Requirement& requirement);

 private:
  friend class Client;
  class Impl;
  explicit Session(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

/// A connection to the daemon. When the daemon restarts, the connection comes back by itself;
/// calls meanwhile fail with kUnavailable. Thread-safe; sessions may outlive it.
class Client {
 public:
  using OnInference = std::function<void(Result<Inference> result)>;

  /// kNotFound or kUnavailable: no daemon there. kPermissionDenied: this user may not connect.
  /// The message says what to do.
  static Result<Client> Connect(const ConnectOptions& options);

  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;
  /// Cancels the requests in flight; their callbacks have run, and are gone, when it returns.
  ~Client();

  Result<Session> OpenSession(const SessionOptions& options, Session::OnChange on_change = {});

  /// Runs one inference and waits for it.
  Result<Inference> Infer(const ImageView& image, const InferOptions& options = {});
  Result<Inference> Infer(const TensorView& tensor, const InferOptions& options = {});

  /// The same without waiting: `done` runs exactly once, on a thread of the library or on this
  /// one, and must not block.
  void InferAsync(const ImageView& image, const InferOptions& options, OnInference done);

  Result<Status> GetStatus();

  /// What was found of the board, what may be written, and what is missing and why.
  Result<Board> GetBoard();

  /// Empty name: the only hosted model.
  Result<ModelInfo> GetModel(const std::string& name = "");

  /// Begins to measure, for operators only; the daemon goes on without this client.
  /// kFailedPrecondition: it does so already, or a session cannot be served meanwhile.
  Result<ProfileProgress> StartProfile(const ProfileRequest& request);
  /// Ends that; what was measured is kept. kFailedPrecondition: there is nothing to end.
  Result<ProfileProgress> CancelProfile();
  /// How far the daemon is, and with `entries` all that it knows.
  Result<Profiles> GetProfile(bool entries = true);

 private:
  class Impl;
  explicit Client(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace dynofa::client

#endif  // DYNOFA_CLIENT_H_
