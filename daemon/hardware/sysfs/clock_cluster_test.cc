#include "daemon/hardware/sysfs/clock_cluster.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "daemon/hardware/sysfs/fake_cpufreq.h"
#include "tests/support/catch.h"

namespace dynofa::hardware::sysfs {
namespace {

// One process that owns a cluster; several of them, one after another, share the machine.
struct Machine {
  FakePolicy policy;
  Trouble trouble;
  FakeStore store{trouble};
  std::string boot_id = "boot-a";
  int pauses = 0;
  bool cap_is_told = true;
  long cap_depth = 0;
  ForeignWriters foreign_writers = ForeignWriters::kRespect;
  std::function<void()> on_pause = [] {};

  std::string Cap() const {
    const bool thermal = cap_is_told && policy.cap_khz > 0 && policy.bios_limit_khz == 0;
    return thermal ? "thermal" : "";
  }
  void Pause() {
    ++pauses;
    on_pause();
  }
};

struct Owner {
  explicit Owner(Machine& m) : journal(m.store, m.boot_id) {
    const ClusterWorld world{.cap = [&m](const auto&) { return m.Cap(); },
                             .cap_depth = [&m](const auto&) { return m.cap_depth; },
                             .pause = [&m](base::Duration) { m.Pause(); },
                             .foreign_writers = m.foreign_writers};
    cluster = std::make_unique<ClockCluster>(
        *ProbeCpufreq(std::make_unique<FakeCpufreq>(m.policy, m.trouble), {0, 1}), journal, world);
  }
  /// The policy goes and comes back as the kernel starts one.
  void Return(Machine& m) {
    m.policy = FakePolicy{};
    cluster->Reattach(*ProbeCpufreq(std::make_unique<FakeCpufreq>(m.policy, m.trouble), {0, 1}));
  }
  journal::Journal journal;
  std::unique_ptr<ClockCluster> cluster;
};

TEST_CASE("A policy becomes a cluster: name by its CPUs, table sorted") {
  Machine machine;
  const Owner owner(machine);
  const policies::ClusterInfo& info = owner.cluster->info();
  CHECK(info.id == "cpu0");
  CHECK(info.host_cpus == std::vector<int>{0, 1});
  CHECK(info.frequencies_khz == machine.policy.table);
  CHECK(info.governors == machine.policy.governors);
  CHECK(info.writable);
}

TEST_CASE("Busy pins the clock, idle opens the minimum, release puts all back") {
  Machine machine;
  Owner owner(machine);
  auto outcome = owner.cluster->Apply({"cpu0", "performance", 1400000, 1400000});
  CHECK(outcome.status.ok());
  CHECK(outcome.effective == policies::ClusterSetting{"cpu0", "performance", 1400000, 1400000});
  CHECK(outcome.limited_by.empty());
  outcome = owner.cluster->Apply({"cpu0", "", 0, 1400000});
  CHECK(outcome.effective == policies::ClusterSetting{"cpu0", "performance", 800000, 1400000});
  CHECK(machine.store.text.has_value());
  CHECK(owner.cluster->Release().ok());
  CHECK(machine.policy.governor == "schedutil");
  CHECK(machine.policy.requested == Limits{800000, 3000000});
  CHECK_FALSE(machine.store.text.has_value());
  CHECK(machine.pauses == 0);
}

TEST_CASE("What is already in force is not written again, and a look changes nothing") {
  Machine machine;
  Owner owner(machine);
  CHECK(owner.cluster->Apply({"cpu0", "", 0, 0}).status.ok());
  CHECK(machine.policy.writes == 0);
  CHECK_FALSE(machine.store.text.has_value());
  CHECK(owner.cluster->Apply({"cpu0", "", 1400000, 1400000}).status.ok());
  const int writes = machine.policy.writes;
  CHECK(owner.cluster->Apply({"cpu0", "", 1400000, 1400000}).status.ok());
  CHECK(machine.policy.writes == writes);
}

TEST_CASE("Requested, effective and the reason are kept apart") {
  Machine machine;
  Owner owner(machine);
  auto outcome = owner.cluster->Apply({"cpu0", "", 1234567, 1234567});
  CHECK(outcome.status.ok());
  CHECK(outcome.requested.max_khz == 1234567);
  CHECK(outcome.effective.max_khz == 800000);
  CHECK(outcome.limited_by == "clamped");
  machine.policy.cap_khz = 1400000;
  outcome = owner.cluster->Apply({"cpu0", "", 2500000, 2500000});
  CHECK(outcome.effective.max_khz == 1400000);
  CHECK(outcome.limited_by == "thermal");
  CHECK(owner.cluster->Read().limited_by == "thermal");
  CHECK(owner.cluster->Read().limit_khz == 1400000);
  machine.policy.cap_khz = 0;
  CHECK(owner.cluster->Read().limited_by.empty());
  CHECK(owner.cluster->Read().max_khz == 2500000);
}

TEST_CASE("Bad settings are refused before anything is written") {
  Machine machine;
  Owner owner(machine);
  CHECK_FALSE(owner.cluster->Apply({"cpu0", "turbo", 1400000, 1400000}).status.ok());
  CHECK_FALSE(owner.cluster->Apply({"cpu0", "", -1, 1400000}).status.ok());
  CHECK(machine.policy.writes == 0);
}

TEST_CASE("A foreign writer is seen, not fought, and left alone on release") {
  Machine machine;
  Owner owner(machine);
  REQUIRE(owner.cluster->Apply({"cpu0", "performance", 1400000, 1400000}).status.ok());
  machine.policy.requested.max_khz = 2000000;
  CHECK(owner.cluster->Read().limited_by == "foreign-writer");
  CHECK(owner.cluster->Release().ok());
  CHECK(machine.policy.requested == Limits{800000, 2000000});
  CHECK(machine.policy.governor == "schedutil");
}

// What a policy that heeds limits asks for next.
SettingOutcome ApplyWithinLimit(Owner& owner, std::int64_t khz) {
  const std::int64_t limit = owner.cluster->Read().limit_khz;
  if (limit > 0) khz = std::min(khz, limit);
  return owner.cluster->Apply({"cpu0", "", khz, khz});
}

TEST_CASE("A cap is remembered while it acts, though a request that heeds it hides it") {
  Machine machine;
  Owner owner(machine);
  REQUIRE(ApplyWithinLimit(owner, 2500000).status.ok());
  machine.policy.cap_khz = 1400000;
  REQUIRE(ApplyWithinLimit(owner, 2500000).effective.max_khz == 1400000);
  const int writes = machine.policy.writes;
  for (int tick = 0; tick < 4; ++tick) {
    CHECK(owner.cluster->Read().limit_khz == 1400000);
    CHECK(owner.cluster->Read().limited_by == "thermal");
    CHECK(ApplyWithinLimit(owner, 2500000).effective.max_khz == 1400000);
  }
  CHECK(machine.policy.writes == writes);
  machine.policy.cap_khz = 800000;
  CHECK(owner.cluster->Read().limit_khz == 800000);
  machine.policy.cap_khz = 0;
  CHECK(owner.cluster->Read().limit_khz == 0);
  CHECK(owner.cluster->Read().limited_by.empty());
  CHECK(ApplyWithinLimit(owner, 2500000).effective.max_khz == 2500000);
}

TEST_CASE("A cap of the firmware is followed when it rises") {
  Machine machine;
  Owner owner(machine);
  REQUIRE(ApplyWithinLimit(owner, 2500000).status.ok());
  machine.policy.cap_khz = machine.policy.bios_limit_khz = 1400000;
  REQUIRE(ApplyWithinLimit(owner, 2500000).effective.max_khz == 1400000);
  CHECK(owner.cluster->Read().limited_by == "firmware");
  machine.policy.cap_khz = machine.policy.bios_limit_khz = 2000000;
  CHECK(owner.cluster->Read().limit_khz == 2000000);
  CHECK(ApplyWithinLimit(owner, 2500000).effective.max_khz == 2000000);
}

TEST_CASE("A maximum that somebody else lowered is a limit and is not fought") {
  Machine machine;
  Owner owner(machine);
  REQUIRE(ApplyWithinLimit(owner, 2500000).status.ok());
  machine.policy.requested.max_khz = 1400000;
  for (int tick = 0; tick < 4; ++tick) {
    CHECK(owner.cluster->Read().limit_khz == 1400000);
    CHECK(owner.cluster->Read().limited_by == "foreign-writer");
    CHECK(ApplyWithinLimit(owner, 2500000).status.ok());
    CHECK(machine.policy.requested.max_khz == 1400000);
  }
  const int writes = machine.policy.writes;
  SECTION("not by one who does not heed the limit either") {
    const auto outcome = owner.cluster->Apply({"cpu0", "", 2500000, 2500000});
    CHECK(outcome.status.ok());
    CHECK(outcome.requested.max_khz == 2500000);
    CHECK(outcome.limited_by == "foreign-writer");
    CHECK(machine.policy.writes == writes);
  }
  SECTION("below it settings are applied, and it is there again afterwards") {
    CHECK(ApplyWithinLimit(owner, 800000).effective.max_khz == 800000);
    CHECK(owner.cluster->Read().limit_khz == 1400000);
    CHECK(ApplyWithinLimit(owner, 2500000).effective.max_khz == 1400000);
  }
  SECTION("another value replaces it") {
    machine.policy.requested.max_khz = 2000000;
    CHECK(owner.cluster->Read().limit_khz == 2000000);
    CHECK(ApplyWithinLimit(owner, 2500000).effective.max_khz == 2000000);
  }
  SECTION("it ends when the maximum is that of the hardware") {
    machine.policy.requested.max_khz = 3000000;
    CHECK(owner.cluster->Read().limit_khz == 0);
    CHECK(ApplyWithinLimit(owner, 2500000).effective.max_khz == 2500000);
    CHECK(owner.cluster->Read().limited_by.empty());
  }
  SECTION("the smaller of it and a cap counts") {
    machine.policy.cap_khz = 800000;
    CHECK(owner.cluster->Read().limit_khz == 800000);
    CHECK(owner.cluster->Read().limited_by == "thermal");
    machine.policy.cap_khz = 0;
    CHECK(owner.cluster->Read().limit_khz == 1400000);
    CHECK(owner.cluster->Read().limited_by == "foreign-writer");
  }
  SECTION("a cap does not hide what is to be put back") {
    machine.policy.cap_khz = 800000;
    CHECK(owner.cluster->Apply({"cpu0", "", 2500000, 2500000}).status.ok());
    CHECK(ApplyWithinLimit(owner, 2500000).status.ok());
    machine.policy.cap_khz = 0;
    CHECK(owner.cluster->Release().ok());
    CHECK(machine.policy.requested == Limits{800000, 1400000});
  }
  SECTION("release leaves it in force and forgets it") {
    CHECK(owner.cluster->Release().ok());
    CHECK(machine.policy.requested == Limits{800000, 1400000});
    CHECK(owner.cluster->Read().limit_khz == 0);
  }
}

TEST_CASE("A cap that gives way by a step is looked at anew") {
  Machine machine;
  Owner owner(machine);
  REQUIRE(ApplyWithinLimit(owner, 2500000).status.ok());
  machine.policy.cap_khz = 800000;
  machine.cap_depth = 3;
  CHECK(ApplyWithinLimit(owner, 2500000).effective.max_khz == 800000);
  CHECK(ApplyWithinLimit(owner, 2500000).effective.max_khz == 800000);
  machine.policy.cap_khz = 1400000;
  machine.cap_depth = 2;
  CHECK(ApplyWithinLimit(owner, 2500000).effective.max_khz == 1400000);
  CHECK(owner.cluster->Read().limit_khz == 1400000);
  CHECK(owner.cluster->Read().limited_by == "thermal");
}

// Somebody who sets a knob again after each of our settings, and how often we write meanwhile.
int WritesAgainst(Owner& owner, Machine& machine, const std::function<void(FakePolicy&)>& insist) {
  const int before = machine.policy.writes;
  for (int round = 0; round < 20; ++round) {
    insist(machine.policy);
    owner.cluster->Read();
    CHECK(owner.cluster->Apply({"cpu0", "performance", 1400000, 1400000}).status.ok());
  }
  insist(machine.policy);
  return machine.policy.writes - before;
}

TEST_CASE("Who sets a knob again and again gets it: nothing is fought in a loop") {
  Machine machine;
  Owner owner(machine);
  REQUIRE(owner.cluster->Apply({"cpu0", "performance", 1400000, 1400000}).status.ok());
  const auto left = [&] { return owner.cluster->Read().left_to_others; };
  SECTION("a governor, even the one that was there before") {
    CHECK(WritesAgainst(owner, machine, [](auto& p) { p.governor = "schedutil"; }) == 0);
    CHECK(left() == std::vector<std::string>{"governor"});
    CHECK(machine.policy.requested == Limits{1400000, 1400000});
  }
  SECTION("a minimum, while the maximum is still set") {
    CHECK(WritesAgainst(owner, machine, [](auto& p) { p.requested.min_khz = 800000; }) <= 1);
    CHECK(left() == std::vector<std::string>{"min"});
    const auto outcome = owner.cluster->Apply({"cpu0", "", 2000000, 2000000});
    CHECK(outcome.limited_by == "foreign-writer");
    CHECK(machine.policy.requested == Limits{800000, 2000000});
  }
  SECTION("a maximum, after it was set once more below it") {
    CHECK(WritesAgainst(owner, machine, [](auto& p) { p.requested.max_khz = 3000000; }) <= 4);
    CHECK(left() == std::vector<std::string>{"max"});
  }
  SECTION("until the cluster is released") {
    WritesAgainst(owner, machine, [](auto& p) { p.governor = "powersave"; });
    CHECK(owner.cluster->Read().limited_by == "foreign-writer");
    CHECK(owner.cluster->Release().ok());
    CHECK(machine.policy.governor == "powersave");
    machine.policy = FakePolicy{};
    CHECK(owner.cluster->Apply({"cpu0", "performance", 1400000, 1400000}).limited_by.empty());
    CHECK(left().empty());
  }
}

TEST_CASE("A governor is set again when whoever had taken it has given it back") {
  Machine machine;
  Owner owner(machine);
  REQUIRE(owner.cluster->Apply({"cpu0", "performance", 1400000, 1400000}).status.ok());
  machine.policy.governor = "powersave";
  CHECK(owner.cluster->Apply({"cpu0", "performance", 1400000, 1400000}).limited_by ==
        "foreign-writer");
  machine.policy.governor = "schedutil";
  CHECK(owner.cluster->Apply({"cpu0", "performance", 1400000, 1400000}).limited_by.empty());
  CHECK(machine.policy.governor == "performance");
  CHECK(owner.cluster->Release().ok());
  CHECK(machine.policy.governor == "schedutil");
}

TEST_CASE("If so configured, a knob is taken back once, and left to whoever insists") {
  Machine machine;
  machine.foreign_writers = ForeignWriters::kTakeBackOnce;
  Owner owner(machine);
  const policies::ClusterSetting busy{"cpu0", "performance", 1400000, 1400000};
  REQUIRE(owner.cluster->Apply(busy).status.ok());
  const auto set_by_others = [&] {
    machine.policy.governor = "powersave";
    machine.policy.requested.max_khz = 1000000;
  };
  set_by_others();
  CHECK(owner.cluster->Read().limited_by == "foreign-writer");
  CHECK(owner.cluster->Read().forgotten);
  CHECK(owner.cluster->Apply(busy).limited_by.empty());
  CHECK_FALSE(owner.cluster->Read().forgotten);
  set_by_others();
  CHECK_FALSE(owner.cluster->Read().forgotten);
  CHECK(owner.cluster->Apply(busy).limited_by == "foreign-writer");
  CHECK(machine.policy.governor == "powersave");
  CHECK(machine.policy.requested.max_khz == 1000000);
  CHECK(owner.cluster->Release().ok());
  CHECK(machine.policy.governor == "powersave");
  CHECK(machine.policy.requested == Limits{800000, 1000000});
}

TEST_CASE("A policy that goes and comes back keeps what is to be put back") {
  Machine machine;
  machine.policy.governor = "powersave";
  machine.policy.requested = {1400000, 2500000};
  const FakePolicy found = machine.policy;
  std::optional<Owner> owner(machine);
  REQUIRE(owner->cluster->Apply({"cpu0", "performance", 2000000, 2000000}).status.ok());
  CHECK_FALSE(owner->cluster->Read().forgotten);
  owner->Return(machine);
  CHECK(owner->cluster->Read().forgotten);
  CHECK(owner->cluster->Read().limited_by.empty());
  SECTION("and is set again") {
    const auto outcome = owner->cluster->Apply({"cpu0", "performance", 2000000, 2000000});
    CHECK(outcome.limited_by.empty());
    CHECK(outcome.effective == policies::ClusterSetting{"cpu0", "performance", 2000000, 2000000});
    CHECK_FALSE(owner->cluster->Read().forgotten);
    CHECK(owner->cluster->Release().ok());
  }
  SECTION("if it is released without having been set again") {
    CHECK(owner->cluster->Release().ok());
  }
  SECTION("if the next owner puts it back") {
    owner.emplace(machine);
    CHECK(owner->cluster->Release().ok());
  }
  CHECK(machine.policy.governor == found.governor);
  CHECK(machine.policy.requested == found.requested);
}

TEST_CASE("What an operator sets while the cluster is idle is what is put back") {
  Machine machine;
  std::optional<Owner> owner(machine);
  REQUIRE(owner->cluster->Apply({"cpu0", "performance", 1400000, 1400000}).status.ok());
  REQUIRE(owner->cluster->Apply({"cpu0", "schedutil", 0, 0}).status.ok());
  machine.policy.governor = "powersave";
  machine.policy.requested.max_khz = 2000000;
  SECTION("going idle once more leaves it alone") {
    CHECK(owner->cluster->Apply({"cpu0", "", 0, 0}).effective.max_khz == 2000000);
    CHECK(machine.policy.requested.max_khz == 2000000);
    CHECK(owner->cluster->Release().ok());
  }
  SECTION("after it was busy") {
    const auto outcome = owner->cluster->Apply({"cpu0", "performance", 1400000, 1400000});
    CHECK(outcome.status.ok());
    CHECK(outcome.limited_by == "foreign-writer");
    CHECK(machine.policy.governor == "powersave");
    CHECK(machine.policy.requested == Limits{1400000, 1400000});
    CHECK(owner->cluster->Release().ok());
  }
  SECTION("by the next owner, if this one is killed") {
    CHECK(owner->cluster->Apply({"cpu0", "performance", 1400000, 1400000}).status.ok());
    owner.emplace(machine);
    CHECK(owner->cluster->Release().ok());
  }
  CHECK(machine.policy.governor == "powersave");
  CHECK(machine.policy.requested == Limits{800000, 2000000});
  CHECK_FALSE(machine.store.text.has_value());
}

TEST_CASE("A cap that takes a moment to lift is not taken for somebody's setting") {
  Machine machine;
  Owner owner(machine);
  REQUIRE(owner.cluster->Apply({"cpu0", "", 800000, 2500000}).status.ok());
  // The cooling device is off already, the kernel follows during the first pause.
  machine.policy.cap_khz = 1400000;
  machine.cap_is_told = false;
  machine.on_pause = [&] { machine.policy.cap_khz = 0; };
  CHECK(owner.cluster->Apply({"cpu0", "", 0, 0}).effective.max_khz == 3000000);
  CHECK(machine.pauses > 0);
}

TEST_CASE("A cap that is active at release does not look like a foreign writer") {
  Machine machine;
  Owner owner(machine);
  REQUIRE(owner.cluster->Apply({"cpu0", "", 2000000, 2000000}).status.ok());
  machine.policy.cap_khz = 1400000;
  CHECK(owner.cluster->Release().ok());
  machine.policy.cap_khz = 0;
  CHECK(machine.policy.effective() == Limits{800000, 3000000});
}

TEST_CASE("A cap that is active at the first write is not taken for the baseline") {
  Machine machine;
  machine.policy.cap_khz = 1400000;
  Owner owner(machine);
  REQUIRE(owner.cluster->Apply({"cpu0", "", 800000, 800000}).status.ok());
  CHECK(owner.cluster->Release().ok());
  machine.policy.cap_khz = 0;
  CHECK(machine.policy.effective() == Limits{800000, 3000000});
}

TEST_CASE("A killed owner's knobs are put back by the next one, but not after a reboot") {
  Machine machine;
  REQUIRE(Owner(machine).cluster->Apply({"cpu0", "performance", 1400000, 2000000}).status.ok());
  SECTION("same boot") {
    CHECK(Owner(machine).cluster->Release().ok());
    CHECK(machine.policy.requested == Limits{800000, 3000000});
    CHECK(machine.policy.governor == "schedutil");
  }
  SECTION("another boot") {
    machine.boot_id = "boot-b";
    machine.policy = FakePolicy{};
    machine.policy.requested.max_khz = 2500000;
    CHECK(Owner(machine).cluster->Release().ok());
    CHECK(machine.policy.requested == Limits{800000, 2500000});
  }
}

// The life of an owner, with trouble at every step of it.
void Live(Machine& machine) {
  Owner owner(machine);
  owner.cluster->Apply({"cpu0", "performance", 1400000, 1400000});
  owner.cluster->Apply({"cpu0", "powersave", 2500000, 2500000});
  owner.cluster->Apply({"cpu0", "", 0, 1234567});
  owner.cluster->Release().IgnoreError();
}

TEST_CASE("Whichever step fails or is the last one, the knobs end as they were found") {
  for (const auto kind :
       {Trouble::Kind::kFails, Trouble::Kind::kDiesBefore, Trouble::Kind::kDiesAfter}) {
    for (int step = 0;; ++step) {
      Machine machine;
      machine.trouble = {.kind = kind, .at = step};
      Live(machine);
      const bool past_the_end = machine.trouble.changes <= step;
      machine.trouble = {};
      CHECK(Owner(machine).cluster->Release().ok());
      INFO("kind " << static_cast<int>(kind) << ", step " << step);
      CHECK(machine.policy.governor == "schedutil");
      CHECK(machine.policy.requested == Limits{800000, 3000000});
      CHECK_FALSE(machine.store.text.has_value());
      if (past_the_end) {
        CHECK(step > 10);
        break;
      }
    }
  }
}

TEST_CASE("A write that fails leaves the cluster as it was before the call") {
  for (int step = 0; step < 5; ++step) {
    Machine machine;
    Owner owner(machine);
    REQUIRE(owner.cluster->Apply({"cpu0", "performance", 1400000, 1400000}).status.ok());
    machine.trouble = {.kind = Trouble::Kind::kFails, .at = step};
    const auto outcome = owner.cluster->Apply({"cpu0", "powersave", 2500000, 2500000});
    INFO("step " << step);
    // Two journal entries surround three writes.
    CHECK_FALSE(outcome.status.ok());
    CHECK(machine.policy.governor == "performance");
    CHECK(machine.policy.requested == Limits{1400000, 1400000});
    CHECK(outcome.effective.max_khz == 1400000);
  }
}

}  // namespace
}  // namespace dynofa::hardware::sysfs
