// The real dynofa-boardd, killed by SIGKILL before each single change that it makes to the knobs or
// to its journal, and started again: every baseline is back, except what somebody else has set.

#include <signal.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tests/integration/board_client.h"
#include "tests/integration/sysfs_tree.h"
#include "tests/support/catch.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"
#include "tests/support/traced_process.h"

namespace dynofa::tests {
namespace {

using Files = std::map<std::string, std::string>;

constexpr char kPolicies[] = "devices/system/cpu/cpufreq/";
/// Of the first cluster: something that no dynofa-boardd writes in this test.
constexpr char kForeign[] = "1200000\n";

class Machine {
 public:
  Machine() { WriteSysfsTree(dir_, "sys"); }

  Files Knobs() const { return ReadTree(dir_ / "sys"); }
  void Set(const std::string& file, const std::string& value) { dir_.Write("sys/" + file, value); }
  const TempDir& dir() const { return dir_; }
  std::string socket() const { return dir_ / "s"; }
  std::string journal() const { return dir_ / "state/journal.json"; }
  bool HasJournal() const { return std::filesystem::exists(journal()); }

  std::vector<std::string> Boardd() const {
    return {std::string(DYNOFA_BIN_DIR) + "/dynofa-boardd",
            "--sysfs-root",
            dir_ / "sys",
            "--state-dir",
            dir_ / "state",
            "--socket",
            socket()};
  }

  /// A whole life of a dynofa-boardd that nobody kills.
  void StartAndStop() {
    const auto process = Process::Start(Boardd());
    REQUIRE(WaitUntil([&] { return process->Output().find("board: ") != std::string::npos; }));
    const auto status = process->Stop(SIGTERM);
    INFO(process->Output());
    REQUIRE(status.has_value());
    CHECK(status->ok());
  }

 private:
  TempDir dir_;
};

// Lets a client lead a whole life on a dynofa-boardd that dies before its n-th change. Returns
// whether it died.
bool LiveUntil(const Machine& machine, int n) {
  using Settings = std::vector<policies::ClusterSetting>;
  static const Settings kSlow = {{"cpu0", "performance", 816000, 816000},
                                 {"cpu2", "powersave", 408000, 408000}};
  static const Settings kFast = {{"cpu0", "", 0, 816000},
                                 {"cpu2", "performance", 1800000, 1800000}};
  TracedProcess boardd(machine.Boardd(), machine.dir().path(), n);
  {
    BoardClient client(machine.socket(), [&] { return boardd.Running(); });
    const bool released =
        client.Apply(kSlow).ok() && client.Apply(kFast).ok() && client.Release().ok();
    if (released) client.Apply(kSlow).status().IgnoreError();
  }
  boardd.Signal(SIGTERM);
  const ExitStatus end = boardd.Wait();
  INFO(boardd.Output());
  CHECK((end.ok() || end.signal == SIGKILL));
  return end.signal == SIGKILL;
}

// Runs `check` on a machine for each change before which dynofa-boardd can die; `after` gets the
// machine as the killed one left it.
void ForEveryDeath(const std::function<void(Machine&, const Files& before)>& check) {
  if (!TracedProcess::Possible()) {
    WARN("SKIPPED: this kernel does not let a test trace its child");
    return;
  }
  int deaths = 0;
  for (bool died = true; died;) {
    Machine machine;
    const Files before = machine.Knobs();
    died = LiveUntil(machine, deaths);
    INFO("killed before change " << deaths);
    check(machine, before);
    if (died) ++deaths;
  }
  // Three transactions on two clusters, two releases: each stores its journal and writes.
  CHECK(deaths > 40);
}

TEST_CASE("Killed before any change, its successor puts every knob back") {
  ForEveryDeath([](Machine& machine, const Files& before) {
    machine.StartAndStop();
    CHECK(machine.Knobs() == before);
    CHECK_FALSE(machine.HasJournal());
  });
}

TEST_CASE("What somebody else sets after the death stays; all other knobs are put back") {
  const std::string foreign = std::string(kPolicies) + "policy0/scaling_max_freq";
  ForEveryDeath([&](Machine& machine, const Files& before) {
    Files expected = before;
    expected[foreign] = kForeign;
    machine.Set(foreign, kForeign);
    machine.StartAndStop();
    CHECK(machine.Knobs() == expected);
    CHECK_FALSE(machine.HasJournal());
  });
}

TEST_CASE("A cap of heat that hides the dead one's values does not keep them from going back") {
  const std::string cooling = "class/thermal/cooling_device0/";
  ForEveryDeath([&](Machine& machine, const Files& before) {
    machine.Set(cooling + "type", "cpufreq-cpu0\n");
    machine.Set(cooling + "cur_state", "3\n");
    // Only a maximum that was written is hidden; of one that was not, the kernel keeps the request.
    for (const std::string policy : {"policy0", "policy2"}) {
      const std::string knob = kPolicies + policy + "/scaling_max_freq";
      if (policy == "policy0" && machine.Knobs()[knob] != before.at(knob)) {
        machine.Set(knob, "408000\n");
      }
    }
    machine.StartAndStop();
    std::filesystem::remove_all(machine.dir() / "sys/class/thermal/cooling_device0");
    CHECK(machine.Knobs() == before);
  });
}

TEST_CASE("Killed at every point of putting things back, the one after it finishes") {
  if (!TracedProcess::Possible()) {
    WARN("SKIPPED: this kernel does not let a test trace its child");
    return;
  }
  int deaths = 0;
  for (bool died = true; died;) {
    Machine machine;
    const Files before = machine.Knobs();
    {
      const auto first = Process::Start(machine.Boardd());
      BoardClient client(machine.socket(), [&] { return first->Running(); });
      const auto applied = client.Apply(
          {{"cpu0", "performance", 816000, 816000}, {"cpu2", "powersave", 408000, 408000}});
      REQUIRE(applied.ok());
      first->Stop(SIGKILL);
    }
    REQUIRE(machine.Knobs() != before);
    TracedProcess second(machine.Boardd(), machine.dir().path(), deaths);
    WaitUntil([&] {
      return !second.Running() || second.Output().find("restored cpu2") != std::string::npos;
    });
    second.Signal(SIGTERM);
    died = second.Wait().signal == SIGKILL;
    INFO("killed before change " << deaths);
    machine.StartAndStop();
    CHECK(machine.Knobs() == before);
    CHECK_FALSE(machine.HasJournal());
    if (died) ++deaths;
  }
  CHECK(deaths > 10);
}

TEST_CASE("After a reboot nothing is put back: the kernel has forgotten, too") {
  Machine machine;
  {
    const auto boardd = Process::Start(machine.Boardd());
    BoardClient client(machine.socket(), [&] { return boardd->Running(); });
    REQUIRE(client.Apply({{"cpu0", "performance", 816000, 816000}}).ok());
    boardd->Stop(SIGKILL);
  }
  const Files changed = machine.Knobs();
  REQUIRE(machine.HasJournal());
  std::string text = ReadFile(machine.journal());
  const std::size_t id = text.find("\"boot_id\": \"") + 12;
  REQUIRE(id < text.size());
  text[id] = text[id] == '0' ? '1' : '0';
  machine.dir().Write("state/journal.json", text);
  machine.StartAndStop();
  CHECK(machine.Knobs() == changed);
  CHECK_FALSE(machine.HasJournal());
}

}  // namespace
}  // namespace dynofa::tests
