#include "daemon/control/systemd_notify.h"

#include <systemd/sd-daemon.h>

#include <algorithm>
#include <cstdint>
#include <string>

#include "daemon/base/strings.h"

namespace dynofa::control {
namespace {

/// The protocol separates assignments by newlines, so a status is one line.
std::string OneLine(std::string_view text) {
  std::string line(text);
  std::replace(line.begin(), line.end(), '\n', ' ');
  return line;
}

void Send(const std::string& state) { ::sd_notify(/*unset_environment=*/0, state.c_str()); }

}  // namespace

SystemdNotify::SystemdNotify() {
  std::uint64_t timeout_us = 0;
  if (::sd_watchdog_enabled(/*unset_environment=*/0, &timeout_us) > 0) {
    ping_period_ = std::chrono::microseconds(timeout_us) / 2;
  }
}

void SystemdNotify::Ready(std::string_view status) const {
  Send(base::StrCat("READY=1\nSTATUS=", OneLine(status)));
}
void SystemdNotify::Status(std::string_view status) const {
  Send(base::StrCat("STATUS=", OneLine(status)));
}
void SystemdNotify::Stopping() const { Send("STOPPING=1"); }
void SystemdNotify::Ping() const { Send("WATCHDOG=1"); }

}  // namespace dynofa::control
