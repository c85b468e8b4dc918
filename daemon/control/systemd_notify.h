#ifndef DYNOFA_DAEMON_CONTROL_SYSTEMD_NOTIFY_H_
#define DYNOFA_DAEMON_CONTROL_SYSTEMD_NOTIFY_H_

#include <optional>
#include <string_view>

#include "daemon/base/clock.h"

namespace dynofa::control {

/// Tells the service manager how the program is (sd_notify). Does nothing when no service manager
/// asked for it. Thread-safe; never blocks for long and never fails the caller.
class SystemdNotify {
 public:
  /// Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID.
  SystemdNotify();

  /// Start-up is complete. `status` is one line for people.
  void Ready(std::string_view status) const;
  void Status(std::string_view status) const;
  void Stopping() const;

  /// Feeds the watchdog. Called by the loop whose stall must be noticed, at least once per
  /// ping_period().
  void Ping() const;

  /// Half the watchdog's timeout; nullopt without a watchdog.
  std::optional<base::Duration> ping_period() const { return ping_period_; }

 private:
  std::optional<base::Duration> ping_period_;
};

}  // namespace dynofa::control

#endif  // DYNOFA_DAEMON_CONTROL_SYSTEMD_NOTIFY_H_
