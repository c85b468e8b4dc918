#include "daemon/control/systemd_notify.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <string>

#include "daemon/base/unique_fd.h"
#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace dynofa::control {
namespace {

/// Stands for the service manager: its end of NOTIFY_SOCKET.
class NotifySocket {
 public:
  NotifySocket() : fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    const std::string path = dir_ / "notify";
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    REQUIRE(::bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
    ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
  }
  ~NotifySocket() {
    ::unsetenv("NOTIFY_SOCKET");
    ::unsetenv("WATCHDOG_USEC");
    ::unsetenv("WATCHDOG_PID");
  }

  /// The next message; empty if none waits.
  std::string Receive() const {
    std::array<char, 512> buffer{};
    const ssize_t count = ::recv(fd_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    return count > 0 ? std::string(buffer.data(), static_cast<std::size_t>(count)) : "";
  }

 private:
  tests::TempDir dir_;
  base::UniqueFd fd_;
};

TEST_CASE("Without a service manager nothing happens") {
  const SystemdNotify notify;
  notify.Ready("up");
  notify.Ping();
  CHECK_FALSE(notify.ping_period().has_value());
}

TEST_CASE("The service manager hears of readiness, status, pings and the end") {
  const NotifySocket socket;
  const SystemdNotify notify;
  notify.Ready("serving\n2 models");
  CHECK(socket.Receive() == "READY=1\nSTATUS=serving 2 models");
  notify.Status("x\nWATCHDOG=trigger");
  CHECK(socket.Receive() == "STATUS=x WATCHDOG=trigger");
  notify.Ping();
  CHECK(socket.Receive() == "WATCHDOG=1");
  notify.Stopping();
  CHECK(socket.Receive() == "STOPPING=1");
}

TEST_CASE("The ping period is half the watchdog's, and only if it is meant for this process") {
  const NotifySocket socket;
  ::setenv("WATCHDOG_USEC", "4000000", 1);
  ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
  CHECK(SystemdNotify().ping_period() == std::chrono::seconds(2));
  ::setenv("WATCHDOG_PID", "1", 1);
  CHECK_FALSE(SystemdNotify().ping_period().has_value());
}

}  // namespace
}  // namespace dynofa::control
