#include "daemon/hardware/sysfs/sysfs_driver.h"

#include <map>
#include <string>

#include "daemon/hardware/journal/file_store.h"
#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace dynofa::hardware::sysfs {
namespace {

void WritePolicy(const tests::TempDir& dir, int index, const std::string& cpus) {
  const std::string policy = "sys/devices/system/cpu/cpufreq/policy" + std::to_string(index) + "/";
  dir.Write(policy + "related_cpus", cpus + "\n");
  dir.Write(policy + "scaling_governor", "schedutil\n");
  dir.Write(policy + "scaling_available_governors", "performance schedutil \n");
  dir.Write(policy + "scaling_available_frequencies", "2000000 1000000 1500000 \n");
  dir.Write(policy + "scaling_min_freq", "1000000\n");
  dir.Write(policy + "scaling_max_freq", "2000000\n");
  dir.Write(policy + "scaling_cur_freq", "1500000\n");
  dir.Write(policy + "cpuinfo_min_freq", "1000000\n");
  dir.Write(policy + "cpuinfo_max_freq", "2000000\n");
}

struct Fixture {
  explicit Fixture(const std::string& online = "0-3\n") {
    dir.Write("sys/devices/system/cpu/online", online);
    store = *journal::FileStore::Open(dir / "state");
    journal = std::make_unique<journal::Journal>(*store, "boot");
  }
  std::unique_ptr<SysfsBoardDriver> Driver() {
    auto driver = SysfsBoardDriver::Create(
        {.root = dir / "sys", .proc_root = dir / "proc", .pause = [](base::Duration) {}}, *journal);
    REQUIRE(driver.ok());
    return *std::move(driver);
  }
  std::map<std::string, std::string> Tree() { return tests::ReadTree(dir / "sys"); }

  tests::TempDir dir;
  std::unique_ptr<journal::FileStore> store;
  std::unique_ptr<journal::Journal> journal;
};

TEST_CASE("Clusters are found by their CPUs, whatever the folders are called") {
  Fixture f;
  WritePolicy(f.dir, 7, "0 1");
  WritePolicy(f.dir, 10, "2 3");
  f.dir.Write("sys/devices/system/cpu/cpufreq/boost", "1\n");
  const auto driver = f.Driver();
  REQUIRE(driver->info().clusters.size() == 2);
  CHECK(driver->info().clusters[0].id == "cpu0");
  CHECK(driver->info().clusters[1].id == "cpu2");
  CHECK(driver->info().clusters[1].frequencies_khz ==
        std::vector<std::int64_t>{1000000, 1500000, 2000000});
  CHECK(driver->info().clusters[1].host_cpus == std::vector<int>{2, 3});
  CHECK(driver->info().emulated_model.empty());
}

TEST_CASE("Every cluster is written and read back; release leaves every byte as it was") {
  Fixture f;
  WritePolicy(f.dir, 0, "0 1");
  WritePolicy(f.dir, 2, "2 3");
  const auto before = f.Tree();
  const auto driver = f.Driver();
  const ApplyResult result = driver->Apply({{"cpu0", "performance", 1500000, 1500000},
                                            {"cpu2", "", 1000000, 1000000},
                                            {"gpu", "", 1, 1}});
  CHECK(result.outcomes[0].status.ok());
  CHECK(result.outcomes[1].status.ok());
  CHECK(result.outcomes[2].status.code() == absl::StatusCode::kNotFound);
  auto tree = f.Tree();
  CHECK(tree["devices/system/cpu/cpufreq/policy0/scaling_governor"] == "performance\n");
  CHECK(tree["devices/system/cpu/cpufreq/policy0/scaling_min_freq"] == "1500000\n");
  CHECK(tree["devices/system/cpu/cpufreq/policy2/scaling_max_freq"] == "1000000\n");
  const auto reading = driver->Read();
  REQUIRE(reading.ok());
  CHECK(reading->clusters[0].max_khz == 1500000);
  CHECK(reading->clusters[0].frequency_khz == 1500000);
  CHECK(driver->Release().ok());
  CHECK(f.Tree() == before);
}

TEST_CASE("What a killed process left behind is put back at the next start") {
  Fixture f;
  WritePolicy(f.dir, 0, "0 1");
  const auto before = f.Tree();
  f.Driver()->Apply({{"cpu0", "performance", 1500000, 1500000}});
  REQUIRE(f.Tree() != before);
  f.store.reset();
  f.store = *journal::FileStore::Open(f.dir / "state");
  f.journal = std::make_unique<journal::Journal>(*f.store, "boot");
  f.Driver();
  CHECK(f.Tree() == before);
}

TEST_CASE("Without cpufreq there is one cluster of all CPUs that says why it has no knobs") {
  Fixture f("0-1\n");
  const auto driver = f.Driver();
  REQUIRE(driver->info().clusters.size() == 1);
  const policies::ClusterInfo& cluster = driver->info().clusters[0];
  CHECK(cluster.id == "cpu0");
  CHECK(cluster.cores == 2);
  CHECK_FALSE(cluster.writable);
  CHECK(cluster.read_only_reason.find("no cpufreq") != std::string::npos);
  CHECK(driver->Apply({{"cpu0", "", 1, 1}}).outcomes[0].status.code() ==
        absl::StatusCode::kFailedPrecondition);
  CHECK(driver->Read()->clusters[0].available);
  CHECK(driver->Release().ok());
}

TEST_CASE("Without a list of CPUs there is no board") {
  tests::TempDir dir;
  Fixture f("");
  CHECK_FALSE(SysfsBoardDriver::Create({.root = f.dir / "sys"}, *f.journal).ok());
  CHECK_FALSE(SysfsBoardDriver::Create({.root = dir / "none"}, *f.journal).ok());
}

TEST_CASE("Drivers without a table get steps between the hardware's limits") {
  Fixture f;
  WritePolicy(f.dir, 0, "0-3");
  std::filesystem::remove(f.dir /
                          "sys/devices/system/cpu/cpufreq/policy0/scaling_available_frequencies");
  f.dir.Write("sys/devices/system/cpu/cpufreq/policy0/cpuinfo_min_freq", "1750000\n");
  CHECK(f.Driver()->info().clusters[0].frequencies_khz ==
        std::vector<std::int64_t>{1750000, 1850000, 1950000, 2000000});
}

TEST_CASE("A policy without any frequency is read-only and says why") {
  Fixture f;
  WritePolicy(f.dir, 0, "0-3");
  for (const char* name : {"scaling_available_frequencies", "cpuinfo_min_freq"}) {
    std::filesystem::remove(f.dir /
                            (std::string("sys/devices/system/cpu/cpufreq/policy0/") + name));
  }
  const auto driver = f.Driver();
  const policies::ClusterInfo& cluster = driver->info().clusters[0];
  CHECK_FALSE(cluster.writable);
  CHECK(cluster.read_only_reason.find("frequencies") != std::string::npos);
  CHECK(driver->Apply({{"cpu0", "", 1, 1}}).outcomes[0].status.code() ==
        absl::StatusCode::kFailedPrecondition);
}

TEST_CASE("Zones are found by type, belong to the CPU clusters, and broken ones are left out") {
  Fixture f;
  WritePolicy(f.dir, 0, "0 1");
  WritePolicy(f.dir, 2, "2 3");
  f.dir.Write("sys/class/thermal/thermal_zone1/type", "CPU-therm\n");
  f.dir.Write("sys/class/thermal/thermal_zone1/temp", "45500\n");
  f.dir.Write("sys/class/thermal/thermal_zone0/type", "GPU-therm\n");
  f.dir.Write("sys/class/thermal/thermal_zone0/temp", "-3000\n");
  f.dir.Write("sys/class/thermal/thermal_zone2/type", "broken\n");
  f.dir.Write("sys/class/thermal/thermal_zone2/temp", "hot\n");
  const auto zones = f.Driver()->Read()->zones;
  REQUIRE(zones.size() == 3);
  CHECK(zones[0].type == "GPU-therm");
  CHECK(zones[0].temperature_c == -3.0);
  CHECK(zones[0].cluster.empty());
  CHECK(zones[1].cluster == "cpu0");
  CHECK(zones[2].cluster == "cpu2");
  CHECK(zones[2].temperature_c == 45.5);
}

TEST_CASE("An active cooling device of a cluster explains a lower maximum, that of another not") {
  Fixture f;
  WritePolicy(f.dir, 0, "0 1");
  WritePolicy(f.dir, 2, "2 3");
  f.dir.Write("sys/class/thermal/cooling_device0/type", "cpufreq-cpu2\n");
  f.dir.Write("sys/class/thermal/cooling_device0/cur_state", "1\n");
  const auto driver = f.Driver();
  for (const char* cluster : {"cpu0", "cpu2"}) driver->Apply({{cluster, "", 1000000, 2000000}});
  for (const char* policy : {"policy0", "policy2"}) {
    f.dir.Write(std::string("sys/devices/system/cpu/cpufreq/") + policy + "/scaling_max_freq",
                "1500000\n");
  }
  const auto driver2 = f.Driver();
  driver2->Apply({{"cpu0", "", 1000000, 1500000}});
  const auto reading = driver2->Read();
  CHECK(reading->clusters[1].limited_by == "thermal");
  CHECK(reading->clusters[1].limit_khz == 1500000);
  CHECK(reading->clusters[0].limited_by.empty());
}

TEST_CASE("A policy that goes and comes back under another index keeps its baseline") {
  Fixture f;
  WritePolicy(f.dir, 0, "0 1");
  WritePolicy(f.dir, 2, "2 3");
  const std::string folder = "sys/devices/system/cpu/cpufreq/";
  f.dir.Write(folder + "policy0/scaling_max_freq", "1500000\n");
  const auto driver = f.Driver();
  const policies::ClusterSetting busy{"cpu0", "performance", 1000000, 1000000};
  REQUIRE(driver->Apply({busy}).outcomes[0].status.ok());
  std::filesystem::remove_all(f.dir / (folder + "policy0"));
  CHECK_FALSE(driver->Read()->clusters[0].available);
  CHECK_FALSE(driver->Apply({busy}).outcomes[0].status.ok());

  WritePolicy(f.dir, 7, "0 1");
  const ClusterReading back = driver->Read()->clusters[0];
  CHECK(back.available);
  CHECK(back.forgotten);
  CHECK(back.limited_by.empty());
  CHECK(driver->Apply({busy}).outcomes[0].effective.max_khz == 1000000);
  CHECK_FALSE(driver->Read()->clusters[0].forgotten);
  CHECK(driver->Release().ok());
  auto tree = f.Tree();
  CHECK(tree["devices/system/cpu/cpufreq/policy7/scaling_max_freq"] == "1500000\n");
  CHECK(tree["devices/system/cpu/cpufreq/policy7/scaling_min_freq"] == "1000000\n");
  CHECK(tree["devices/system/cpu/cpufreq/policy7/scaling_governor"] == "schedutil\n");
}

TEST_CASE("A policy of nonsense is an error of its cluster alone") {
  Fixture f;
  WritePolicy(f.dir, 0, "0 1");
  WritePolicy(f.dir, 2, "2 3");
  f.dir.Write("sys/devices/system/cpu/cpufreq/policy2/scaling_max_freq", "<unknown>\n");
  const auto driver = f.Driver();
  const auto result =
      driver->Apply({{"cpu2", "", 1500000, 1500000}, {"cpu0", "", 1500000, 1500000}});
  CHECK_FALSE(result.outcomes[0].status.ok());
  CHECK(result.outcomes[1].status.ok());
  CHECK_FALSE(driver->Read()->clusters[1].available);
  CHECK(f.Tree()["devices/system/cpu/cpufreq/policy2/scaling_max_freq"] == "<unknown>\n");
}

void WriteGpu(const tests::TempDir& dir) {
  const std::string gpu = "sys/class/devfreq/17000000.gpu/";
  dir.Write(gpu + "device/uevent", "DRIVER=gk20a\nOF_NAME=ga10b\n");
  dir.Write(gpu + "device/load", "300\n");
  dir.Write(gpu + "available_frequencies", "306000000 612000000 918000000\n");
  dir.Write(gpu + "available_governors", "performance nvhost_podgov\n");
  dir.Write(gpu + "governor", "nvhost_podgov\n");
  dir.Write(gpu + "min_freq", "306000000\n");
  dir.Write(gpu + "max_freq", "918000000\n");
  dir.Write(gpu + "cur_freq", "306000000\n");
}

TEST_CASE("A devfreq GPU is a cluster like the others: set in Hz, journalled, put back") {
  Fixture f;
  WritePolicy(f.dir, 0, "0-3");
  WriteGpu(f.dir);
  const auto before = f.Tree();
  auto driver = f.Driver();
  REQUIRE(driver->info().clusters.size() == 2);
  const policies::ClusterInfo& gpu = driver->info().clusters[1];
  CHECK(gpu.id == "gpu");
  CHECK(gpu.kind == policies::ClusterKind::kGpu);
  CHECK(gpu.driver == "gk20a");
  CHECK(gpu.frequencies_khz == std::vector<std::int64_t>{306000, 612000, 918000});
  const auto result = driver->Apply({{"gpu", "performance", 612000, 612000}});
  CHECK(result.outcomes[0].status.ok());
  CHECK(result.outcomes[0].effective ==
        policies::ClusterSetting{"gpu", "performance", 612000, 612000});
  CHECK(f.Tree()["class/devfreq/17000000.gpu/max_freq"] == "612000000\n");
  CHECK(f.Tree()["class/devfreq/17000000.gpu/min_freq"] == "612000000\n");
  CHECK(f.journal->Devices() == std::vector<std::string>{"devfreq 17000000.gpu"});

  SECTION("by release") {
    CHECK(driver->Release().ok());
    CHECK(f.Tree() == before);
  }
  SECTION("by the next process, after a kill") {
    driver.reset();
    f.store.reset();
    f.store = *journal::FileStore::Open(f.dir / "state");
    f.journal = std::make_unique<journal::Journal>(*f.store, "boot");
    f.Driver();
    CHECK(f.Tree() == before);
  }
  SECTION("but not what somebody else has set") {
    f.dir.Write("sys/class/devfreq/17000000.gpu/max_freq", "306000000\n");
    CHECK(driver->Read()->clusters[1].limited_by == "foreign-writer");
    CHECK(driver->Release().ok());
    CHECK(f.Tree()["class/devfreq/17000000.gpu/max_freq"] == "306000000\n");
    CHECK(f.Tree()["class/devfreq/17000000.gpu/governor"] == "nvhost_podgov\n");
  }
}

TEST_CASE("A throttled GPU is limited by heat, and its load without dynofa's is that of others") {
  Fixture f;
  WritePolicy(f.dir, 0, "0-3");
  WriteGpu(f.dir);
  f.dir.Write("sys/class/thermal/cooling_device0/type", "devfreq-17000000.gpu\n");
  f.dir.Write("sys/class/thermal/cooling_device0/cur_state", "1\n");
  f.dir.Write("sys/class/devfreq/17000000.gpu/max_freq", "612000000\n");
  const auto driver = f.Driver();
  CHECK(driver->Read()->clusters[1].limited_by == "thermal");
  CHECK(driver->Read()->clusters[1].limit_khz == 612000);
  CHECK(driver->Read()->clusters[0].limited_by.empty());
  CHECK(driver->Read()->clusters[1].foreign_load == Approx(0.3));
  driver->ReportLoad({{"gpu", 0.25, 0.25}});
  CHECK(driver->Read()->clusters[1].foreign_load == Approx(0.05));
}

TEST_CASE("CPUs that no policy has are a cluster, too; one whose CPUs are all off is not there") {
  Fixture f("0-5\n");
  WritePolicy(f.dir, 0, "0 1");
  WritePolicy(f.dir, 2, "2 3");
  const auto driver = f.Driver();
  REQUIRE(driver->info().clusters.size() == 3);
  CHECK(driver->info().clusters[2].id == "cpu4");
  CHECK(driver->info().clusters[2].host_cpus == std::vector<int>{4, 5});
  f.dir.Write("sys/devices/system/cpu/online", "0,2-3\n");
  const auto reading = driver->Read();
  CHECK(reading->clusters[0].available);
  CHECK(reading->clusters[1].available);
  CHECK_FALSE(reading->clusters[2].available);
}

TEST_CASE("A discrete GPU is shown with its clock, heat and power, and cannot be set") {
  Fixture f;
  WritePolicy(f.dir, 0, "0-3");
  SysfsBoardDriver::Options options{
      .root = f.dir / "sys", .proc_root = "", .nvml = DYNOFA_FAKE_NVML};
  const auto driver = SysfsBoardDriver::Create(options, *f.journal);
  REQUIRE(driver.ok());
  REQUIRE((*driver)->info().clusters.size() == 3);
  CHECK((*driver)->info().clusters[1].id == "gpu");
  CHECK((*driver)->info().clusters[1].driver == "nvml (Fake GPU)");
  CHECK_FALSE((*driver)->info().clusters[1].writable);
  const auto reading = (*driver)->Read();
  CHECK(reading->clusters[1].frequency_khz == 1200000);
  CHECK(reading->clusters[1].foreign_load == 0.25);
  CHECK(reading->zones.back().cluster == "gpu");
  CHECK(reading->rails.back().power_w == 70.5);
  CHECK(reading->clusters[2].frequency_khz == 0);
}

TEST_CASE("An NVIDIA GPU whose library is missing is said to be there") {
  Fixture f;
  WritePolicy(f.dir, 0, "0-3");
  f.dir.Write("sys/bus/pci/devices/0000:01:00.0/vendor", "0x10de\n");
  f.dir.Write("sys/bus/pci/devices/0000:01:00.0/class", "0x030000\n");
  SysfsBoardDriver::Options options{
      .root = f.dir / "sys", .proc_root = "", .nvml = "libdynofa-none.so"};
  const auto driver = SysfsBoardDriver::Create(options, *f.journal);
  bool said = false;
  for (const std::string& note : (*driver)->info().notes) {
    said = said || note.find("NVIDIA GPUs are not shown") != std::string::npos;
  }
  CHECK(said);
}

}  // namespace
}  // namespace dynofa::hardware::sysfs
