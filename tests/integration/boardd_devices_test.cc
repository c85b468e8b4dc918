// The real dynofa-boardd while clocks come and go: a policy that is removed and comes back under
// another index, a device that is not there when the program starts.

#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "tests/integration/board_client.h"
#include "tests/integration/sysfs_tree.h"
#include "tests/support/catch.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace dynofa::tests {
namespace {

namespace fs = std::filesystem;
using Files = std::map<std::string, std::string>;

constexpr char kPolicies[] = "sys/devices/system/cpu/cpufreq/";
constexpr char kGpu[] = "sys/class/devfreq/17000000.gpu/";

// Two policies and a GPU, whose knobs are not what a kernel starts with.
class Machine {
 public:
  Machine() {
    WriteSysfsTree(dir_, "sys");
    SetUpPolicy("policy2", "powersave", "816000", "1200000");
    AddGpu("userspace", "300000000", "600000000");
  }

  void Start() {
    process_ =
        Process::Start({std::string(DYNOFA_BIN_DIR) + "/dynofa-boardd", "--sysfs-root",
                        dir_ / "sys", "--state-dir", dir_ / "state", "--socket", dir_ / "s"});
  }
  Process& boardd() { return *process_; }
  std::unique_ptr<BoardClient> Connect() {
    auto client = std::make_unique<BoardClient>(dir_ / "s", [&] { return process_->Running(); });
    INFO(process_->Output());
    REQUIRE(client->connected());
    return client;
  }
  bool HasJournal() const { return fs::exists(dir_ / "state/journal.json"); }

  void RemovePolicy(const std::string& name) { fs::remove_all(dir_ / (kPolicies + name)); }
  /// The policy of CPUs 2 and 3 as a kernel starts with it.
  void AddPolicy(const std::string& name) {
    // In one step, as the kernel adds a folder.
    TempDir fresh;
    WriteSysfsTree(fresh, "sys");
    const std::string made = dir_ / "made";
    fs::copy(fresh / (std::string(kPolicies) + "policy2"), made, fs::copy_options::recursive);
    fs::rename(made, dir_ / (kPolicies + name));
  }
  void RemoveGpu() { fs::remove_all(dir_ / kGpu); }
  void AddGpu(const std::string& governor, const std::string& min, const std::string& max) {
    const auto put = [&](const std::string& name, const std::string& value) {
      dir_.Write("made/" + name, value + "\n");
    };
    put("device/uevent", "OF_NAME=gpu");
    put("available_frequencies", "300000000 600000000 900000000");
    put("available_governors", "simple_ondemand userspace performance");
    put("governor", governor);
    put("min_freq", min);
    put("max_freq", max);
    put("cur_freq", min);
    fs::create_directories(fs::path(dir_ / kGpu).parent_path().parent_path());
    fs::rename(dir_ / "made", dir_ / std::string(kGpu).substr(0, std::string(kGpu).size() - 1));
  }

  /// Governor, minimum and maximum, a line each.
  std::string Policy(const std::string& name) const {
    const std::string folder = dir_ / (kPolicies + name + "/scaling_");
    return ReadFile(folder + "governor") + ReadFile(folder + "min_freq") +
           ReadFile(folder + "max_freq");
  }
  std::string Gpu() const {
    return ReadFile(dir_ / kGpu + "governor") + ReadFile(dir_ / kGpu + "min_freq") +
           ReadFile(dir_ / kGpu + "max_freq");
  }

 private:
  void SetUpPolicy(const std::string& name, const std::string& governor, const std::string& min,
                   const std::string& max) {
    const std::string folder = kPolicies + name + "/scaling_";
    dir_.Write(folder + "governor", governor + "\n");
    dir_.Write(folder + "min_freq", min + "\n");
    dir_.Write(folder + "max_freq", max + "\n");
  }

  TempDir dir_;
  std::unique_ptr<Process> process_;
};

constexpr char kAsFound[] = "powersave\n816000\n1200000\n";
constexpr char kPinned[] = "performance\n408000\n408000\n";
constexpr char kGpuAsFound[] = "userspace\n300000000\n600000000\n";

const std::vector<policies::ClusterSetting> kSettings = {{"cpu2", "performance", 408000, 408000},
                                                         {"gpu", "performance", 900000, 900000}};

void Apply(BoardClient& client) {
  const auto result = client.Apply(kSettings);
  REQUIRE(result.ok());
  for (const auto& outcome : result->outcomes) {
    INFO(outcome.cluster << ": " << outcome.status);
    CHECK(outcome.status.ok());
  }
}

hardware::ClusterReading Reading(BoardClient& client, const std::string& id) {
  const auto reading = client.Read();
  REQUIRE(reading.ok());
  for (const auto& cluster : reading->clusters) {
    if (cluster.cluster == id) return cluster;
  }
  FAIL("no cluster " << id);
  return {};
}

TEST_CASE("A policy that comes back under another index is set again and keeps its baseline") {
  Machine machine;
  machine.Start();
  {
    const auto client = machine.Connect();
    Apply(*client);
    CHECK(machine.Policy("policy2") == kPinned);
    machine.RemovePolicy("policy2");
    CHECK_FALSE(Reading(*client, "cpu2").available);
    machine.AddPolicy("policy7");
    const hardware::ClusterReading back = Reading(*client, "cpu2");
    CHECK(back.available);
    // dynofad applies its decision again where it reads this.
    CHECK(back.forgotten);
    Apply(*client);
    CHECK(machine.Policy("policy7") == kPinned);
    CHECK_FALSE(Reading(*client, "cpu2").forgotten);
  }
  CHECK(WaitUntil([&] { return !machine.HasJournal(); }));
  CHECK(machine.Policy("policy7") == kAsFound);
  CHECK(machine.Gpu() == kGpuAsFound);
}

TEST_CASE("A policy that is away when its client goes gets its baseline when it comes back") {
  Machine machine;
  machine.Start();
  {
    const auto client = machine.Connect();
    Apply(*client);
    machine.RemovePolicy("policy2");
  }
  CHECK(WaitUntil([&] { return machine.Gpu() == kGpuAsFound; }));
  CHECK(machine.HasJournal());
  machine.AddPolicy("policy5");
  CHECK(WaitUntil([&] { return !machine.HasJournal(); }));
  CHECK(machine.Policy("policy5") == kAsFound);
  CHECK(machine.boardd().WaitForOutput("restored cpu2"));
}

/// Starts dynofa-boardd and kills it while knobs are changed, before its client goes, which it
/// would notice.
void DieWithKnobsChanged(Machine& machine) {
  machine.Start();
  const auto client = machine.Connect();
  Apply(*client);
  machine.boardd().Stop(SIGKILL);
}

TEST_CASE("A device that is not there at the start gets its baseline when it appears") {
  Machine machine;
  DieWithKnobsChanged(machine);
  machine.RemovePolicy("policy2");
  machine.RemoveGpu();
  machine.Start();
  REQUIRE(machine.boardd().WaitForOutput("is put back when it appears"));
  {
    // A client that has come before them does without, and disturbs nothing.
    const auto client = machine.Connect();
    for (const auto& cluster : client->info().clusters) {
      CHECK(cluster.writable == (cluster.id == "cpu0"));
    }
    CHECK(client->Apply({{"cpu0", "performance", 408000, 408000}}).ok());
    machine.AddGpu("simple_ondemand", "300000000", "900000000");
    CHECK(WaitUntil([&] { return machine.Gpu() == kGpuAsFound; }));
    CHECK(machine.Policy("policy0") == kPinned);
    machine.AddPolicy("policy2");
    CHECK(WaitUntil([&] { return machine.Policy("policy2") == kAsFound; }));
  }
  CHECK(WaitUntil([&] { return !machine.HasJournal(); }));
  CHECK(machine.boardd().Output().find("restored gpu, which appeared after the start") !=
        std::string::npos);
}

bool Appeared(BoardClient& client, const std::string& id) {
  const auto reading = client.Read();
  return reading.ok() &&
         std::any_of(reading->appeared.begin(), reading->appeared.end(),
                     [&](const auto& cluster) { return cluster.id == id && cluster.writable; });
}

bool CanBeSet(BoardClient& client, const std::string& id) {
  const auto& clusters = client.info().clusters;
  return std::any_of(clusters.begin(), clusters.end(),
                     [&](const auto& cluster) { return cluster.id == id && cluster.writable; });
}

TEST_CASE("A clock that appears after the start is told of, and the next client has it") {
  Machine machine;
  machine.RemovePolicy("policy2");
  machine.RemoveGpu();
  machine.Start();
  {
    const auto client = machine.Connect();
    CHECK_FALSE(CanBeSet(*client, "cpu2"));
    CHECK_FALSE(Appeared(*client, "cpu2"));
    REQUIRE(client->Apply({{"cpu0", "performance", 408000, 408000}}).ok());
    machine.AddPolicy("policy2");
    CHECK(WaitUntil([&] { return Appeared(*client, "cpu2"); }));
    machine.AddGpu("userspace", "300000000", "600000000");
    CHECK(WaitUntil([&] { return Appeared(*client, "gpu"); }));
    // Who has the board keeps it.
    CHECK(machine.Policy("policy0") == kPinned);
  }
  {
    const auto client = machine.Connect();
    REQUIRE(CanBeSet(*client, "cpu2"));
    CHECK_FALSE(Appeared(*client, "cpu2"));
    Apply(*client);
    CHECK(machine.Policy("policy2") == kPinned);
  }
  CHECK(WaitUntil([&] { return !machine.HasJournal(); }));
  CHECK(machine.Policy("policy2") == "schedutil\n408000\n1800000\n");
  CHECK(machine.Gpu() == kGpuAsFound);
}

TEST_CASE("A device with leftovers that appears gets its baseline before it is used") {
  Machine machine;
  DieWithKnobsChanged(machine);
  machine.RemovePolicy("policy2");
  machine.Start();
  REQUIRE(machine.boardd().WaitForOutput("is put back when it appears"));
  machine.AddPolicy("policy2");
  // Whenever a client comes: what it finds there is what it puts back.
  CHECK(WaitUntil([&] { return CanBeSet(*machine.Connect(), "cpu2"); }));
  {
    const auto client = machine.Connect();
    Apply(*client);
  }
  CHECK(WaitUntil([&] { return !machine.HasJournal(); }));
  CHECK(machine.Policy("policy2") == kAsFound);
}

}  // namespace
}  // namespace dynofa::tests
