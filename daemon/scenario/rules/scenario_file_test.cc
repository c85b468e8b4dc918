#include "daemon/scenario/rules/scenario_file.h"

#include <string>
#include <utility>
#include <vector>

#include "daemon/engine/ofa/architecture.h"
#include "daemon/engine/ofa/manifest.h"
#include "daemon/engine/ofa/published.h"
#include "daemon/engine/toml_file.h"
#include "daemon/scenario/rules/ladder_file.h"
#include "tests/support/catch.h"

namespace dynofa::scenario {
namespace {

const std::string kFolder = DYNOFA_SCENARIOS_DIR;

const std::string kHead = R"(title = "t"
about = "a"
board = "jetson-xavier-nx"
length_s = 60
)";
const std::string kModel = R"([[model]]
name = "net"
ladder = "ladders/dynamic-ofa.toml"
)";
const std::string kClient = R"([[client]]
name = "camera"
model = "net"
latency_ms = 60
arrivals = { kind = "periodic", rate_hz = 10 }
)";

absl::StatusOr<Scenario> Parse(const std::string& text) {
  return ParseScenario(text, kFolder + "/x.toml");
}

std::string ErrorOf(const std::string& text) { return std::string(Parse(text).status().message()); }

TEST_CASE("a scenario with everything in it is read") {
  const auto scenario = Parse(kHead + R"(power_mode = "15W_6CORE"
warm_up_s = 2
seed = 7
service_noise = 0.03
[[power_mode_def]]
name = "small"
objective = "energy"
max_share = 0.5
max_power_w = 8
)" + kModel + R"([[client]]
name = "camera"
model = "net"
latency_ms = 60
percentile = 95
min_accuracy = 0.76
max_energy_mj = 500
priority = 2
declares_rate = false
start_s = 1
stop_s = 50
patience_ms = 500
arrivals = { kind = "bursts", rate_hz = 1, burst_rate_hz = 30, every_s = 5, length_s = 1 }
[[client]]
name = "other"
model = "net"
arrivals = { kind = "recorded", times_s = [0, 0.5], repeat_s = 1 }
[[client]]
name = "third"
model = "net"
arrivals = { kind = "poisson", load_percent = 50 }
[[event]]
at_s = 30
client = "third"
load_percent = 80
priority = 1
[[event]]
at_s = 10
power_mode = "small"
[[event]]
at_s = 11
power_cap_w = 10
[[event]]
at_s = 12
power_cap_w = 0
[[event]]
at_s = 13
ambient_c = 50
[[event]]
at_s = 14
cluster = "gpu"
neighbour_load = 0.5
[[event]]
at_s = 15
cluster = "gpu"
available = false
)");
  REQUIRE(scenario.ok());
  CHECK(scenario->id == "x");
  CHECK(scenario->seed == 7);
  CHECK(scenario->models[0].info.catalogue.size() == 6);
  CHECK(scenario->models[0].info.name == "net");
  const Client& camera = scenario->clients[0];
  CHECK(camera.requirement.min_accuracy == 0.76);
  CHECK(camera.requirement.priority == 2);
  CHECK(camera.patience_ms == 500.0);
  CHECK(camera.arrivals.kind == Arrivals::Kind::kBursts);
  CHECK(scenario->clients[1].arrivals.rate_hz == 2.0);
  REQUIRE(scenario->events.size() == 7);
  CHECK(scenario->events[0].at_s == 10.0);
  std::vector<std::string> texts;
  for (const Event& event : scenario->events) texts.push_back(EventText(*scenario, event));
  CHECK(texts == std::vector<std::string>{"mode small", "power cap 10 W", "power cap lifted",
                                          "ambient 50 C", "neighbour takes 50 % of gpu", "gpu gone",
                                          "third: priority 1 load_percent 80"});
}

TEST_CASE("a model is that of a directory, as who hosts it sees it") {
  const auto scenario = Parse(kHead + R"([[model]]
name = "hosted"
directory = "../../daemon/models/cifar10-ofa"
[[client]]
name = "camera"
model = "hosted"
arrivals = { kind = "periodic", rate_hz = 10 }
)");
  REQUIRE(scenario.ok());
  const engine::ModelInfo& info = scenario->models[0].info;
  CHECK(info.name == "hosted");
  const auto table = engine::ReadTomlFile(kFolder + "/../../daemon/models/cifar10-ofa/model.toml");
  REQUIRE(table.ok());
  const auto described = engine::ofa::Describe(*engine::ofa::ReadManifest(*table));
  REQUIRE(described.ok());
  REQUIRE(info.catalogue.size() == described->catalogue.size());
  for (std::size_t i = 0; i < info.catalogue.size(); ++i) {
    CHECK(info.catalogue[i].id == described->catalogue[i].id);
    CHECK(info.catalogue[i].macs == described->catalogue[i].macs);
    CHECK(info.catalogue[i].layers > 0);
  }
}

TEST_CASE("a change of mind leaves what it does not name") {
  policies::Requirement requirement{.latency_ms = 60.0, .min_accuracy = 0.7, .rate_hz = 10.0};
  const policies::Requirement before = requirement;
  ApplyChange({.rate_hz = 20.0}, &requirement);
  CHECK(requirement == before);
  ApplyChange({.latency_ms = 30.0, .percentile = 90.0, .priority = 1}, &requirement);
  CHECK(requirement.latency_ms == 30.0);
  CHECK(requirement.percentile == 90.0);
  CHECK(requirement.priority == 1);
  CHECK(requirement.min_accuracy == 0.7);
}

TEST_CASE("what is wrong is said with file, line, key and what is allowed") {
  const std::string good = kHead + kModel + kClient;
  REQUIRE(Parse(good).ok());
  const std::string file = kFolder + "/x.toml";
  CHECK(ErrorOf("title = \"t\"\n") == file + ":1: about is missing");
  CHECK(ErrorOf(kHead) == file + ":1: model is missing; name at least one");
  CHECK(ErrorOf(kHead + kModel) == file + ":1: client is missing; name at least one");
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"[[event]]\nat_s = 61\nambient_c = 20\n", "at_s must be a number in [0, 60]"},
      {"[[event]]\nat_s = 1\n", "at_s must come with one of: client, cluster, power_mode"},
      {"[[event]]\nat_s = 1\nambient_c = 20\npower_mode = \"balanced\"\n", "at_s must come with"},
      {"[[event]]\nat_s = 1\nclient = \"nobody\"\nlatency_ms = 5\n",
       "client must be one of: camera"},
      {"[[event]]\nat_s = 1\nclient = \"camera\"\n", "client must come with what changes"},
      {"[[event]]\nat_s = 1\nclient = \"camera\"\nlatency_ms = 0\n", "latency_ms must be above 0"},
      {"[[event]]\nat_s = 1\nclient = \"camera\"\nrate_hz = 1\nload_percent = 5\n", "exclude"},
      {"[[event]]\nat_s = 1\ncluster = \"gpu\"\n", "neighbour_load or with available"},
      {"[[event]]\nat_s = 1\ncluster = \"gpu\"\nneighbour_load = 1\n", "in [0, 0.99]"},
      {"[[event]]\nat_s = 1\nfrobnicate = 1\n", "frobnicate is not a known key"},
      {kClient, "name is there twice"},
      {"[[client]]\nname = \"Bad Name\"\n", "name must have 1 to 32 of a-z"},
      {"[[client]]\nname = \"b\"\nmodel = \"x\"\n", "model must be one of: net"},
      {"[[client]]\nname = \"b\"\nmodel = \"net\"\n", "arrivals is missing"},
      {"[[client]]\nname = \"b\"\nmodel = \"net\"\nlatency_ms = nan\n", "latency_ms must be"},
      {"[[client]]\nname = \"b\"\nmodel = \"net\"\nmin_accuracy = 76\n", "in [0, 1]"},
      {"[[client]]\nname = \"b\"\nmodel = \"net\"\npriority = 10\n", "in [1, 9]"},
      {"[[client]]\nname = \"b\"\nmodel = \"net\"\narrivals = { kind = \"daily\" }\n",
       "kind must be periodic, poisson, bursts or recorded"},
      {"[[client]]\nname = \"b\"\nmodel = \"net\"\narrivals = { kind = \"poisson\" }\n",
       "rate_hz or load_percent must be there"},
      {"[[client]]\nname = \"b\"\nmodel = \"net\"\n"
       "arrivals = { kind = \"recorded\", times_s = [2, 1] }\n",
       "times_s must have at least one time, and ascend"},
      {"[[client]]\nname = \"b\"\nmodel = \"net\"\n"
       "arrivals = { kind = \"recorded\", times_s = [1], repeat_s = 1 }\n",
       "repeat_s must be above the last of times_s"},
      {"[[power_mode_def]]\nname = \"m\"\nobjective = \"speed\"\n", "objective must be"},
      {"[[power_mode_def]]\nname = \"m\"\nmax_share = 0\n", "max_share must be above 0"},
      {"[[model]]\nname = \"net\"\nladder = \"x\"\n", "name is there twice"},
      {"[[model]]\nname = \"other\"\nladder = \"nothing.toml\"\n", "nothing.toml"},
      {"[[model]]\nname = \"other\"\ndirectory = \"nothing\"\n", "nothing/model.toml"},
      {"[[model]]\nname = \"other\"\n", "name must come with ladder or with directory"},
  };
  for (const auto& [text, message] : cases) {
    const std::string error = ErrorOf(good + text);
    INFO(text << "-> " << error);
    CHECK(error.find(message) != std::string::npos);
    CHECK(error.find(file + ":") == 0);
  }
}

TEST_CASE("what is no scenario at all is refused") {
  CHECK_FALSE(LoadScenario(kFolder + "/no-such-file.toml").ok());
  CHECK_FALSE(LoadScenario(kFolder).ok());
  CHECK_FALSE(Parse("= =").ok());
}

void CheckLadder(const std::string& file, double width) {
  const auto ladder = LoadLadder(kFolder + "/ladders/" + file);
  REQUIRE(ladder.ok());
  const auto published = engine::ofa::PublishedSubnets(width);
  const auto architecture = engine::ofa::Architecture::MobileNetV3(width);
  for (const engine::SubnetInfo& subnet : ladder->catalogue) {
    INFO(subnet.id);
    const auto found =
        std::find_if(published.subnets.begin(), published.subnets.end(),
                     [&](const auto& candidate) { return candidate.id == subnet.id; });
    REQUIRE(found != published.subnets.end());
    const auto plan = engine::ofa::MakePlan(architecture, found->config);
    REQUIRE(plan.ok());
    CHECK(subnet.resolution == found->config.resolution);
    CHECK(subnet.accuracy == Approx(found->accuracy));
    CHECK(subnet.accuracy_evidence == found->accuracy_evidence);
    CHECK(subnet.macs == plan->macs);
    CHECK(subnet.parameters == plan->parameters);
    CHECK(subnet.layers == plan->layers);
  }
}

TEST_CASE("the ladders hold what was published and what follows from it") {
  CheckLadder("dynamic-ofa.toml", 1.2);
  CheckLadder("once-for-all.toml", 1.0);
}

}  // namespace
}  // namespace dynofa::scenario
