#include "tests/support/private_bus.h"

#include <signal.h>

#include <stdexcept>
#include <utility>

namespace dynofa::tests {
namespace {

constexpr std::string_view kBeforeAddress = R"(<!DOCTYPE busconfig PUBLIC
 "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
  </policy>
  <listen>)";
constexpr std::string_view kAfterAddress = "</listen>\n</busconfig>\n";

}  // namespace

PrivateBus::PrivateBus() : address_("unix:path=" + (dir_ / "bus.sock")) {
  dir_.Write("bus.conf", std::string(kBeforeAddress) + address_ + std::string(kAfterAddress));
  Start();
}

void PrivateBus::Kill() { daemon_->Stop(SIGKILL); }

void PrivateBus::Start() {
  daemon_ = Process::Start(
      {"dbus-daemon", "--config-file=" + (dir_ / "bus.conf"), "--nofork", "--print-address"});
  if (!daemon_->WaitForOutput("guid=")) {
    throw std::runtime_error("the private bus does not start: " + daemon_->Output());
  }
}

Finished PrivateBus::Busctl(std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(), {"busctl", "--address=" + address_});
  return RunProgram(std::move(arguments));
}

}  // namespace dynofa::tests
