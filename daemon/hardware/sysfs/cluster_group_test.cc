#include "daemon/hardware/sysfs/cluster_group.h"

#include "daemon/hardware/sysfs/fake_cpufreq.h"
#include "tests/support/catch.h"

namespace dynofa::hardware::sysfs {
namespace {

// Two policies of one cluster, and their owner.
struct Pair {
  Pair() {
    std::vector<std::unique_ptr<ClockCluster>> clocks;
    for (std::size_t i = 0; i < policies.size(); ++i) {
      ClockDevice device =
          *ProbeCpufreq(std::make_unique<FakeCpufreq>(policies[i], trouble), {0, 1});
      device.identity += base::StrCat(" ", i);
      const ClusterWorld world{.cap = [](const auto&) { return std::string(); },
                               .cap_depth = {},
                               .pause = [](base::Duration) {}};
      clocks.push_back(std::make_unique<ClockCluster>(std::move(device), journal, world));
    }
    policies::ClusterInfo info = clocks[0]->info();
    info.id = "both";
    group = std::make_unique<ClusterGroup>(info, std::move(clocks), journal);
  }
  bool AreAs(const std::string& governor, const Limits& limits) const {
    return std::all_of(policies.begin(), policies.end(), [&](const FakePolicy& policy) {
      return policy.governor == governor && policy.requested == limits;
    });
  }

  Trouble trouble;
  FakeStore store{trouble};
  journal::Journal journal{store, "boot"};
  std::vector<FakePolicy> policies = std::vector<FakePolicy>(2);
  std::unique_ptr<ClusterGroup> group;
};

TEST_CASE("Whichever write or store fails, both policies go back to what they were") {
  // Two stores surround three writes to each.
  for (int step = 0; step < 8; ++step) {
    Pair pair;
    REQUIRE(pair.group->Apply({"both", "performance", 1400000, 1400000}).status.ok());
    pair.trouble = {.kind = Trouble::Kind::kFails, .at = step};
    const SettingOutcome outcome = pair.group->Apply({"both", "powersave", 2500000, 2500000});
    INFO("step " << step);
    CHECK_FALSE(outcome.status.ok());
    CHECK(outcome.effective.cluster == "both");
    CHECK(outcome.effective.max_khz == 1400000);
    CHECK(pair.AreAs("performance", {1400000, 1400000}));
    // The next one is as good as if nothing had been.
    pair.trouble = {};
    CHECK(pair.group->Apply({"both", "powersave", 2500000, 2500000}).status.ok());
    CHECK(pair.AreAs("powersave", {2500000, 2500000}));
    for (const auto& clock : pair.group->clocks()) CHECK(clock->Release().ok());
    CHECK(pair.AreAs("schedutil", {800000, 3000000}));
    CHECK_FALSE(pair.store.text.has_value());
  }
}

TEST_CASE("What both tell is the strictest of it") {
  Pair pair;
  REQUIRE(pair.group->Apply({"both", "performance", 2500000, 2500000}).status.ok());
  CHECK(pair.group->Read().max_khz == 2500000);
  CHECK(pair.group->complete());
  // Another program lowers one of them.
  pair.policies[1].requested.max_khz = 2000000;
  const ClusterReading reading = pair.group->Read();
  CHECK(reading.cluster == "both");
  CHECK(reading.max_khz == 2000000);
  CHECK(reading.limit_khz == 2000000);
  CHECK(reading.limited_by == "foreign-writer");
  CHECK(reading.left_to_others == std::vector<std::string>{"max"});
  // Theirs stays, the other one goes back.
  for (const auto& clock : pair.group->clocks()) CHECK(clock->Release().ok());
  CHECK(pair.policies[0].requested.max_khz == 3000000);
  CHECK(pair.policies[1].requested.max_khz == 2000000);
}

ClockDevice Policy(int cpu, const std::string& driver = "intel_pstate", int cpus = 1) {
  ClockDevice device;
  for (int i = 0; i < cpus; ++i) device.related_cpus.push_back(cpu + i);
  device.info.id = base::StrCat("cpu", cpu);
  device.info.driver = driver;
  device.info.cores = cpus;
  return device;
}

std::vector<std::size_t> SizesOf(std::vector<ClockDevice> policies, std::size_t most,
                                 int cpus_in_package = 1000) {
  std::vector<std::size_t> sizes;
  for (const auto& group :
       GroupPolicies(std::move(policies), most, [&](int cpu) { return cpu / cpus_in_package; })) {
    sizes.push_back(group.size());
  }
  return sizes;
}

TEST_CASE(
    "Few policies stay by themselves; of many, equal neighbours with a CPU each are grouped") {
  const auto make = [](int count) {
    std::vector<ClockDevice> policies;
    for (int cpu = 0; cpu < count; ++cpu) policies.push_back(Policy(cpu));
    return policies;
  };
  using Sizes = std::vector<std::size_t>;
  CHECK(SizesOf({}, 4).empty());
  CHECK(SizesOf(make(4), 4) == Sizes{1, 1, 1, 1});
  CHECK(SizesOf(make(5), 4) == Sizes{2, 2, 1});
  CHECK(SizesOf(make(12), 4) == Sizes{3, 3, 3, 3});
  // Neither across packages, nor across kinds, nor those that share their clock anyway.
  CHECK(SizesOf(make(12), 4, 4) == Sizes{3, 1, 3, 1, 3, 1});
  auto mixed = make(6);
  mixed.push_back(Policy(6, "acpi-cpufreq"));
  mixed.push_back(Policy(7, "acpi-cpufreq"));
  mixed.push_back(Policy(8, "acpi-cpufreq", 4));
  CHECK(SizesOf(std::move(mixed), 2) == Sizes{5, 1, 2, 1});
}

}  // namespace
}  // namespace dynofa::hardware::sysfs
