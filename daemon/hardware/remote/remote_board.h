#ifndef DYNOFA_DAEMON_HARDWARE_REMOTE_REMOTE_BOARD_H_
#define DYNOFA_DAEMON_HARDWARE_REMOTE_REMOTE_BOARD_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daemon/base/clock.h"
#include "daemon/base/task_runner.h"
#include "daemon/hardware/board.h"

namespace dynofa::hardware::remote {

struct RemoteOptions {
  /// How long Connect waits for the server's greeting.
  base::Duration greeting_timeout = std::chrono::seconds(5);
  /// How long a call waits for its answer, at least; at most twice as long. One that takes longer
  /// is answered with DEADLINE_EXCEEDED; what it asked for may still happen. The server needs up to
  /// BoardServer::Options::stuck_after for each cluster that hangs.
  base::Duration timeout = std::chrono::seconds(10);
  /// Runs once on the runner when the connection is lost (not when the board is destroyed).
  /// From then on every call is answered with UNAVAILABLE; connect again for a new board.
  std::function<void(absl::Status)> on_lost;
};

/// The board that a dynofa-boardd serves at the socket `path`. Sending never waits; answers are
/// received on a thread of its own and given on `runner`, which must outlive the board. The board
/// is used and destroyed on the runner's thread (or while that does not run tasks); destroying it
/// ends the connection, and with that the server puts the knobs back.
///
/// Connect waits for the greeting. UNAVAILABLE or NOT_FOUND: nobody listens; PERMISSION_DENIED:
/// not for this user; ALREADY_EXISTS: another client has the board.
absl::StatusOr<std::unique_ptr<Board>> ConnectBoard(const std::string& path,
                                                    base::TaskRunner& runner,
                                                    RemoteOptions options = {});

}  // namespace dynofa::hardware::remote

#endif  // DYNOFA_DAEMON_HARDWARE_REMOTE_REMOTE_BOARD_H_
