#ifndef DYNOFA_DAEMON_BOARD_LINK_H_
#define DYNOFA_DAEMON_BOARD_LINK_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daemon/base/task_runner.h"
#include "daemon/hardware/board.h"

namespace dynofa {

/// Keeps the way to dynofa-boardd open: connects, notices the loss, connects again. Connecting
/// waits for an answer, so it happens on a thread of its own, never on the board's runner.
class BoardLink {
 public:
  struct Events {
    /// A board is there (again). Runs on the runner.
    std::function<void(std::unique_ptr<hardware::Board>)> on_board;
    /// The board went away. Runs on the runner.
    std::function<void(const std::string& why)> on_lost;
  };

  /// `runner` must outlive the link and every board that it gives.
  BoardLink(std::string socket, base::TaskRunner& runner);
  ~BoardLink();

  /// Connects once, on the calling thread; waits for the greeting.
  absl::StatusOr<std::unique_ptr<hardware::Board>> Connect();

  /// Goes on in the background: tells of a loss, and tries every two seconds to connect while
  /// `connected` is false. Call once.
  void Keep(bool connected, Events events);

  /// Connects again, soon. The last board must have been given up by its owner, not lost.
  void Reconnect() { Retry(kSoon); }

 private:
  static constexpr base::Duration kRetry = std::chrono::seconds(2);
  static constexpr base::Duration kSoon = std::chrono::milliseconds(200);

  void Lost(const absl::Status& status);
  void Retry(base::Duration pause = kRetry);

  const std::string socket_;
  base::TaskRunner& runner_;
  Events events_;
  /// A loss before Keep was called.
  std::optional<std::string> early_loss_;
  /// Lets callbacks that outlive the link notice that it is gone; touched on `runner_` only.
  std::shared_ptr<BoardLink*> self_;
  /// Declared last: its destructor waits for an attempt under way, which still uses the rest.
  std::unique_ptr<base::ThreadTaskRunner> connector_;
};

}  // namespace dynofa

#endif  // DYNOFA_DAEMON_BOARD_LINK_H_
