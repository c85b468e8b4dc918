#ifndef DYNOFA_DAEMON_SERVING_CONNECTIONS_H_
#define DYNOFA_DAEMON_SERVING_CONNECTIONS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string_view>
#include <thread>

#include "absl/status/statusor.h"
#include "daemon/base/unique_fd.h"
#include "daemon/manager/manager_api.h"
#include "daemon/serving/implicit_sessions.h"
#include "daemon/serving/listener.h"

namespace dynofa::serving {

/// One client connection, alive or just ended.
struct Connection {
  manager::Caller caller;
  std::shared_ptr<ImplicitSessions> sessions;
};

/// Accepts connections, learns from the kernel who is at the other end, and hands them on. The
/// one who serves them (gRPC) names a connection by its descriptor, "fd:N"; the numbers ascend
/// and come back only after tens of thousands of connections, so that a late call of a connection
/// that has ended is never taken for a call of another. Owns a thread. Thread-safe.
class Connections {
 public:
  struct Limits {
    std::size_t per_uid = 64;
    std::size_t total = 1024;
  };
  /// Takes a connected socket over. Runs on the thread of the connections.
  using Adopt = std::function<void(base::UniqueFd socket)>;

  /// Raises the soft limit of open files. `manager` outlives the connections and every call back
  /// from it, `admission` the connections.
  static absl::StatusOr<std::unique_ptr<Connections>> Create(std::unique_ptr<Listener> listener,
                                                             Limits limits,
                                                             manager::ManagerApi& manager,
                                                             Admission& admission);

  /// Ends the thread and every implicit session.
  ~Connections();
  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;

  /// Begins to accept. Call it once.
  void Start(Adopt adopt);

  /// The live connection with gRPC's name `peer`, or nullptr.
  std::shared_ptr<const Connection> Find(std::string_view peer) const;

  /// Closes the listening socket; the connections that are there stay. When it returns, `adopt` is
  /// not running and never runs again; must not be called from it.
  void StopAccepting();

  std::size_t size() const;

 private:
  /// A connection and the descriptor by which its end is noticed.
  struct Watched {
    std::shared_ptr<const Connection> connection;
    base::UniqueFd watch;
    int number = -1;
  };

  Connections(std::unique_ptr<Listener> listener, Limits limits, manager::ManagerApi& manager,
              Admission& admission, base::UniqueFd epoll, base::UniqueFd wake, int highest_number);

  void Run();
  void AcceptAll();
  void Accepted(base::UniqueFd socket);
  bool Admits(std::uint32_t uid);
  absl::StatusOr<base::UniqueFd> Numbered(int socket);
  void Ended(int watch);
  void WatchListener(bool on);

  const Limits limits_;
  const ImplicitSessions::Shared shared_;
  const base::UniqueFd epoll_;
  const base::UniqueFd wake_;
  const int highest_number_;

  // Touched by the thread alone once it runs.
  Adopt adopt_;
  int next_number_;
  std::map<int, Watched> watched_;  ///< by the watching descriptor
  std::map<std::uint32_t, std::size_t> per_uid_;
  std::set<std::uint32_t> refused_uids_;
  bool listener_watched_ = true;

  /// Held while a connection is accepted and handed on; taken before mutex_.
  std::mutex accepting_;
  mutable std::mutex mutex_;
  // Guarded by mutex_.
  std::map<int, std::shared_ptr<const Connection>> by_number_;
  std::unique_ptr<Listener> listener_;  ///< reset by StopAccepting

  std::thread thread_;
};

}  // namespace dynofa::serving

#endif  // DYNOFA_DAEMON_SERVING_CONNECTIONS_H_
