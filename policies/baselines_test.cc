#include "policies/baselines.h"

#include <algorithm>
#include <string>

#include "policies/hierarchical.h"
#include "policies/registry.h"
#include "policies/testing.h"
#include "tests/support/catch.h"

namespace dynofa::policies {
namespace {

const ClusterSetting& SettingOf(const Decision& decision, const std::string& cluster) {
  return *std::find_if(decision.settings.begin(), decision.settings.end(),
                       [&](const ClusterSetting& setting) { return setting.cluster == cluster; });
}

TEST_CASE("a fixed network runs the top subnet and sets no clock") {
  Snapshot snapshot = TestSnapshot();
  snapshot.sessions = {TestSession("a", {.latency_ms = 50.0, .rate_hz = 10.0})};
  for (const char* name : {"fixed", "fixed-schedutil", "fixed-performance"}) {
    const Decision decision = MakePolicy(name)->Decide(snapshot);
    CHECK(decision.policy == name);
    CHECK(decision.Find("a")->point.subnet == "l");
    CHECK(decision.Find("a")->point.cluster == "gpu");
    CHECK_FALSE(decision.Find("a")->adaptive);
    for (const ClusterSetting& setting : decision.settings) {
      CHECK(setting.min_khz == 0);
      CHECK(setting.max_khz == 0);
    }
  }
}

TEST_CASE("a governor is set where it is on offer, and never where it is not") {
  Snapshot snapshot = TestSnapshot();
  const Decision decision = MakePolicy("fixed-schedutil")->Decide(snapshot);
  CHECK(SettingOf(decision, "cpu0").governor == "schedutil");
  CHECK(SettingOf(decision, "gpu").governor.empty());
  CHECK(SettingOf(MakePolicy("fixed")->Decide(snapshot), "cpu0").governor.empty());
}

TEST_CASE("the mode's cap bounds a governor") {
  Snapshot snapshot = TestSnapshot();
  snapshot.mode.max_khz["cpu0"] = 1000000;
  const Decision decision = MakePolicy("fixed-performance")->Decide(snapshot);
  CHECK(SettingOf(decision, "cpu0").max_khz == 1000000);
  CHECK(SettingOf(decision, "cpu0").min_khz == 0);
}

TEST_CASE("the clock of a governor is foreseen: schedutil follows the load, performance does not") {
  Snapshot snapshot = TestSnapshot();
  snapshot.clusters[1].info.governors = {"schedutil"};
  snapshot.sessions = {TestSession("a", {.rate_hz = 10.0})};
  const auto khz = [&](const char* policy) {
    return MakePolicy(policy)->Decide(snapshot).Find("a")->point.frequency_khz;
  };
  CHECK(khz("fixed-schedutil") == 500000);
  CHECK(khz("fixed-performance") == 1000000);
  snapshot.sessions[0].requirement.rate_hz = 200.0;  // 8 ms each at 0.5 GHz
  CHECK(khz("fixed-schedutil") == 1000000);
}

TEST_CASE("a policy of one subnet can be told which") {
  Snapshot snapshot = TestSnapshot();
  snapshot.sessions = {TestSession("a", {.rate_hz = 10.0})};
  CHECK(MakePolicy("fixed:m")->Decide(snapshot).Find("a")->point.subnet == "m");
  CHECK(MakePolicy("dvfs-only:s")->Decide(snapshot).Find("a")->point.subnet == "s");
  snapshot.sessions[0].requirement.min_accuracy = 0.75;
  CHECK(MakePolicy("dvfs-only:s")->Decide(snapshot).Find("a")->point.subnet != "s");
  CHECK(MakePolicy("greedy:m") == nullptr);
  CHECK(MakePolicy("hierarchical:") == nullptr);
}

TEST_CASE("dynamic-only changes the subnet with the target, and nothing else") {
  Snapshot snapshot = TestSnapshot();
  snapshot.sessions = {TestSession("a", {.latency_ms = 50.0, .rate_hz = 10.0})};
  const Decision loose = DynamicOnlyPolicy().Decide(snapshot);
  CHECK(loose.Find("a")->point.subnet == "l");
  CHECK(loose.Find("a")->adaptive);
  snapshot.sessions[0].requirement.latency_ms = 2.5;
  const Decision tight = DynamicOnlyPolicy().Decide(snapshot);
  CHECK(tight.Find("a")->point.subnet == "m");
  CHECK(tight.Find("a")->point.cluster == loose.Find("a")->point.cluster);
  CHECK(tight.settings == loose.settings);
  CHECK(SettingOf(tight, "cpu0").governor == "schedutil");
}

TEST_CASE("dynamic-only takes the cheapest subnet that the floor allows where energy is saved") {
  Snapshot snapshot = TestSnapshot();
  snapshot.mode.objective = Objective::kEnergy;
  snapshot.sessions = {TestSession("a", {.latency_ms = 50.0, .min_accuracy = 0.75})};
  CHECK(DynamicOnlyPolicy().Decide(snapshot).Find("a")->point.subnet == "m");
}

TEST_CASE("dynamic-only steps down for a slow cluster") {
  Snapshot snapshot = TestSnapshot();
  snapshot.sessions = {TestSession("a", {.latency_ms = 5.0, .rate_hz = 10.0})};
  CHECK(DynamicOnlyPolicy().Decide(snapshot).Find("a")->point.subnet == "l");
  snapshot.clusters[1].slowdown = 2.0;
  CHECK(DynamicOnlyPolicy().Decide(snapshot).Find("a")->point.subnet == "m");
}

TEST_CASE("dvfs-only keeps the subnet that it began with, and moves clocks and places") {
  Snapshot snapshot = TestSnapshot();
  snapshot.sessions = {
      TestSession("a", {.latency_ms = 100.0, .min_accuracy = 0.75, .rate_hz = 5.0})};
  snapshot.current = DvfsOnlyPolicy().Decide(snapshot);
  const Assignment before = *snapshot.current.Find("a");
  CHECK(before.point.subnet == "m");
  CHECK_FALSE(before.adaptive);
  snapshot.sessions[0].requirement.min_accuracy = 0.6;
  snapshot.sessions[0].requirement.latency_ms = 5.0;
  const Decision after = DvfsOnlyPolicy().Decide(snapshot);
  CHECK(after.Find("a")->point.subnet == "m");
  CHECK(after.Find("a")->feasible);
  CHECK(after.Find("a")->point.latency_ms < before.point.latency_ms);
  snapshot.sessions[0].requirement.min_accuracy = 0.78;
  CHECK(DvfsOnlyPolicy().Decide(snapshot).Find("a")->point.subnet == "l");
}

TEST_CASE("greedy takes what is best for each alone, and so misses what only both together show") {
  Snapshot snapshot = TestSnapshot();
  const Requirement busy = {.latency_ms = 6.0, .min_accuracy = 0.79, .rate_hz = 90.0};
  snapshot.sessions = {TestSession("a", busy), TestSession("b", busy)};
  const Decision greedy = GreedyPolicy().Decide(snapshot);
  CHECK(greedy.Find("a")->point.cluster == greedy.Find("b")->point.cluster);
  CHECK_FALSE(greedy.Find("a")->feasible);
  snapshot.sessions.pop_back();
  const Decision alone = GreedyPolicy().Decide(snapshot);
  CHECK(alone.Find("a")->feasible);
  const Decision joint = HierarchicalPolicy().Decide(snapshot);
  CHECK(alone.Find("a")->point.cluster == joint.Find("a")->point.cluster);
  CHECK(alone.Find("a")->point.frequency_khz == joint.Find("a")->point.frequency_khz);
}

}  // namespace
}  // namespace dynofa::policies
