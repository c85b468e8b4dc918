// A machine of 256 CPUs with a policy each, as intel_pstate shows it: few clusters, which are set,
// read and put back as one each.

#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "daemon/hardware/remote/protocol.h"
#include "daemon/hardware/remote/seqpacket.h"
#include "daemon/hardware/sysfs/fake_cpufreq.h"
#include "daemon/hardware/sysfs/sysfs_driver.h"
#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace dynofa::tests {
namespace {

using hardware::sysfs::SysfsBoardDriver;

constexpr int kCpus = 256;

// Two packages; the last 32 CPUs of the second one are slower ones.
struct Machine {
  Machine() {
    dir.Write("devices/system/cpu/online", "0-255\n");
    dir.Write("devices/system/cpu/present", "0-255\n");
    for (int cpu = 0; cpu < kCpus; ++cpu) {
      const std::string number = std::to_string(cpu);
      dir.Write("devices/system/cpu/cpu" + number + "/topology/physical_package_id",
                cpu < kCpus / 2 ? "0\n" : "1\n");
      Put(cpu, "related_cpus", number);
      Put(cpu, "scaling_driver", "intel_pstate");
      Put(cpu, "scaling_available_governors", "performance powersave");
      Put(cpu, "scaling_governor", "powersave");
      const std::string highest = cpu < 224 ? "3800000" : "2600000";
      Put(cpu, "cpuinfo_min_freq", "800000");
      Put(cpu, "cpuinfo_max_freq", highest);
      Put(cpu, "scaling_min_freq", "800000");
      // One was found lower than its neighbours.
      Put(cpu, "scaling_max_freq", cpu == 7 ? "3000000" : highest);
      Put(cpu, "scaling_cur_freq", std::to_string(800000 + 1000 * cpu));
      Put(cpu, "energy_performance_preference", "balance_performance");
    }
  }

  static std::string Folder(int cpu) {
    return "devices/system/cpu/cpufreq/policy" + std::to_string(cpu) + "/";
  }
  void Put(int cpu, const std::string& name, const std::string& value) {
    dir.Write(Folder(cpu) + name, value + "\n");
  }
  std::string Get(int cpu, const std::string& name) const {
    return ReadFile(dir.path() / (Folder(cpu) + name));
  }
  std::unique_ptr<SysfsBoardDriver> Driver() {
    auto driver = SysfsBoardDriver::Create(
        {.root = dir.path(), .proc_root = "", .pause = [](base::Duration) {}}, *journal);
    REQUIRE(driver.ok());
    return *std::move(driver);
  }

  TempDir dir;
  hardware::sysfs::Trouble trouble;
  hardware::sysfs::FakeStore store{trouble};
  std::optional<hardware::journal::Journal> journal{std::in_place, store, "boot"};
};

TEST_CASE("Policies of many CPUs are few clusters, and their description fits into a message") {
  Machine machine;
  const auto driver = machine.Driver();
  const hardware::BoardInfo& info = driver->info();
  REQUIRE(info.clusters.size() == 16);
  std::set<int> cpus;
  for (const policies::ClusterInfo& cluster : info.clusters) {
    CHECK(cluster.writable);
    CHECK(cluster.cores == 16);
    CHECK(cluster.id == "cpu" + std::to_string(cluster.host_cpus.front()));
    const bool slow = cluster.host_cpus.front() >= 224;
    CHECK(cluster.frequencies_khz.back() == (slow ? 2600000 : 3800000));
    cpus.insert(cluster.host_cpus.begin(), cluster.host_cpus.end());
  }
  CHECK(cpus.size() == kCpus);
  CHECK(info.findings.size() < 20);
  using hardware::remote::Encode;
  CHECK(Encode(hardware::remote::Greeting{absl::OkStatus(), info}).size() <
        hardware::remote::kMaxMessage);
}

TEST_CASE("A cluster of many policies is set as one, and each policy goes back to what it was") {
  Machine machine;
  const auto before = ReadTree(machine.dir.path());
  const auto driver = machine.Driver();
  // Counts what is stored.
  machine.trouble = {.kind = hardware::sysfs::Trouble::Kind::kFails, .at = -1};
  const auto outcome = driver->Apply({{"cpu0", "performance", 2000000, 2000000}}).outcomes[0];
  INFO(outcome.status);
  REQUIRE(outcome.status.ok());
  CHECK(outcome.cluster == "cpu0");
  CHECK(outcome.effective == policies::ClusterSetting{"cpu0", "performance", 2000000, 2000000});
  // The journal is stored twice, not twice for each policy.
  CHECK(machine.trouble.changes == 2);
  for (const int cpu : {0, 7, 15}) {
    CHECK(machine.Get(cpu, "scaling_min_freq") == "2000000\n");
    CHECK(machine.Get(cpu, "scaling_governor") == "performance\n");
  }
  CHECK(machine.Get(16, "scaling_governor") == "powersave\n");
  // At rest each has its own maximum.
  CHECK(driver->Apply({{"cpu0", "", 0, 0}}).outcomes[0].status.ok());
  CHECK(machine.Get(7, "scaling_max_freq") == "3000000\n");
  CHECK(machine.Get(8, "scaling_max_freq") == "3800000\n");
  REQUIRE(driver->Release().ok());
  CHECK(ReadTree(machine.dir.path()) == before);
  CHECK_FALSE(machine.store.text.has_value());
}

TEST_CASE("If what was written cannot be journalled, every policy of the cluster goes back") {
  Machine machine;
  const auto driver = machine.Driver();
  REQUIRE(driver->Apply({{"cpu16", "performance", 2000000, 2000000}}).outcomes[0].status.ok());
  const auto before = ReadTree(machine.dir.path());
  machine.trouble = {.kind = hardware::sysfs::Trouble::Kind::kFails, .at = 1};
  const auto outcome = driver->Apply({{"cpu16", "powersave", 3000000, 3000000}}).outcomes[0];
  CHECK(outcome.status.message() == "journal: disk full");
  CHECK(ReadTree(machine.dir.path()) == before);
}

TEST_CASE("A CPU that goes offline is left out of its cluster, and set when it is back") {
  Machine machine;
  const auto before = ReadTree(machine.dir.path());
  const auto driver = machine.Driver();
  const auto reading = [&](const std::string& id) {
    const auto seen = driver->Read();
    REQUIRE(seen.ok());
    for (const auto& cluster : seen->clusters) {
      if (cluster.cluster == id) return cluster;
    }
    FAIL("no " << id);
    return hardware::ClusterReading{};
  };
  const std::filesystem::path folder = machine.dir.path() / Machine::Folder(3);
  const std::filesystem::path policy = folder.parent_path();
  const std::filesystem::path kept = machine.dir.path() / "kept";
  std::filesystem::copy(policy, kept);
  std::filesystem::remove_all(policy);
  machine.dir.Write("devices/system/cpu/online", "0-2,4-255\n");
  const std::vector<policies::ClusterSetting> setting = {{"cpu0", "performance", 2000000, 2000000}};
  REQUIRE(driver->Apply(setting).outcomes[0].status.ok());
  CHECK(reading("cpu0").available);
  CHECK_FALSE(reading("cpu0").forgotten);
  std::filesystem::rename(kept, policy);
  machine.dir.Write("devices/system/cpu/online", "0-255\n");
  CHECK(reading("cpu0").forgotten);
  REQUIRE(driver->Apply(setting).outcomes[0].status.ok());
  CHECK_FALSE(reading("cpu0").forgotten);
  CHECK(machine.Get(3, "scaling_max_freq") == "2000000\n");
  REQUIRE(driver->Release().ok());
  CHECK(ReadTree(machine.dir.path()) == before);
}

TEST_CASE("What a killed process left of a cluster of many policies is put back") {
  Machine machine;
  const auto before = ReadTree(machine.dir.path());
  {
    const auto driver = machine.Driver();
    REQUIRE(driver->Apply({{"cpu32", "performance", 2000000, 2000000}}).outcomes[0].status.ok());
  }
  machine.journal.emplace(machine.store, "boot");
  const auto next = machine.Driver();
  CHECK(ReadTree(machine.dir.path()) == before);
  CHECK_FALSE(next->HasLeftovers());
}

}  // namespace
}  // namespace dynofa::tests
