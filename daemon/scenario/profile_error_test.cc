#include "daemon/scenario/profile_error.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "daemon/base/log.h"
#include "daemon/emulator/board_file.h"
#include "daemon/emulator/emulated_cost_model.h"
#include "daemon/scenario/rules/metrics.h"
#include "daemon/scenario/rules/scenario_file.h"
#include "daemon/scenario/simulation.h"
#include "tests/support/catch.h"

namespace dynofa::scenario {
namespace {

using policies::OperatingPoint;

const emulator::BoardModel& Nx() { return *emulator::FindBoardModel("jetson-xavier-nx"); }

/// One camera whose target the GPU meets in the middle of its clocks.
Scenario Camera() {
  const auto scenario = ParseScenario(R"(title = "t"
about = "a"
board = "jetson-xavier-nx"
length_s = 120
warm_up_s = 10
service_noise = 0.03
[[model]]
name = "net"
ladder = "ladders/dynamic-ofa.toml"
[[client]]
name = "camera"
model = "net"
latency_ms = 60
percentile = 95
min_accuracy = 0.76
arrivals = { kind = "periodic", rate_hz = 10 }
)",
                                      std::string(DYNOFA_SCENARIOS_DIR) + "/test.toml");
  REQUIRE(scenario.ok());
  return *scenario;
}

std::vector<policies::ClusterInfo> Clusters() {
  std::vector<policies::ClusterInfo> clusters;
  for (const emulator::ClusterModel& cluster : Nx().clusters) {
    auto& info = clusters.emplace_back();
    info.id = cluster.id;
    info.frequencies_khz = cluster.frequencies_khz;
  }
  return clusters;
}

std::vector<OperatingPoint> Truth() {
  static const Scenario scenario = Camera();
  return emulator::EmulatedCostModel(Nx()).Points(scenario.models[0].info, Clusters());
}

std::vector<OperatingPoint> Wrong(double error, std::uint64_t seed,
                                  const std::vector<policies::ClusterInfo>& clusters = Clusters()) {
  static const Scenario scenario = Camera();
  return WrongCostModel(std::make_shared<emulator::EmulatedCostModel>(Nx()), error, seed)
      .Points(scenario.models[0].info, clusters);
}

struct Moments {
  double sum = 0.0;
  double squares = 0.0;
  int count = 0;

  void Add(double value) {
    sum += value;
    squares += value * value;
    ++count;
  }
  double Mean() const { return sum / count; }
  double Deviation() const { return std::sqrt(squares / count - Mean() * Mean()); }
};

TEST_CASE("latencies and powers are off by as much as was asked for, and right on average") {
  constexpr double kError = 0.2;
  const std::vector<OperatingPoint> truth = Truth();
  Moments latency;
  Moments active;
  Moments idle;
  for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
    const std::vector<OperatingPoint> wrong = Wrong(kError, seed);
    REQUIRE(wrong.size() == truth.size());
    // Two clusters: errors of one have most of their variance in common.
    for (const std::size_t i : {std::size_t{0}, truth.size() - 1}) {
      latency.Add(wrong[i].latency_ms / truth[i].latency_ms);
      active.Add(*wrong[i].active_power_w / *truth[i].active_power_w);
      idle.Add(*wrong[i].idle_power_w / *truth[i].idle_power_w);
    }
  }
  for (const Moments& factor : {latency, active, idle}) {
    CHECK(factor.Mean() == Approx(1.0).epsilon(0.02));
    CHECK(factor.Deviation() == Approx(kError).epsilon(0.06));
  }
}

TEST_CASE("a cluster's latencies err together, and each a little on its own") {
  const std::vector<OperatingPoint> truth = Truth();
  constexpr double kError = 0.2;
  Moments within;
  Moments between;
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    const std::vector<OperatingPoint> wrong = Wrong(kError, seed);
    const auto factor = [&](std::size_t i) {
      return std::log(wrong[i].latency_ms / truth[i].latency_ms);
    };
    REQUIRE(truth[0].cluster == truth[1].cluster);
    REQUIRE(truth[0].cluster != truth.back().cluster);
    within.Add(factor(0) - factor(1));
    between.Add(factor(0) - factor(truth.size() - 1));
  }
  const double variance = 2.0 * std::log1p(kError * kError);
  CHECK(within.Deviation() ==
        Approx(std::sqrt(variance * (1.0 - WrongCostModel::kCommonShare))).epsilon(0.1));
  CHECK(between.Deviation() == Approx(std::sqrt(variance)).epsilon(0.1));
}

TEST_CASE("latency and power err apart, idle power by cluster and clock alone") {
  const std::vector<OperatingPoint> truth = Truth();
  const std::vector<OperatingPoint> wrong = Wrong(0.2, 1);
  for (std::size_t i = 0; i < truth.size(); ++i) {
    CHECK(wrong[i].latency_ms / truth[i].latency_ms !=
          *wrong[i].active_power_w / *truth[i].active_power_w);
    for (std::size_t j = 0; j < i; ++j) {
      if (wrong[j].cluster != wrong[i].cluster) continue;
      if (wrong[j].frequency_khz != wrong[i].frequency_khz) continue;
      CHECK(*wrong[j].idle_power_w == *wrong[i].idle_power_w);
    }
  }
}

TEST_CASE("what is no latency and no power stays as it is") {
  const std::vector<OperatingPoint> truth = Truth();
  const std::vector<OperatingPoint> wrong = Wrong(0.3, 1);
  for (std::size_t i = 0; i < truth.size(); ++i) {
    CHECK(wrong[i].subnet == truth[i].subnet);
    CHECK(wrong[i].cluster == truth[i].cluster);
    CHECK(wrong[i].frequency_khz == truth[i].frequency_khz);
    CHECK(wrong[i].accuracy == truth[i].accuracy);
    CHECK(wrong[i].latency_evidence == truth[i].latency_evidence);
  }
}

TEST_CASE("the error hangs on the seed, and not on which points are asked for") {
  const std::vector<OperatingPoint> all = Wrong(0.2, 7);
  const std::vector<OperatingPoint> other = Wrong(0.2, 8);
  std::vector<policies::ClusterInfo> last = {Clusters().back()};
  std::reverse(last[0].frequencies_khz.begin(), last[0].frequencies_khz.end());
  for (const OperatingPoint& point : Wrong(0.2, 7, last)) {
    const auto same = std::find_if(all.begin(), all.end(), [&](const OperatingPoint& one) {
      return one.cluster == point.cluster && one.subnet == point.subnet &&
             one.frequency_khz == point.frequency_khz;
    });
    REQUIRE(same != all.end());
    CHECK(point.latency_ms == same->latency_ms);
    CHECK(point.active_power_w == same->active_power_w);
    CHECK(point.idle_power_w == same->idle_power_w);
    CHECK(point.latency_ms != other[static_cast<std::size_t>(same - all.begin())].latency_ms);
  }
}

TEST_CASE("no error is the truth, to the last digit") {
  const std::vector<OperatingPoint> truth = Truth();
  const std::vector<OperatingPoint> wrong = Wrong(0.0, 1);
  for (std::size_t i = 0; i < truth.size(); ++i) {
    CHECK(wrong[i].latency_ms == truth[i].latency_ms);
    CHECK(wrong[i].active_power_w == truth[i].active_power_w);
    CHECK(wrong[i].idle_power_w == truth[i].idle_power_w);
  }
}

Trace Play(const std::string& policy, double profile_error, std::uint64_t seed = 1) {
  base::SetLogLevel(base::LogLevel::kError);
  auto trace =
      Simulate(Camera(), Nx(), {.policy = policy, .seed = seed, .profile_error = profile_error});
  REQUIRE(trace.ok());
  return *std::move(trace);
}

TEST_CASE("the board itself does not err, and the oracle knows it") {
  // A policy whose choice no profile moves, and one that plans by the right profile.
  for (const std::string policy : {"fixed-performance", "oracle"}) {
    INFO(policy);
    const Trace right = Play(policy, 0.0);
    const Trace wrong = Play(policy, 0.3);
    REQUIRE(right.requests.size() == wrong.requests.size());
    for (std::size_t i = 0; i < right.requests.size(); ++i) {
      REQUIRE(right.requests[i].response_ms == wrong.requests[i].response_ms);
      REQUIRE(right.requests[i].compute_ms == wrong.requests[i].compute_ms);
    }
    CHECK(right.energy.BoardJ() == wrong.energy.BoardJ());
  }
}

TEST_CASE("what runs show makes up for a wrong profile") {
  constexpr int kSeeds = 10;
  constexpr double kMostLostPoints = 0.5;  // of the mean
  const double asked_for = Camera().clients[0].requirement.percentile;
  double right = 0.0;
  double wrong = 0.0;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    INFO("seed " << seed);
    const RunMetrics run = Measure(Play("hierarchical", 0.2, seed));
    CHECK(run.attainment >= asked_for);
    CHECK(run.clients[0].below_floor == 0);
    wrong += run.attainment;
    right += Measure(Play("hierarchical", 0.0, seed)).attainment;
  }
  CHECK(wrong / kSeeds >= right / kSeeds - kMostLostPoints);
}

TEST_CASE("an error that is none is refused") {
  for (const double error : {-0.1, 1.1, std::numeric_limits<double>::quiet_NaN(),
                             std::numeric_limits<double>::infinity()}) {
    for (const std::string policy : {"hierarchical", "oracle"}) {
      const auto status =
          Simulate(Camera(), Nx(), {.policy = policy, .profile_error = error}).status();
      CHECK(absl::IsInvalidArgument(status));
      CHECK(status.message().find("a profile cannot be wrong by ") == 0);
      CHECK(status.message().find("give 0 to 100") != std::string::npos);
    }
  }
}

}  // namespace
}  // namespace dynofa::scenario
