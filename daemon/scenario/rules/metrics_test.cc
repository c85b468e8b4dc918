#include "daemon/scenario/rules/metrics.h"

#include <cmath>

#include "daemon/scenario/rules/comparison.h"
#include "tests/support/catch.h"

namespace dynofa::scenario {
namespace {

/// 100 s with one client, a request a second, each answered in 50 of 60 ms by subnet 1.
Trace Plain() {
  Trace trace;
  trace.policy = "p";
  trace.length_s = 100.0;
  trace.clusters = {"cpu0", "gpu"};
  trace.clients = {"camera"};
  trace.subnets = {{"small", "large"}};
  trace.percentiles = {90.0};
  trace.refusals = {""};
  trace.residency_s = {{{1000, 25.0}, {2000, 75.0}}, {}};
  trace.caps = {{.mode = "balanced", .max_khz = {2000, 2000}}};
  for (int i = 0; i < 100; ++i) {
    trace.requests.push_back({.scheduled_s = static_cast<double>(i),
                              .target_ms = 60.0,
                              .min_accuracy = 0.75,
                              .end = End::kAnswered,
                              .response_ms = 50.0,
                              .compute_ms = 40.0,
                              .accuracy = 0.8,
                              .subnet = 1,
                              .cluster = 1,
                              .khz = 2000});
  }
  for (int i = 1; i <= 1000; ++i) {
    trace.samples.push_back({.end_s = i * 0.1, .power_w = 5.0, .clusters = {}});
  }
  trace.energy = {.constant_j = 100.0,
                  .idle_j = 50.0,
                  .neighbours_j = 25.0,
                  .client_j = {200.0},
                  .client_busy_s = {4.0}};
  return trace;
}

TEST_CASE("a request is attained if it is on time, accurate enough and within the caps") {
  Trace trace = Plain();
  CHECK(Measure(trace).attainment == 100.0);
  trace.requests[50].response_ms = 60.1;
  trace.requests[51].accuracy = 0.74;
  trace.requests[52].end = End::kExpired;
  trace.requests[53].end = End::kRefused;
  trace.requests[54].end = End::kFailed;
  trace.requests[55].end = End::kUnanswered;
  trace.requests[56].khz = 3000;
  const RunMetrics metrics = Measure(trace);
  const ClientMetrics& client = metrics.clients[0];
  CHECK(client.issued == 100);
  CHECK(client.answered == 96);
  CHECK(client.on_time == 95);
  CHECK(client.below_floor == 1);
  CHECK(client.over_cap == 1);
  CHECK(client.expired == 1);
  CHECK(client.refused == 1);
  CHECK(client.failed == 1);
  CHECK(client.unanswered == 1);
  CHECK(client.attained == 93);
  CHECK(metrics.attainment == Approx(93.0));
  CHECK(client.verdict == Verdict::kUndecided);
}

TEST_CASE("requests of the warm-up do not count") {
  Trace trace = Plain();
  for (int i = 0; i < 10; ++i) trace.requests[static_cast<std::size_t>(i)].end = End::kRefused;
  trace.warm_up_s = 10.0;
  CHECK(Measure(trace).clients[0].issued == 90);
  CHECK(Measure(trace).attainment == 100.0);
}

TEST_CASE("without an answer a request is later than all others") {
  Trace trace = Plain();
  for (std::size_t i = 0; i < 5; ++i) trace.requests[i].end = End::kExpired;
  const ClientMetrics client = Measure(trace).clients[0];
  CHECK(client.p50_ms == 50.0);
  CHECK(client.p90_ms == 50.0);
  CHECK(std::isinf(client.p99_ms));
}

TEST_CASE("energy is the board's, and a client's share of what is not activity its busy time") {
  Trace trace = Plain();
  trace.clients.push_back("other");
  trace.subnets.push_back({"small", "large"});
  trace.percentiles.push_back(99.0);
  trace.refusals.push_back("");
  trace.energy.client_j = {200.0, 100.0};
  trace.energy.client_busy_s = {4.0, 1.0};
  const RunMetrics metrics = Measure(trace);
  CHECK(metrics.board_j == Approx(475.0));
  CHECK(metrics.mean_power_w == Approx(4.75));
  CHECK(metrics.mj_per_attained == Approx(4500.0));
  CHECK(metrics.clients[0].energy_j == Approx(200.0 + 0.8 * 150.0));
  CHECK(metrics.clients[1].energy_j == Approx(100.0 + 0.2 * 150.0));
  CHECK(metrics.clients[1].issued == 0);
  CHECK(std::isnan(metrics.clients[1].p50_ms));
}

TEST_CASE("a power cap is broken by the mean of a second, and not in its first one") {
  Trace trace = Plain();
  trace.caps.push_back(
      {.from_s = 30.0, .mode = "capped", .max_power_w = 4.0, .max_khz = {2000, 2000}});
  const ClientMetrics client = Measure(trace).clients[0];
  CHECK(client.over_cap == 69);  // the answers at 31.05 s to 99.05 s
  for (BoardSample& sample : trace.samples) {
    if (sample.end_s > 40.0) sample.power_w = 4.05;
  }
  CHECK(Measure(trace).clients[0].over_cap == 10);  // at 31.05 to 40.05 s
}

TEST_CASE("a lower clock cap leaves a moment to settle") {
  Trace trace = Plain();
  trace.caps.push_back({.from_s = 29.95, .mode = "low", .max_khz = {1000, 1000}});
  const Trace settling = trace;
  CHECK(KeptCaps(settling, settling.requests[29]));
  CHECK(KeptCaps(settling, settling.requests[30]));
  CHECK_FALSE(KeptCaps(settling, settling.requests[31]));
  trace.caps.back().max_khz = {1000, 0};
  CHECK_FALSE(KeptCaps(trace, trace.requests[31]));
}

TEST_CASE("switches and residency") {
  Trace trace = Plain();
  trace.requests[10].subnet = 0;
  trace.requests[20].cluster = 0;
  trace.requests[21].cluster = 0;
  const RunMetrics metrics = Measure(trace);
  CHECK(metrics.subnet_switches == 2);
  CHECK(metrics.cluster_switches == 2);
  CHECK(metrics.clients[0].subnet_share.at("small") == Approx(0.01));
  CHECK(metrics.clients[0].cluster_share.at("gpu") == Approx(0.98));
  CHECK(metrics.residency.at("cpu0").at(2000) == Approx(0.75));
}

TEST_CASE("recovery is the first of ten attained requests in a row") {
  Trace trace = Plain();
  trace.marks = {{.at_s = 20.5, .text = "step"}, {.at_s = 60.0, .text = "other"}};
  for (const std::size_t late : {21u, 22u, 25u}) trace.requests[late].response_ms = 100.0;
  const RunMetrics metrics = Measure(trace);
  REQUIRE(metrics.recoveries.size() == 2);
  const Recovery& recovery = metrics.recoveries[0];
  CHECK(recovery.recovered);
  CHECK(recovery.requests == 5);
  CHECK(recovery.ms == Approx(5500.0));
  CHECK(recovery.Prompt());
  CHECK(metrics.recoveries[1].requests == 0);
  CHECK(metrics.recoveries[1].ms == Approx(0.0));

  for (std::size_t i = 21; i < 60; ++i) trace.requests[i].response_ms = 100.0;
  CHECK_FALSE(Measure(trace).recoveries[0].recovered);
  CHECK_FALSE(Measure(trace).recoveries[0].Prompt());
}

PolicySummary SummaryOf(const std::string& policy, double scale, std::size_t late) {
  std::vector<RunMetrics> runs;
  for (int seed = 1; seed <= 3; ++seed) {
    Trace trace = Plain();
    trace.policy = policy;
    trace.energy.idle_j *= seed;
    for (double* joule : {&trace.energy.constant_j, &trace.energy.idle_j,
                          &trace.energy.neighbours_j, &trace.energy.client_j[0]}) {
      *joule *= scale;
    }
    for (std::size_t i = 0; i < late; ++i) trace.requests[i].response_ms = 70.0;
    runs.push_back(Measure(trace));
  }
  return Summarise(std::move(runs));
}

TEST_CASE("energies are compared at equal service alone, paired by seed") {
  const PolicySummary reference = SummaryOf("reference", 1.0, 0);
  const EnergyComparison better = CompareEnergy(SummaryOf("p", 0.9, 0), reference);
  CHECK(better.comparable);
  CHECK(better.percent.mean == Approx(-10.0));
  CHECK(better.percent.half_width == Approx(0.0).margin(1e-9));
  const EnergyComparison worse = CompareEnergy(SummaryOf("p", 0.5, 1), reference);
  CHECK_FALSE(worse.comparable);
  CHECK(worse.why == "attainment differs by -1.0 points");
  PolicySummary other = SummaryOf("p", 0.5, 0);
  other.accuracy.mean += 0.31;
  CHECK(CompareEnergy(other, reference).why == "accuracy differs by +0.31 points");
}

TEST_CASE("clients and recoveries are pooled over the seeds") {
  const PolicySummary summary = SummaryOf("p", 1.0, 10);
  REQUIRE(summary.clients.size() == 1);
  CHECK(summary.clients[0].issued == 300);
  CHECK(summary.clients[0].attained == 270);
  CHECK(summary.clients[0].attainment.mean == Approx(90.0));
  CHECK(summary.attainment.count == 3);
  CHECK(summary.board_j.half_width > 0.0);
}

}  // namespace
}  // namespace dynofa::scenario
