#include "daemon/scenario/board_fit.h"

#include <string>

#include "daemon/emulator/board_file.h"
#include "daemon/scenario/rules/scenario_file.h"
#include "tests/support/catch.h"

namespace dynofa::scenario {
namespace {

const std::string kScenario = R"(title = "t"
about = "a"
board = "jetson-xavier-nx"
length_s = 60
[[model]]
name = "net"
ladder = "ladders/dynamic-ofa.toml"
[[client]]
name = "camera"
model = "net"
arrivals = { kind = "periodic", rate_hz = 10 }
)";

std::string ErrorOf(const std::string& text) {
  const auto scenario = ParseScenario(text, DYNOFA_SCENARIOS_DIR "/x.toml");
  if (!scenario.ok()) return std::string(scenario.status().message());
  const auto& board = *emulator::FindBoardModel("jetson-xavier-nx");
  return std::string(CheckAgainst(*scenario, board).message());
}

bool Says(const std::string& error, const std::string& part) {
  INFO(error);
  return error.find(part) != std::string::npos;
}

TEST_CASE("a scenario names what its board has") {
  CHECK(ErrorOf("power_mode = \"15W_6CORE\"\n" + kScenario).empty());
  CHECK(ErrorOf(kScenario + "[[event]]\nat_s = 1\ncluster = \"gpu\"\navailable = false\n").empty());
  CHECK(Says(ErrorOf("power_mode = \"20W\"\n" + kScenario), "power mode \"20W\" is not one"));
  CHECK(Says(ErrorOf(kScenario + "[[event]]\nat_s = 1\npower_mode = \"x\"\n"), "\"x\""));
  CHECK(Says(ErrorOf(kScenario + "[[event]]\nat_s = 1\ncluster = \"npu\"\navailable = false\n"),
             "is not one of: cpu0, cpu2, cpu4, gpu"));
}

}  // namespace
}  // namespace dynofa::scenario
