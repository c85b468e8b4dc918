#include "daemon/tools/stop_signal.h"

#include <csignal>

#include "tests/support/catch.h"

namespace dynofa::tools {
namespace {

void Nothing(int) {}

void (*HandlerOf(int signal))(int) {
  struct sigaction action = {};
  ::sigaction(signal, nullptr, &action);
  return action.sa_handler;
}

TEST_CASE("A first signal is noted, and a second one would end the process") {
  for (int signal : {SIGINT, SIGTERM}) {
    StopSignal stop;
    CHECK_FALSE(stop.requested());
    CHECK(HandlerOf(signal) != SIG_DFL);
    REQUIRE(std::raise(signal) == 0);
    CHECK(stop.requested());
    CHECK(HandlerOf(signal) == SIG_DFL);
  }
}

TEST_CASE("The former handlers are put back, and nothing is left of a former request") {
  REQUIRE(std::signal(SIGINT, Nothing) != SIG_ERR);
  {
    StopSignal stop;
    std::raise(SIGINT);
  }
  CHECK(HandlerOf(SIGINT) == Nothing);
  CHECK_FALSE(StopSignal().requested());
  std::signal(SIGINT, SIG_DFL);
}

}  // namespace
}  // namespace dynofa::tools
