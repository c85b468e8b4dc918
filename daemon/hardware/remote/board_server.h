#ifndef DYNOFA_DAEMON_HARDWARE_REMOTE_BOARD_SERVER_H_
#define DYNOFA_DAEMON_HARDWARE_REMOTE_BOARD_SERVER_H_

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "daemon/base/clock.h"
#include "daemon/base/unique_fd.h"
#include "daemon/hardware/board.h"
#include "daemon/hardware/remote/actuator.h"
#include "daemon/hardware/remote/leftover_keeper.h"

namespace dynofa::hardware::remote {

/// Serves a board to one client at a time. When the client's connection ends, however it ends,
/// the knobs are put back at once. A message that is not understood ends the connection.
class BoardServer {
 public:
  struct Options {
    /// Who may connect besides root and the server's own user.
    std::optional<uid_t> allowed_uid;
    /// When a part of a transaction counts as stuck. Well above what syncing the journal takes
    /// on a busy disk.
    base::Duration stuck_after = std::chrono::seconds(2);
    /// If set, runs at least this often on the serving thread (for a watchdog).
    base::Duration tick_interval = base::Duration::zero();
    std::function<void()> on_tick;
    /// Between two attempts to put back what could not be: of a device that is away, or refuses.
    base::Duration retry_interval = std::chrono::seconds(1);
  };

  /// `listener` is a listening seqpacket socket. `driver` must outlive the server.
  BoardServer(base::UniqueFd listener, BoardDriver& driver, Options options);
  ~BoardServer();

  /// Serves on the calling thread until `stop_fd` is readable, then releases the knobs. The
  /// status is that of the release: UNAVAILABLE if a cluster was stuck.
  ///
  /// Also ends, with OK, when a client comes, nobody has the board and the driver is outdated. The
  /// client waits for a server with another driver, which goes on with TakeListener().
  absl::Status Run(int stop_fd);

  /// Why Run has ended; then nothing uses the driver any more.
  bool outdated() const { return outdated_; }
  /// Once, after Run.
  base::UniqueFd TakeListener() { return std::move(listener_); }

 private:
  struct Connection;

  /// Whether the next client should get another driver, and this one can be let go.
  bool MayBeReplaced();
  void Welcome();
  /// Counts a client that was turned away; whoever tries without end does not fill the log.
  void LogRefusal(const absl::Status& why);
  absl::Status Admit(int fd) const;
  void Serve();
  void Handle(const std::shared_ptr<Connection>& connection, std::string_view message);
  void Disconnect();
  void Release(std::function<void(absl::Status)> done);
  absl::Status ReleaseAndWait();
  /// What poll waits at most, ms; -1: for ever.
  int Patience() const;

  base::UniqueFd listener_;
  BoardDriver& driver_;
  Options options_;
  LeftoverKeeper leftovers_;
  Actuator actuator_;
  std::shared_ptr<Connection> client_;
  bool outdated_ = false;
  /// Clients turned away since the last one that was welcome, and the count of the next log line.
  std::uint64_t refused_ = 0;
  std::uint64_t next_logged_refusal_ = 1;
};

}  // namespace dynofa::hardware::remote

#endif  // DYNOFA_DAEMON_HARDWARE_REMOTE_BOARD_SERVER_H_
