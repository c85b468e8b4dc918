#include "daemon/scenario/simulation.h"

#include <map>
#include <string>

#include "daemon/base/log.h"
#include "daemon/emulator/board_file.h"
#include "daemon/emulator/emulated_cost_model.h"
#include "daemon/scenario/capacity.h"
#include "daemon/scenario/rules/metrics.h"
#include "daemon/scenario/rules/scenario_file.h"
#include "tests/support/catch.h"

namespace dynofa::scenario {
namespace {

const emulator::BoardModel& Nx() { return *emulator::FindBoardModel("jetson-xavier-nx"); }

/// One camera with 10 requests/s and room to spare.
Scenario Camera(const std::string& more = "", const std::string& client = "") {
  const auto scenario = ParseScenario(R"(title = "t"
about = "a"
board = "jetson-xavier-nx"
length_s = 30
warm_up_s = 2
service_noise = 0.03
[[model]]
name = "net"
ladder = "ladders/dynamic-ofa.toml"
[[client]]
name = "camera"
model = "net"
latency_ms = 100
percentile = 95
min_accuracy = 0.76
)" + (client.empty() ? "arrivals = { kind = \"poisson\", rate_hz = 5 }\n" : client) +
                                          more,
                                      std::string(DYNOFA_SCENARIOS_DIR) + "/test.toml");
  REQUIRE(scenario.ok());
  return *scenario;
}

Trace Play(const Scenario& scenario, const std::string& policy = "hierarchical",
           std::uint64_t seed = 1) {
  base::SetLogLevel(base::LogLevel::kError);
  auto trace = Simulate(scenario, Nx(), {.policy = policy, .seed = seed});
  REQUIRE(trace.ok());
  return *std::move(trace);
}

TEST_CASE("the same seed gives the same trace, another seed another one") {
  const Scenario scenario = Camera();
  const Trace a = Play(scenario);
  const Trace b = Play(scenario);
  const Trace c = Play(scenario, "hierarchical", 2);
  REQUIRE(a.requests.size() == b.requests.size());
  bool differs = a.requests.size() != c.requests.size();
  for (std::size_t i = 0; i < a.requests.size(); ++i) {
    CHECK(a.requests[i].scheduled_s == b.requests[i].scheduled_s);
    CHECK(a.requests[i].response_ms == b.requests[i].response_ms);
    CHECK(a.requests[i].subnet == b.requests[i].subnet);
    differs = differs || a.requests[i].response_ms != c.requests[i].response_ms;
  }
  CHECK(differs);
  CHECK(a.energy.BoardJ() == b.energy.BoardJ());
  REQUIRE(a.samples.size() == b.samples.size());
  for (std::size_t i = 0; i < a.samples.size(); ++i) {
    CHECK(a.samples[i].power_w == b.samples[i].power_w);
  }
}

TEST_CASE("arrivals and luck do not depend on the policy") {
  const Scenario scenario = Camera();
  const Trace a = Play(scenario, "hierarchical");
  const Trace b = Play(scenario, "performance");
  REQUIRE(a.requests.size() == b.requests.size());
  for (std::size_t i = 0; i < a.requests.size(); ++i) {
    CHECK(a.requests[i].scheduled_s == b.requests[i].scheduled_s);
  }
}

TEST_CASE("a light load is served on time, by subnets above the floor") {
  const RunMetrics metrics =
      Measure(Play(Camera("", "arrivals = { kind = \"periodic\", rate_hz = 5 }\n")));
  const ClientMetrics& camera = metrics.clients[0];
  CHECK(camera.issued == 140);
  CHECK(camera.answered == camera.issued);
  CHECK(camera.below_floor == 0);
  CHECK(camera.Attainment() > 90.0);
  CHECK(camera.mean_accuracy >= 0.76);
}

TEST_CASE("a neighbour that takes the cluster makes no request late that has a last chance") {
  const char more[] = R"([[event]]
at_s = 20
cluster = "gpu"
neighbour_load = 0.28
)";
  const char client[] = "arrivals = { kind = \"periodic\", rate_hz = 10, jitter_ms = 3 }\n";
  // Accuracy is worth so much that the largest subnets run, as late as the target allows.
  Scenario scenario = Camera(more, client);
  scenario.power_mode = "accurate";
  scenario.power_modes = {{.name = "accurate", .accuracy_worth_w = 140.0}};
  int restarted = 0;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    for (const RequestRecord& request : Play(scenario, "hierarchical", seed).requests) {
      if (request.scheduled_s < 10.0) continue;  // until it is known how far runs differ
      restarted += request.restarted;
      CHECK(request.response_ms <= 100.0);
      if (request.restarted) CHECK(request.accuracy == Approx(0.76134));
    }
  }
  CHECK(restarted >= 3);
}

TEST_CASE("responses are never shorter than the run, and runs take what the model says") {
  const Scenario scenario = Camera();
  const Trace trace = Play(scenario, "performance");
  for (const RequestRecord& request : trace.requests) {
    REQUIRE(request.end == End::kAnswered);
    CHECK(request.response_ms >= request.compute_ms - 1e-3);
    const auto& subnet = scenario.models[0].info.catalogue[request.subnet];
    const double modelled = emulator::LatencyMs(Nx().clusters[request.cluster],
                                                emulator::WorkloadOf(subnet), request.khz);
    CHECK(request.compute_ms == Approx(modelled).epsilon(0.15));
  }
}

TEST_CASE("every request is accounted for when there is far too much to do") {
  const Scenario scenario =
      Camera("", "patience_ms = 300\narrivals = { kind = \"periodic\", rate_hz = 200 }\n");
  const RunMetrics metrics = Measure(Play(scenario));
  const ClientMetrics& camera = metrics.clients[0];
  CHECK(camera.issued == 28 * 200);
  CHECK(camera.answered + camera.expired + camera.refused + camera.failed + camera.unanswered ==
        camera.issued);
  CHECK(camera.expired > 0);
  CHECK(camera.attained < camera.issued / 2);
  CHECK(camera.verdict == Verdict::kFails);
}

TEST_CASE("a requirement, its rate and its client come and go") {
  const Trace trace = Play(Camera(R"([[event]]
at_s = 10
client = "camera"
latency_ms = 80
rate_hz = 10
)",
                                  "start_s = 5\nstop_s = 20\n"
                                  "arrivals = { kind = \"periodic\", rate_hz = 4 }\n"));
  int before = 0;
  int after = 0;
  for (const RequestRecord& request : trace.requests) {
    (request.scheduled_s < 10.0 ? before : after) += 1;
    CHECK(request.target_ms == (request.scheduled_s < 10.0 ? 100.0 : 80.0));
    CHECK(request.scheduled_s >= 5.0);
    CHECK(request.scheduled_s < 20.0);
  }
  CHECK(before == 20);
  CHECK(after == 100);
  REQUIRE(trace.marks.size() == 3);
  CHECK(trace.marks[0].text == "camera joins");
  CHECK(trace.marks[2].text == "camera leaves");
}

TEST_CASE("a cluster that goes away hands its client to another one, until it is back") {
  const Trace trace = Play(Camera(R"([[event]]
at_s = 10
cluster = "gpu"
available = false
[[event]]
at_s = 20
cluster = "gpu"
available = true
)"));
  for (const RequestRecord& request : trace.requests) {
    if (request.end != End::kAnswered) continue;
    if (request.EndS() > 10.0 && request.EndS() < 20.0) {
      CHECK(trace.clusters[request.cluster] != "gpu");
    }
  }
}

TEST_CASE("modes and caps are put in force and noted") {
  const Trace trace = Play(Camera(R"([[event]]
at_s = 10
power_mode = "10W_4CORE"
[[event]]
at_s = 20
power_cap_w = 4
)"));
  REQUIRE(trace.caps.size() == 3);
  CHECK(trace.caps[0].max_khz[3] == 1109250);
  CHECK(trace.caps[1].max_khz[3] == 803250);
  CHECK(trace.caps[1].max_khz[2] == 0);
  CHECK(trace.caps[1].max_power_w == 10.0);
  CHECK(trace.caps[2].max_power_w == 4.0);
  CHECK(trace.caps[2].mode == "10W_4CORE at most 4 W");
}

TEST_CASE("heat is felt") {
  const Trace cool = Play(Camera(), "performance");
  const Trace hot = Play(Camera("[[event]]\nat_s = 0\nambient_c = 100\n"), "performance");
  CHECK(Measure(hot).hottest_c > Measure(cool).hottest_c + 30.0);
  CHECK(hot.frequency_switches > cool.frequency_switches);
}

TEST_CASE("a load in percent is one of what the board can do") {
  const Scenario scenario = Camera("", "arrivals = { kind = \"periodic\", load_percent = 50 }\n");
  const double capacity = Capacity(Nx(), BuiltInModes()[0], scenario.models[0].info, 0.76);
  const Trace trace = Play(scenario);
  CHECK(static_cast<double>(trace.requests.size()) == Approx(capacity / 2.0 * 30.0).epsilon(0.02));
}

TEST_CASE("the oracle knows what comes, and a case that is too large for it is refused") {
  const std::string periodic = "arrivals = { kind = \"periodic\", rate_hz = 5 }\n";
  const std::string step = "[[event]]\nat_s = 15\nclient = \"camera\"\nlatency_ms = 60\n";
  const RunMetrics oracle = Measure(Play(Camera(step, periodic), "oracle"));
  CHECK(oracle.policy == "oracle");
  CHECK(oracle.attainment > 99.0);
  std::string crowd;
  for (const char* name : {"a", "b", "c", "d", "e", "f"}) {
    crowd += std::string("[[client]]\nname = \"") + name + "\"\nmodel = \"net\"\n" + periodic;
  }
  CHECK(absl::IsFailedPrecondition(
      Simulate(Camera(crowd, periodic), Nx(), {.policy = "oracle"}).status()));
}

TEST_CASE("an unknown policy, governor or board part is refused by name") {
  const Scenario scenario = Camera();
  const auto message = [&](const std::string& policy) {
    return std::string(Simulate(scenario, Nx(), {.policy = policy}).status().message());
  };
  CHECK(message("magic").find("there is no policy \"magic\"; there are: hierarchical") == 0);
  CHECK(message("hierarchical@turbo").find("offers a governor \"turbo\"") != std::string::npos);
  CHECK(message("hierarchical@schedutil").empty());
}

}  // namespace
}  // namespace dynofa::scenario
