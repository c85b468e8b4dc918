// dynofactl bench: a scenario played by the service in real time is the one that the simulation
// plays.

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "daemon/base/log.h"
#include "daemon/emulator/board_file.h"
#include "daemon/scenario/rules/metrics.h"
#include "daemon/scenario/rules/scenario_file.h"
#include "daemon/scenario/simulation.h"
#include "tests/integration/service.h"
#include "tests/support/catch.h"

namespace dynofa::tests {
namespace {

using Json = nlohmann::json;

const std::string kHead = R"(title = "Short"
about = "A few seconds."
board = "jetson-xavier-nx"
length_s = 7
warm_up_s = 1
[[model]]
name = "cifar10-ofa"
directory = ")" DYNOFA_MODELS_DIR R"(/cifar10-ofa"
)";

const std::string kClients = R"([[client]]
name = "camera"
model = "cifar10-ofa"
latency_ms = 80
percentile = 90
min_accuracy = 0.85
arrivals = { kind = "poisson", rate_hz = 15 }
[[client]]
name = "guest"
model = "cifar10-ofa"
latency_ms = 100
percentile = 90
start_s = 2
stop_s = 6
patience_ms = 2000
arrivals = { kind = "periodic", rate_hz = 10, jitter_ms = 5 }
)";

const std::string kEvents = R"([[event]]
at_s = 3
cluster = "gpu"
neighbour_load = 0.5
[[event]]
at_s = 4
client = "guest"
latency_ms = 90
rate_hz = 20
[[event]]
at_s = 4.5
ambient_c = 40
[[event]]
at_s = 5
power_mode = "power-saver"
)";

/// A service to play on, and a file to write scenarios into.
class Stage {
 public:
  Stage() : service_(Service::Board::kEmulated) {}

  Finished Play(const std::string& text, std::vector<std::string> more = {}) {
    service_.dir().Write("short.toml", text);
    std::vector<std::string> arguments = {"bench", file(), "--emulator-control",
                                          service_.dir() / "emulator.sock"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return service_.Ctl(arguments);
  }

  std::string file() const { return service_.dir() / "short.toml"; }
  Service& service() { return service_; }

 private:
  Service service_;
};

scenario::RunMetrics Simulated(const std::string& file, std::uint64_t seed) {
  base::SetLogLevel(base::LogLevel::kError);
  const auto scenario = scenario::LoadScenario(file);
  REQUIRE(scenario.ok());
  const auto board = emulator::OpenBoardModel(scenario->board);
  REQUIRE(board.ok());
  const auto trace = scenario::Simulate(*scenario, **board, {.seed = seed});
  REQUIRE(trace.ok());
  return scenario::Measure(*trace);
}

// How close service and simulation are on a quiet machine is what scripts/twin shows.
TEST_CASE("the service plays the scenario that the simulation plays") {
  Stage stage;
  const Finished finished = stage.Play(kHead + kClients + kEvents, {"--json", "--seed", "5"});
  INFO(finished.output);
  REQUIRE(finished.status.ok());
  const Json real = Json::parse(finished.output);
  const scenario::RunMetrics simulated = Simulated(stage.file(), 5);
  CHECK(real.at("seed") == 5);
  CHECK(real.at("policy") == "hierarchical");
  REQUIRE(real.at("clients").size() == 2);
  for (std::size_t i = 0; i < 2; ++i) {
    const Json& client = real.at("clients").at(i);
    const scenario::ClientMetrics& expected = simulated.clients[i];
    CHECK(client.at("client") == expected.name);
    // A change of rate is in force when it is made, which here takes a moment.
    CHECK(std::abs(client.at("issued").get<int>() - expected.issued) <= (i == 0 ? 0 : 2));
    CHECK(client.at("answered").get<int>() > expected.issued / 2);
    CHECK(client.at("below_floor") == 0);
    CHECK(client.at("energy_j").get<double>() > 0.0);
    // Nothing that this board runs takes less, wherever a subnet is placed.
    CHECK(client.at("p50_ms").get<double>() > 1.5);
  }
  // A busy machine is late, and makes the service work harder; it is not from another world.
  CHECK(std::abs(real.at("attainment_percent").get<double>() - simulated.attainment) < 40.0);
  CHECK(real.at("board_j").get<double>() == Approx(simulated.board_j).epsilon(0.3));
  CHECK(real.at("neighbours_j").get<double>() > 0.0);
  CHECK(real.at("neighbours_j").get<double>() < real.at("board_j").get<double>());
  std::vector<std::string> events;
  for (const Json& recovery : real.at("recoveries")) {
    events.push_back(recovery.at("event").get<std::string>() + ", " +
                     recovery.at("client").get<std::string>());
  }
  std::vector<std::string> expected;
  for (const scenario::Recovery& recovery : simulated.recoveries) {
    expected.push_back(recovery.event + ", " + recovery.client);
  }
  CHECK(events == expected);
  Client client(stage.service());
  CHECK(client.GetStatus().power_mode() == "power-saver");
  CHECK(client.GetStatus().sessions_size() == 0);
}

TEST_CASE("what the service cannot play is refused before anything happens") {
  Stage stage;
  const auto with = [](std::string text, const std::string& what, const std::string& instead) {
    return text.replace(text.find(what), what.size(), instead);
  };
  const std::string good = kHead + kClients;
  const std::vector<std::pair<std::string, std::string>> cases = {
      {with(good, "jetson-xavier-nx", "odroid-xu3"), "the scenario on odroid-xu3"},
      {with(good, "rate_hz = 15", "load_percent = 50"), "write rate_hz"},
      {good + "[[model]]\nname = \"other\"\ndirectory = \"" DYNOFA_MODELS_DIR "/cifar10-ofa\"\n",
       "does not host the scenario's model other"},
      {"power_mode = \"15W_6CORE\"\n" + good, "[[power_mode_def]]"},
      {"power_mode = \"mine\"\n" + good + "[[power_mode_def]]\nname = \"mine\"\n",
       "has no power mode mine"},
      {good + "[[event]]\nat_s = 1\npower_cap_w = 5\n", "write power_mode"},
      {good + "[[event]]\nat_s = 1\ncluster = \"npu\"\navailable = false\n", "no cluster npu"},
      {with(good, "title", "titel"), "titel"},
  };
  for (const auto& [text, message] : cases) {
    const Finished finished = stage.Play(text);
    INFO(finished.output << "\n" << text);
    CHECK_FALSE(finished.status.ok());
    CHECK(finished.output.find(message) != std::string::npos);
  }
  stage.service().dir().Write(
      "ladder.toml",
      "title = \"t\"\nsource = \"s\"\nclasses = 10\n[[subnet]]\nid = \"x\"\n"
      "resolution = 24\naccuracy = 0.8\naccuracy_evidence = \"modelled\"\n"
      "macs = 1\nparameters = 1\nlayers = 1\n");
  const std::string directory = "directory = \"" DYNOFA_MODELS_DIR "/cifar10-ofa\"";
  const Finished other = stage.Play(with(good, directory, "ladder = \"ladder.toml\""));
  CHECK(other.output.find("has other subnets or accuracies") != std::string::npos);
  stage.service().dir().Write("short.toml", good);
  const Finished nowhere =
      stage.service().Ctl({"bench", stage.file(), "--emulator-control", stage.file()});
  CHECK(nowhere.output.find("control socket") != std::string::npos);
  CHECK_FALSE(nowhere.status.ok());
}

TEST_CASE("people get a table and sentences") {
  Stage stage;
  std::string text = kHead;
  text.replace(text.find("length_s = 7"), 12, "length_s = 2");
  const Finished finished = stage.Play(text + R"([[client]]
name = "camera"
model = "cifar10-ofa"
latency_ms = 80
arrivals = { kind = "periodic", rate_hz = 20 }
[[event]]
at_s = 1.5
client = "camera"
latency_ms = 100
)");
  INFO(finished.output);
  REQUIRE(finished.status.ok());
  for (const char* part :
       {"Short: policy hierarchical on", "attained %", "camera  ", "overruns", "J of it neighbours",
        "after \"camera: latency_ms 100\" at 1.5 s camera", "are emulated"}) {
    CHECK(finished.output.find(part) != std::string::npos);
  }
}

}  // namespace
}  // namespace dynofa::tests
