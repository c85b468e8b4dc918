#include <algorithm>
#include <string>

#include "policies/hierarchical.h"
#include "policies/plain.h"
#include "policies/registry.h"
#include "policies/testing.h"
#include "tests/support/catch.h"

namespace dynofa::policies {
namespace {

bool Has(const std::vector<Reason>& reasons, const std::string& code) {
  return std::any_of(reasons.begin(), reasons.end(),
                     [&](const Reason& reason) { return reason.code == code; });
}

const ClusterSetting& SettingOf(const Decision& decision, const std::string& cluster) {
  return *std::find_if(decision.settings.begin(), decision.settings.end(),
                       [&](const ClusterSetting& setting) { return setting.cluster == cluster; });
}

TEST_CASE("the registry makes each policy under its own name") {
  for (std::string_view name : PolicyNames()) CHECK(MakePolicy(name)->name() == name);
  CHECK(MakePolicy("magic") == nullptr);
}

TEST_CASE("a feasible requirement is met at less power than full speed takes") {
  Snapshot snapshot = TestSnapshot();
  snapshot.sessions = {
      TestSession("a", {.latency_ms = 20.0, .min_accuracy = 0.75, .rate_hz = 10.0})};
  const Decision decision = HierarchicalPolicy().Decide(snapshot);
  const Assignment& a = *decision.Find("a");
  CHECK(a.feasible);
  CHECK(a.point.accuracy >= 0.75);
  CHECK(a.predicted_latency_ms <= 20.0);
  CHECK(Has(a.reasons, "latency-met"));
  CHECK(Has(a.reasons, "accuracy-met"));
  const ClusterSetting& busy = SettingOf(decision, a.point.cluster);
  CHECK(busy.min_khz == a.point.frequency_khz);
  CHECK(busy.max_khz == a.point.frequency_khz);
  const Decision flat_out = PerformancePolicy().Decide(snapshot);
  CHECK(*decision.predicted_power_w < *flat_out.predicted_power_w);
}

TEST_CASE("a tighter target costs subnet, cluster or frequency; a looser one gives them back") {
  Snapshot snapshot = TestSnapshot();
  snapshot.sessions = {
      TestSession("a", {.latency_ms = 100.0, .min_accuracy = 0.79, .rate_hz = 5.0})};
  const Decision loose = HierarchicalPolicy().Decide(snapshot);
  snapshot.sessions[0].requirement.latency_ms = 5.0;
  const Decision tight = HierarchicalPolicy().Decide(snapshot);
  CHECK(tight.Find("a")->feasible);
  CHECK(tight.Find("a")->predicted_latency_ms <= 5.0);
  CHECK(*tight.predicted_power_w > *loose.predicted_power_w);
}

TEST_CASE("an idle cluster keeps its baseline, below the mode's cap if there is one") {
  Snapshot snapshot = TestSnapshot();
  const Decision idle = HierarchicalPolicy().Decide(snapshot);
  CHECK(SettingOf(idle, "gpu") == ClusterSetting{.cluster = "gpu"});
  snapshot.mode.max_khz["gpu"] = 500000;
  CHECK(SettingOf(HierarchicalPolicy().Decide(snapshot), "gpu").max_khz == 500000);
}

TEST_CASE("an infeasible latency is accepted, marked, and the nearest point named") {
  Snapshot snapshot = TestSnapshot();
  snapshot.sessions = {TestSession("a", {.latency_ms = 0.2})};
  const Decision decision = HierarchicalPolicy().Decide(snapshot);
  const Assignment& a = *decision.Find("a");
  CHECK_FALSE(a.feasible);
  CHECK(a.point.subnet == "s");
  CHECK(a.point.cluster == "gpu");
  CHECK(a.point.frequency_khz == 1000000);
  CHECK(Has(a.reasons, "latency-infeasible"));
}

TEST_CASE("a floor that no subnet reaches gets the most accurate one") {
  Snapshot snapshot = TestSnapshot();
  snapshot.sessions = {TestSession("a", {.min_accuracy = 0.95})};
  for (std::string_view name : PolicyNames()) {
    const Decision decision = MakePolicy(name)->Decide(snapshot);
    CHECK(decision.Find("a")->point.subnet == "l");
    CHECK_FALSE(decision.Find("a")->feasible);
    CHECK(Has(decision.Find("a")->reasons, "accuracy-infeasible"));
  }
}

TEST_CASE("an energy cap is kept, and without a rail its check is declined in words") {
  Snapshot snapshot = TestSnapshot();
  snapshot.sessions = {TestSession("a", {.max_energy_mj = 3.0})};
  Decision decision = HierarchicalPolicy().Decide(snapshot);
  CHECK(*decision.Find("a")->point.EnergyMj() <= 3.0);
  CHECK(Has(decision.Find("a")->reasons, "energy-met"));
  auto points = *snapshot.points;
  for (OperatingPoint& point : points) point.active_power_w.reset();
  snapshot.points = std::make_shared<std::vector<OperatingPoint>>(points);
  decision = HierarchicalPolicy().Decide(snapshot);
  CHECK(Has(decision.Find("a")->reasons, "energy-unknown"));
  CHECK_FALSE(decision.predicted_power_w.has_value());
}

TEST_CASE("when two sessions cannot both be met, the less important one pays") {
  Snapshot snapshot = TestSnapshot();
  snapshot.clusters.pop_back();  // the CPU alone: s takes 2 ms at best
  snapshot.sessions = {
      TestSession("camera", {.latency_ms = 6.0, .rate_hz = 100.0, .priority = 9}),
      TestSession("brake", {.latency_ms = 2.3, .percentile = 50, .rate_hz = 100.0, .priority = 1})};
  const Decision decision = HierarchicalPolicy().Decide(snapshot);
  CHECK(decision.Find("brake")->point.subnet == "s");
  CHECK(decision.Find("camera")->point.subnet == "s");
}

TEST_CASE("a cluster that a neighbour slows down is left for a free one") {
  Snapshot snapshot = TestSnapshot();
  snapshot.sessions = {
      TestSession("a", {.latency_ms = 5.0, .min_accuracy = 0.79, .rate_hz = 20.0})};
  snapshot.current = HierarchicalPolicy().Decide(snapshot);
  REQUIRE(snapshot.current.Find("a")->point.cluster == "gpu");
  snapshot.sessions[0].requirement.latency_ms = 10.0;
  snapshot.clusters[1].slowdown = 6.0;
  const Decision decision = HierarchicalPolicy().Decide(snapshot);
  CHECK(decision.Find("a")->point.cluster == "cpu0");
  CHECK(decision.Find("a")->feasible);
  CHECK(Has(decision.Find("a")->reasons, "moved"));
}

TEST_CASE("a decision in force stays when another one would gain little") {
  Snapshot snapshot = TestSnapshot();
  snapshot.sessions = {TestSession("a", {.latency_ms = 40.0, .rate_hz = 10.0})};
  snapshot.current = HierarchicalPolicy().Decide(snapshot);
  const OperatingPoint before = snapshot.current.Find("a")->point;
  snapshot.clusters[0].slowdown = 1.01;
  const OperatingPoint after = HierarchicalPolicy().Decide(snapshot).Find("a")->point;
  CHECK(after.cluster == before.cluster);
  CHECK(after.subnet == before.subnet);
}

TEST_CASE("modes order power: performance, balanced, energy") {
  Snapshot snapshot = TestSnapshot();
  snapshot.sessions = {TestSession("a", {.latency_ms = 50.0, .rate_hz = 20.0})};
  const auto power = [&](Objective objective) {
    snapshot.mode.objective = objective;
    return *HierarchicalPolicy().Decide(snapshot).predicted_power_w;
  };
  const double performance = power(Objective::kPerformance);
  const double balanced = power(Objective::kBalanced);
  const double energy = power(Objective::kEnergy);
  CHECK(performance > balanced);
  CHECK(balanced >= energy);
}

TEST_CASE("a power cap is kept even if a requirement is missed for it") {
  Snapshot snapshot = TestSnapshot();
  snapshot.sessions = {
      TestSession("a", {.latency_ms = 5.0, .min_accuracy = 0.79, .rate_hz = 100.0})};
  snapshot.mode.max_power_w = 0.9;
  const Decision decision = HierarchicalPolicy().Decide(snapshot);
  CHECK(*decision.predicted_power_w <= 0.9);
  CHECK_FALSE(decision.Find("a")->feasible);
}

TEST_CASE("a standby session gets a place and makes nothing busy") {
  Snapshot snapshot = TestSnapshot();
  snapshot.sessions = {TestSession("", {})};
  snapshot.sessions[0].standby = true;
  const Decision decision = HierarchicalPolicy().Decide(snapshot);
  CHECK(decision.Find("") != nullptr);
  CHECK(SettingOf(decision, "cpu0").min_khz == 0);
  CHECK(SettingOf(decision, "gpu").min_khz == 0);
}

TEST_CASE("without any cluster there is a decision that says so") {
  Snapshot snapshot = TestSnapshot();
  for (ClusterState& cluster : snapshot.clusters) cluster.available = false;
  snapshot.sessions = {TestSession("a", {})};
  for (std::string_view name : PolicyNames()) {
    const Decision decision = MakePolicy(name)->Decide(snapshot);
    CHECK(decision.assignments.empty());
    CHECK(Has(decision.reasons, "no-cluster"));
    CHECK(Has(decision.reasons, "cluster-unavailable"));
  }
}

TEST_CASE("a cluster that cannot be used gets its baseline, whatever keeps it from being used") {
  Snapshot snapshot = TestSnapshot();
  snapshot.sessions = {TestSession("a", {.latency_ms = 20.0, .rate_hz = 10.0})};
  for (std::string_view name : PolicyNames()) {
    INFO("policy " << name);
    snapshot.current = MakePolicy(name)->Decide(snapshot);
    Snapshot without = snapshot;
    const std::string cluster = snapshot.current.Find("a")->point.cluster;
    for (ClusterState& state : without.clusters) {
      if (state.info.id == cluster) state.available = false;
    }
    const Decision decision = MakePolicy(name)->Decide(without);
    REQUIRE(decision.settings.size() == snapshot.current.settings.size());
    CHECK(SettingOf(decision, cluster) == ClusterSetting{.cluster = cluster});
  }
}

TEST_CASE("performance runs flat out, powersave at the bottom") {
  Snapshot snapshot = TestSnapshot();
  snapshot.sessions = {TestSession("a", {.min_accuracy = 0.75})};
  const Decision fast = PerformancePolicy().Decide(snapshot);
  CHECK(fast.Find("a")->point.subnet == "l");
  CHECK(SettingOf(fast, "gpu").max_khz == 1000000);
  const Decision slow = PowersavePolicy().Decide(snapshot);
  CHECK(slow.Find("a")->point.subnet == "m");
  CHECK(slow.Find("a")->point.frequency_khz == 500000);
}

TEST_CASE("an overloaded cluster runs at its highest clock, and stays there") {
  Snapshot snapshot = TestSnapshot();
  snapshot.sessions = {TestSession("a", {.rate_hz = 9000.0}),
                       TestSession("b", {.rate_hz = 9000.0})};
  for (int round = 0; round < 3; ++round) {
    snapshot.current = HierarchicalPolicy().Decide(snapshot);
    const Assignment& a = *snapshot.current.Find("a");
    CHECK(SettingOf(snapshot.current, a.point.cluster).max_khz ==
          (a.point.cluster == "gpu" ? 1000000 : 2000000));
    CHECK_FALSE(a.feasible);
  }
}

TEST_CASE("a latency target is met as the client sees it") {
  Snapshot snapshot = TestSnapshot();
  snapshot.sessions = {
      TestSession("a", {.latency_ms = 9.0, .min_accuracy = 0.75, .rate_hz = 10.0})};
  const Assignment near = *HierarchicalPolicy().Decide(snapshot).Find("a");
  snapshot.sessions[0].observed.overhead_ms = 5.0;
  const Assignment far = *HierarchicalPolicy().Decide(snapshot).Find("a");
  CHECK(far.feasible);
  CHECK(far.predicted_latency_ms <= 9.0);
  CHECK(far.point.latency_ms <= 4.0);
  CHECK(near.point.latency_ms > 4.0);
}

TEST_CASE("noise in the slow-down does not move a clock") {
  Snapshot snapshot = TestSnapshot();
  snapshot.sessions = {
      TestSession("a", {.latency_ms = 9.0, .min_accuracy = 0.75, .rate_hz = 10.0})};
  snapshot.current = HierarchicalPolicy().Decide(snapshot);
  const auto before = snapshot.current.settings;
  for (const double slowdown : {1.001, 0.999, 1.002, 1.0}) {
    for (ClusterState& cluster : snapshot.clusters) cluster.slowdown = slowdown;
    snapshot.current = HierarchicalPolicy().Decide(snapshot);
    CHECK(snapshot.current.settings == before);
  }
}

TEST_CASE("a cluster that the mode forbids goes back to its baseline") {
  Snapshot snapshot = TestSnapshot();
  snapshot.mode.max_cores["gpu"] = 0;
  CHECK(SettingOf(HierarchicalPolicy().Decide(snapshot), "gpu") ==
        ClusterSetting{.cluster = "gpu"});
}

TEST_CASE("the same snapshot gives the same decision") {
  Snapshot snapshot = TestSnapshot();
  for (int i = 0; i < 6; ++i) {
    snapshot.sessions.push_back(TestSession(std::string(1, static_cast<char>('a' + i)),
                                            {.latency_ms = 10.0 * (i + 1), .rate_hz = 10.0}));
  }
  const Decision first = HierarchicalPolicy().Decide(snapshot);
  const Decision second = HierarchicalPolicy().Decide(snapshot);
  REQUIRE(first.assignments.size() == 6);
  CHECK(first.settings == second.settings);
  for (const Assignment& assignment : first.assignments) {
    CHECK(second.Find(assignment.session)->point.subnet == assignment.point.subnet);
  }
}

}  // namespace
}  // namespace dynofa::policies
