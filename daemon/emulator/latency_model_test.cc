#include "daemon/emulator/latency_model.h"

#include <vector>

#include "daemon/emulator/board_file.h"
#include "daemon/emulator/emulated_cost_model.h"
#include "tests/support/catch.h"

namespace dynofa::emulator {
namespace {

const BoardModel& Board() { return *FindBoardModel("jetson-xavier-nx"); }
const ClusterModel& Cpu() { return *Board().Find("cpu0"); }
const ClusterModel& Gpu() { return *Board().Find("gpu"); }

struct Published {
  Workload work;
  double gpu_ms;
};

// The six sub-nets of width 1.2 that Dynamic-OFA published: multiply-adds, resolution, layers,
// latency on the board's GPU.
const std::vector<Published> kDynamicOfa = {
    {{235'000'000, 176, 54}, 41.16}, {{254'000'000, 176, 59}, 45.42},
    {{289'000'000, 192, 69}, 49.44}, {{376'000'000, 208, 71}, 51.08},
    {{522'000'000, 224, 79}, 56.75}, {{731'000'000, 224, 90}, 61.73}};

TEST_CASE("The GPU is within 15 percent of the published latencies and keeps their order") {
  double previous = 0.0;
  for (const Published& level : kDynamicOfa) {
    const double ms = LatencyMs(Gpu(), level.work, 1109250);
    CHECK(ms == Approx(level.gpu_ms).epsilon(0.15));
    CHECK(ms > previous);
    previous = ms;
  }
}

TEST_CASE("The GPU slows down with its clock as published: 43 ms at 1.1 GHz, 49 at 803 MHz") {
  const double full = LatencyMs(Gpu(), kDynamicOfa[0].work, 1109250);
  const double slow = LatencyMs(Gpu(), kDynamicOfa[0].work, 803250);
  CHECK(slow / full == Approx(49.0 / 43.0).epsilon(0.05));
}

TEST_CASE("A Carmel cluster is three to five times as fast as the published PyTorch") {
  CHECK(505.0 / LatencyMs(Cpu(), kDynamicOfa[0].work, 1420800) > 2.5);
  CHECK(1857.0 / LatencyMs(Cpu(), kDynamicOfa[5].work, 1420800) < 5.0);
}

TEST_CASE("Networks of a few million multiply-adds take milliseconds and spread by depth") {
  const Workload small{3'000'000, 32, 21};
  const Workload large{10'000'000, 32, 40};
  CHECK(LatencyMs(Cpu(), small, 1907200) > 2.0);
  CHECK(LatencyMs(Cpu(), large, 1907200) < 12.0);
  CHECK(LatencyMs(Cpu(), large, 1907200) > 2.0 * LatencyMs(Cpu(), small, 1907200));
  CHECK(LatencyMs(Gpu(), small, 1109250) > 1.0);
  CHECK(LatencyMs(Gpu(), large, 1109250) < 4.0);
}

TEST_CASE("Latency falls with every step of every table") {
  for (const ClusterModel& cluster : Board().clusters) {
    double previous = 1e9;
    for (std::int64_t khz : cluster.frequencies_khz) {
      const double ms = LatencyMs(cluster, kDynamicOfa[2].work, khz);
      CHECK(ms < previous);
      previous = ms;
    }
  }
}

TEST_CASE("An unknown clock is the highest one, an impossible one is clamped") {
  CHECK(LatencyMs(Cpu(), kDynamicOfa[0].work, 0) == LatencyMs(Cpu(), kDynamicOfa[0].work, 1907200));
  CHECK(LatencyMs(Cpu(), kDynamicOfa[0].work, 1) == LatencyMs(Cpu(), kDynamicOfa[0].work, 115200));
}

TEST_CASE("A neighbour takes its share, down to a floor") {
  CHECK(ContentionShare(Board(), 0.0) == 1.0);
  CHECK(ContentionShare(Board(), 0.7) == Approx(0.3));
  CHECK(ContentionShare(Board(), 1.0) == Approx(Board().least_share));
  const double alone = LatencyMs(Gpu(), kDynamicOfa[0].work, 0);
  CHECK(LatencyMs(Gpu(), kDynamicOfa[0].work, 0, 0.5) == Approx(2.0 * alone));
}

TEST_CASE("The cost model gives a labelled point per subnet, cluster and frequency") {
  engine::ModelInfo model;
  model.name = "m";
  model.catalogue = {{.id = "a", .resolution = 32, .accuracy = 0.7, .macs = 3'000'000},
                     {.id = "b", .resolution = 32, .accuracy = 0.8, .macs = 9'000'000}};
  policies::ClusterInfo gpu;
  gpu.id = "gpu";
  gpu.frequencies_khz = {114750, 1109250};
  policies::ClusterInfo unknown;
  unknown.id = "npu";
  unknown.frequencies_khz = {1};
  const auto points = EmulatedCostModel(Board()).Points(model, {gpu, unknown});
  REQUIRE(points.size() == 4);
  for (const policies::OperatingPoint& point : points) {
    CHECK(point.model == "m");
    CHECK(point.latency_evidence == policies::Evidence::kEmulated);
    CHECK(point.power_evidence == policies::Evidence::kEmulated);
    CHECK(point.active_power_w.value() > 0.0);
  }
  CHECK(points[0].latency_ms > points[1].latency_ms);
  CHECK(points[2].accuracy == 0.8);
}

}  // namespace
}  // namespace dynofa::emulator
