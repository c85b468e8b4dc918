#ifndef DYNOFA_DAEMON_SERVING_LISTENER_H_
#define DYNOFA_DAEMON_SERVING_LISTENER_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "daemon/base/unique_fd.h"

namespace dynofa::serving {

/// The daemon's listening Unix socket, mode 0660. A lock file beside it (`<path>.lock`, flock)
/// keeps a second daemon from taking the path over; it stays behind, empty, when the daemon ends.
class Listener {
 public:
  /// Binds `path` and listens. `group` names the group that may connect; empty: the process's
  /// own. A socket that nobody answers is left from a crash and replaced. ALREADY_EXISTS: another
  /// daemon serves there. INVALID_ARGUMENT: the path is too long or not a socket, or the group is
  /// unknown. Else the status of the failed system call.
  static absl::StatusOr<std::unique_ptr<Listener>> Create(const std::string& path,
                                                          const std::string& group);

  /// Removes the socket from the file system.
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  /// Non-blocking.
  int fd() const { return socket_.get(); }
  const std::string& path() const { return path_; }

 private:
  Listener(std::string path, base::UniqueFd lock, base::UniqueFd socket);

  const std::string path_;
  base::UniqueFd lock_;
  base::UniqueFd socket_;
};

}  // namespace dynofa::serving

#endif  // DYNOFA_DAEMON_SERVING_LISTENER_H_
