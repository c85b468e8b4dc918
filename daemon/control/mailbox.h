#ifndef DYNOFA_DAEMON_CONTROL_MAILBOX_H_
#define DYNOFA_DAEMON_CONTROL_MAILBOX_H_

#include <functional>
#include <mutex>
#include <vector>

#include "daemon/base/unique_fd.h"

namespace dynofa::control {

/// Hands tasks to a thread that sits in poll(2). Shared by whoever posts, so that a late callback
/// finds a closed mailbox and not a dead one. Post, Wake and Close are thread-safe.
class Mailbox {
 public:
  using Task = std::function<void()>;

  Mailbox();

  /// Drops the task if the mailbox is closed.
  void Post(Task task);

  /// Makes fd() readable.
  void Wake();

  /// Drops what waits, refuses what comes, and wakes the owner.
  void Close();
  bool closed() const;

  /// Readable when there is something to do; for the owner's poll.
  int fd() const { return wake_.get(); }

  /// Runs what waits, on the owner's thread; tasks may post.
  void RunAll();

 private:
  base::UniqueFd wake_;
  mutable std::mutex mutex_;
  std::vector<Task> tasks_;
  bool closed_ = false;
};

}  // namespace dynofa::control

#endif  // DYNOFA_DAEMON_CONTROL_MAILBOX_H_
