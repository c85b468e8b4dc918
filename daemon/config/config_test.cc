#include "daemon/config/config.h"

#include <sstream>
#include <string>

#include "daemon/base/strings.h"
#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace dynofa::config {
namespace {

/// The message with which `text` is refused; "accepted" if it is not.
std::string Refusal(const std::string& text) {
  const absl::StatusOr<Config> config = ParseConfig(text, "test.toml");
  if (config.ok()) return "accepted";
  CHECK(config.status().code() == absl::StatusCode::kInvalidArgument);
  return std::string(base::FromAbsl(config.status().message()));
}

bool Contains(const std::string& text, const std::string& part) {
  INFO(text << " should contain " << part);
  const bool found = text.find(part) != std::string::npos;
  CHECK(found);
  return found;
}

TEST_CASE("An empty file gives the defaults") {
  const absl::StatusOr<Config> config = ParseConfig("", "test.toml");
  REQUIRE(config.ok());
  CHECK(config->daemon.socket == DaemonConfig().socket);
  CHECK(config->models.empty());
  REQUIRE(config->power_modes.size() == 3);
  CHECK(config->power_modes[0].name == "performance");
  CHECK(config->power_modes[1].name == "balanced");
  CHECK(config->power_modes[2].name == "power-saver");
  CHECK(config->power_modes[2].objective == policies::Objective::kEnergy);
  CHECK(config->power_modes[2].max_share < 1.0);
}

TEST_CASE("Every key is read") {
  const absl::StatusOr<Config> config = ParseConfig(R"(
[daemon]
socket = "/tmp/d.sock"
socket_group = "video"
state_dir = "/tmp/state"
log_level = "debug"
policy = "performance"
power_mode = "quiet"
tick_ms = 100
[board]
socket = "/tmp/b.sock"
[dbus]
enabled = false
[access]
max_sessions = 2
max_in_flight = 8
max_in_flight_bytes = 1000000
highest_priority = 3
[[access.uid]]
uid = 1000
max_sessions = 5
[[model]]
path = "/models/a"
[[model]]
path = "/models/b"
backend = "torch"
[[power_mode]]
name = "quiet"
description = "At night"
objective = "energy"
accuracy_worth_w = 12.5
max_share = 0.5
max_power_w = 7
max_khz = { cpu0 = 1190400, gpu = 510000 }
max_cores = { cpu2 = 0 }
)",
                                                    "test.toml");
  INFO(config.status());
  REQUIRE(config.ok());
  CHECK(config->daemon.socket == "/tmp/d.sock");
  CHECK(config->daemon.socket_group == "video");
  CHECK(config->daemon.state_dir == "/tmp/state");
  CHECK(config->daemon.log_level == "debug");
  CHECK(config->daemon.policy == "performance");
  CHECK(config->daemon.power_mode == "quiet");
  CHECK(config->daemon.tick_ms == 100);
  CHECK(config->board.socket == "/tmp/b.sock");
  CHECK_FALSE(config->dbus.enabled);
  CHECK(config->access.For(1).max_sessions == 2);
  CHECK(config->access.For(1000).max_sessions == 5);
  CHECK(config->access.For(1000).max_in_flight_bytes == 1'000'000);
  CHECK(config->access.For(1000).highest_priority == 3);
  REQUIRE(config->models.size() == 2);
  CHECK(config->models[0].backend == "cpu");
  CHECK(config->models[1].path == "/models/b");
  CHECK(config->models[1].backend == "torch");
  REQUIRE(config->power_modes.size() == 4);
  const policies::PowerMode& quiet = config->power_modes[3];
  CHECK(quiet.objective == policies::Objective::kEnergy);
  CHECK(quiet.accuracy_worth_w == 12.5);
  CHECK(quiet.max_share == 0.5);
  CHECK(quiet.max_power_w == 7.0);
  CHECK(quiet.max_khz.at("gpu") == 510'000);
  CHECK(quiet.max_cores.at("cpu2") == 0);
}

TEST_CASE("A power mode of the file takes the place of the built-in one of its name") {
  const auto config =
      ParseConfig("[[power_mode]]\nname = \"balanced\"\nmax_share = 0.9\n", "test.toml");
  REQUIRE(config.ok());
  REQUIRE(config->power_modes.size() == 3);
  CHECK(config->power_modes[1].max_share == 0.9);
}

TEST_CASE("A wrong key names file, line, the closest key and the known ones") {
  const std::string refusal = Refusal("[daemon]\n\npolcy = \"performance\"\n");
  Contains(refusal, "test.toml:3: daemon.polcy");
  Contains(refusal, "did you mean \"policy\"?");
  Contains(refusal, "tick_ms");
  Contains(Refusal("\n[demon]\n"), "test.toml:2: demon");
  Contains(Refusal("[[power_mode]]\nname = \"x\"\nmax_mhz = 1\n"), "power_mode[1].max_mhz");
  Contains(Refusal("[[access.uid]]\nuid = 1\nsessions = 1\n"), "access.uid[1].sessions");
}

TEST_CASE("A wrong value names file, line, key, value and what is allowed") {
  Contains(Refusal("[daemon]\ntick_ms = 5\n"),
           "test.toml:2: daemon.tick_ms = 5: must be an integer from 50 to 10000");
  Contains(Refusal("[daemon]\ntick_ms = 99999999999\n"), "daemon.tick_ms");
  Contains(Refusal("[daemon]\ntick_ms = \"500\"\n"), "must be an integer");
  Contains(Refusal("[daemon]\ntick_ms = 500.0\n"), "must be an integer");
  Contains(Refusal("[daemon]\nlog_level = \"warnings\"\n"), "did you mean \"warning\"?");
  Contains(Refusal("[daemon]\npolicy = \"best\"\n"), "must be one of hierarchical");
  Contains(Refusal("[daemon]\npower_mode = \"turbo\"\n"),
           "daemon.power_mode = \"turbo\": must be one of performance, balanced, power-saver");
  Contains(Refusal("[daemon]\nsocket = \"run/x\"\n"), "must be an absolute path");
  Contains(Refusal("[daemon]\nsocket = \"/" + std::string(108, 'x') + "\"\n"), "at most 107");
  Contains(Refusal("[daemon]\nsocket = \"/a\\u0000b\"\n"), "must be an absolute path");
  Contains(Refusal("[dbus]\nenabled = 1\n"), "must be true or false");
  Contains(Refusal("daemon = 1\n"), "must be a table: [daemon]");
  Contains(Refusal("[model]\npath = \"/m\"\n"), "must be tables: [[model]]");
}

TEST_CASE("Tables are complete and unique") {
  Contains(Refusal("[[model]]\n"), "model[1].path: is required");
  Contains(Refusal("[[model]]\npath = \"/m\"\nbackend = \"cuda\"\n"), "must be one of cpu, torch");
  Contains(Refusal("[[model]]\npath = \"/m\"\n[[model]]\npath = \"/m\"\n"), "is there twice");
  Contains(Refusal("[[access.uid]]\nmax_sessions = 1\n"), "access.uid[1].uid: is required");
  Contains(Refusal("[[access.uid]]\nuid = 7\n[[access.uid]]\nuid = 7\n"), "is there twice");
  Contains(Refusal("[[access.uid]]\nuid = 4294967295\n"), "from 0 to 4294967294");
  Contains(Refusal("[access]\nhighest_priority = 0\n"), "from 1 to 9");
  Contains(Refusal("[[power_mode]]\nname = \"a\"\n[[power_mode]]\nname = \"a\"\n"),
           "is there twice");
}

TEST_CASE("Caps of a power mode are in range") {
  const std::string mode = "[[power_mode]]\nname = \"x\"\n";
  Contains(Refusal("[[power_mode]]\nname = \"a b\"\n"), "lower-case letters");
  Contains(Refusal("[[power_mode]]\n"), "power_mode[1].name");
  Contains(Refusal(mode + "max_share = 0\n"), "above 0 and at most 1");
  Contains(Refusal(mode + "max_share = 1.01\n"), "above 0 and at most 1");
  Contains(Refusal(mode + "max_share = nan\n"), "above 0 and at most 1");
  Contains(Refusal(mode + "max_power_w = -inf\n"), "max_power_w");
  Contains(Refusal(mode + "accuracy_worth_w = -1\n"), "accuracy_worth_w");
  Contains(Refusal(mode + "objective = \"speed\"\n"), "performance, balanced, energy");
  Contains(Refusal(mode + "max_khz = { gpu = 0 }\n"), "power_mode[1].max_khz.gpu = 0");
  Contains(Refusal(mode + "max_khz = 5\n"), "must be a table");
}

TEST_CASE("Text that is not TOML is refused with its line") {
  Contains(Refusal("[daemon]\nsocket = \n"), "test.toml:2: not valid TOML");
  Contains(Refusal("\xff\xfe"), "not valid TOML");
  Contains(Refusal("[daemon]\ntick_ms = 100\ntick_ms = 100\n"), "test.toml:3");
}

/// The shipped configuration with its examples switched on.
std::string ShippedConfig() {
  std::istringstream lines(tests::ReadFile(DYNOFA_DEFAULT_CONFIG));
  std::string text;
  for (std::string line; std::getline(lines, line);) {
    const bool example = line.rfind("# [[", 0) == 0 ||
                         (line.rfind("# ", 0) == 0 && line.find(" = ") != std::string::npos);
    if (line.find("@MODELS@") == std::string::npos)
      text += (example ? line.substr(2) : line) + "\n";
  }
  return text;
}

TEST_CASE("Every key that the shipped configuration shows is accepted, with its default") {
  const absl::StatusOr<Config> config = ParseConfig(ShippedConfig(), "dynofad.toml");
  INFO(config.status());
  REQUIRE(config.ok());
  const Config defaults = DefaultConfig();
  CHECK(config->daemon.socket == defaults.daemon.socket);
  CHECK(config->daemon.socket_group == defaults.daemon.socket_group);
  CHECK(config->daemon.state_dir == defaults.daemon.state_dir);
  CHECK(config->daemon.log_level == defaults.daemon.log_level);
  CHECK(config->daemon.policy == defaults.daemon.policy);
  CHECK(config->daemon.power_mode == defaults.daemon.power_mode);
  CHECK(config->daemon.tick_ms == defaults.daemon.tick_ms);
  CHECK(config->board.socket == defaults.board.socket);
  CHECK(config->access.defaults.max_sessions == defaults.access.defaults.max_sessions);
  CHECK(config->access.defaults.max_in_flight == defaults.access.defaults.max_in_flight);
  CHECK(config->access.defaults.max_in_flight_bytes ==
        defaults.access.defaults.max_in_flight_bytes);
  CHECK(config->access.uids.size() == 1);
  CHECK(config->power_modes.size() == defaults.power_modes.size() + 1);
}

TEST_CASE("A file is loaded; one that is missing, a folder or too large is refused") {
  const tests::TempDir dir;
  const std::string path = dir.Write("dynofad.toml", "[daemon]\ntick_ms = 60\n");
  const absl::StatusOr<Config> config = LoadConfig(path);
  REQUIRE(config.ok());
  CHECK(config->daemon.tick_ms == 60);
  CHECK(LoadConfig(dir / "none.toml").status().code() == absl::StatusCode::kNotFound);
  CHECK(LoadConfig(dir.path().string()).status().code() == absl::StatusCode::kInvalidArgument);
  const std::string large = dir.Write("large.toml", std::string((1 << 20) + 1, '\n'));
  CHECK(LoadConfig(large).status().code() == absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace dynofa::config
