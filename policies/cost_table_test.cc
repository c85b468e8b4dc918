#include "policies/cost_table.h"

#include <memory>
#include <string>
#include <vector>

#include "policies/pareto.h"
#include "policies/testing.h"
#include "tests/support/catch.h"

namespace dynofa::policies {
namespace {

TEST_CASE("the table has each model's ladder on each cluster") {
  const Snapshot snapshot = TestSnapshot();
  const CostTable table(snapshot);
  REQUIRE(table.clusters().size() == 2);
  const auto& ladder = (*table.Ladders("net"))[0];
  REQUIRE(ladder.size() == 3);
  CHECK(ladder[0].subnet == "s");
  CHECK(ladder[2].points.size() == 3);
  CHECK(table.Ladders("other") == nullptr);
}

TEST_CASE("a mode's caps and heat remove frequencies, never all of them") {
  Snapshot snapshot = TestSnapshot();
  snapshot.mode.max_share = 0.6;
  snapshot.mode.max_khz["gpu"] = 100000;
  snapshot.clusters[0].limit_khz = 500000;
  const CostTable table(snapshot);
  CHECK(table.clusters()[0].frequencies_khz == std::vector<std::int64_t>{500000});
  CHECK(table.clusters()[1].frequencies_khz == std::vector<std::int64_t>{500000});
}

TEST_CASE("a clock that cannot be set counts with the step where it stands") {
  Snapshot snapshot = TestSnapshot();
  snapshot.clusters[0].info.writable = false;
  snapshot.clusters[0].frequency_khz = 900000;
  snapshot.clusters[1].info.writable = false;
  const CostTable table(snapshot);
  CHECK(table.clusters()[0].frequencies_khz == std::vector<std::int64_t>{1000000});
  CHECK(table.clusters()[1].frequencies_khz == std::vector<std::int64_t>{1000000});
  CHECK((*table.Ladders("net"))[0].size() == 3);
}

TEST_CASE("clusters that are gone, without cores or without executors are left out") {
  Snapshot snapshot = TestSnapshot();
  snapshot.clusters[0].available = false;
  snapshot.mode.max_cores["gpu"] = 0;
  ClusterState npu;
  npu.info.id = "npu";
  npu.info.kind = ClusterKind::kNpu;
  snapshot.clusters.push_back(npu);
  CHECK(CostTable(snapshot).clusters().empty());
}

/// Multiplies the latency that the profile has of a subnet at a frequency of a cluster.
void Scale(Snapshot& snapshot, const std::string& subnet, const std::string& cluster,
           std::int64_t khz, double factor) {
  auto points = std::make_shared<std::vector<OperatingPoint>>(*snapshot.points);
  for (OperatingPoint& point : *points) {
    if (point.subnet == subnet && point.cluster == cluster && point.frequency_khz == khz) {
      point.latency_ms *= factor;
    }
  }
  snapshot.points = std::move(points);
}

TEST_CASE("one frequency at which a profile is wrong does not cost a subnet its place") {
  Snapshot snapshot = TestSnapshot();
  Scale(snapshot, "m", "gpu", 1000000, 0.4);  // quicker than s there, at 0.5 GHz not
  const CostTable table(snapshot);
  const auto& gpu = (*table.Ladders("net"))[1];
  REQUIRE(gpu.size() == 3);
  CHECK(gpu[0].subnet == "m");

  Scale(snapshot, "m", "gpu", 500000, 0.4);
  const CostTable beaten(snapshot);
  REQUIRE((*beaten.Ladders("net"))[1].size() == 2);
}

TEST_CASE("latencies that rise with the clock are pooled, the others are left as they are") {
  Snapshot snapshot = TestSnapshot();
  Scale(snapshot, "l", "cpu0", 2000000, 2.5);
  const CostTable table(snapshot);
  const auto& cpu = (*table.Ladders("net"))[0];
  REQUIRE(cpu[2].subnet == "l");
  CHECK(cpu[2].costs[0].service_ms == 32.0);
  CHECK(cpu[2].costs[1].service_ms == 18.0);  // of 16 and 20
  CHECK(cpu[2].costs[2].service_ms == 18.0);
  CHECK(cpu[2].energy_mj[2] == 18.0 * 4.0);
  CHECK(cpu[1].costs[2].service_ms == 4.0);
}

TEST_CASE("dominated subnets are not on a route's ladder") {
  OperatingPoint slow_and_bad{.latency_ms = 9.0, .accuracy = 0.5};
  OperatingPoint fast{.latency_ms = 1.0, .accuracy = 0.6};
  OperatingPoint good{.latency_ms = 8.0, .accuracy = 0.7};
  std::vector<CostTable::Rung> rungs = {{"bad", 0.5, {&slow_and_bad}, {}, {}},
                                        {"good", 0.7, {&good}, {}, {}},
                                        {"fast", 0.6, {&fast}, {}, {}}};
  KeepPareto(rungs, [](const auto& rung) { return rung.points.back()->latency_ms; });
  REQUIRE(rungs.size() == 2);
  CHECK(rungs[0].subnet == "fast");
  CHECK(rungs[1].subnet == "good");
}

}  // namespace
}  // namespace dynofa::policies
