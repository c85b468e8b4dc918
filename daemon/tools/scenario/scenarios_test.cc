// Plays the scenario files of the project, each for a short time.

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>

#include "daemon/base/log.h"
#include "daemon/emulator/board_file.h"
#include "daemon/scenario/rules/scenario_file.h"
#include "daemon/scenario/suite.h"
#include "daemon/tools/scenario/report.h"
#include "tests/support/catch.h"

namespace dynofa::tools::scenario {
namespace {

using dynofa::scenario::Scenario;

std::set<std::string> Files() {
  std::set<std::string> files;
  for (const char* folder : {DYNOFA_SCENARIOS_DIR, DYNOFA_SCENARIOS_DIR "/twin"}) {
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      if (entry.path().extension() == ".toml") files.insert(entry.path().string());
    }
  }
  return files;
}

/// The same story in a twentieth of its time (but at least 4 s): every event still happens.
Scenario Hurried(Scenario scenario) {
  const double length_s = std::max(scenario.length_s / 20.0, 4.0);
  const double scale = length_s / scenario.length_s;
  scenario.length_s = length_s;
  scenario.warm_up_s *= scale;
  for (auto& client : scenario.clients) {
    client.start_s *= scale;
    if (client.stop_s) *client.stop_s *= scale;
  }
  for (auto& event : scenario.events) event.at_s *= scale;
  return scenario;
}

std::string Json(const Scenario& scenario) {
  const auto board = emulator::OpenBoardModel(scenario.board);
  REQUIRE(board.ok());
  const auto result = dynofa::scenario::RunSuite(
      scenario, **board, {.policies = {"hierarchical", "performance"}, .seeds = 1});
  REQUIRE(result.ok());
  return JsonReport({*result});
}

TEST_CASE("every scenario file plays, and the same seed gives the same report") {
  base::SetLogLevel(base::LogLevel::kError);
  REQUIRE(Files().size() >= 11);
  for (const std::string& file : Files()) {
    INFO(file);
    const auto scenario = dynofa::scenario::LoadScenario(file);
    if (!scenario.ok()) FAIL(scenario.status().message());
    const Scenario hurried = Hurried(*scenario);
    const std::string first = Json(hurried);
    CHECK(first == Json(hurried));
    Scenario reseeded = hurried;
    reseeded.seed += 1;
    CHECK(first != Json(reseeded));
  }
}

}  // namespace
}  // namespace dynofa::tools::scenario
