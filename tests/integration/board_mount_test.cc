// An emulated board mounted as files, driven by what drives real hardware: the same code, the same
// answers as a real kernel's, and what happens when the board's files die.

#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "daemon/hardware/journal/file_store.h"
#include "daemon/hardware/journal/journal.h"
#include "daemon/hardware/remote/seqpacket.h"
#include "daemon/hardware/sysfs/sysfs_driver.h"
#include "tests/integration/mounted_board.h"
#include "tests/support/catch.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace dynofa::tests {
namespace {

// The driver of real hardware on a mounted board.
struct Driven {
  explicit Driven(MountedBoard& board)
      : store(*hardware::journal::FileStore::Open(board.dir() / "state")),
        journal(*store, "this boot") {
    hardware::sysfs::SysfsBoardDriver::Options options;
    options.root = board.root();
    auto made = hardware::sysfs::SysfsBoardDriver::Create(options, journal);
    INFO(made.status());
    REQUIRE(made.ok());
    driver = *std::move(made);
  }
  hardware::ClusterReading Cluster(const std::string& id) {
    const auto reading = driver->Read();
    REQUIRE(reading.ok());
    for (const auto& cluster : reading->clusters) {
      if (cluster.cluster == id) return cluster;
    }
    FAIL("no cluster " << id);
    return {};
  }

  std::unique_ptr<hardware::journal::FileStore> store;
  hardware::journal::Journal journal;
  std::unique_ptr<hardware::sysfs::SysfsBoardDriver> driver;
};

const std::vector<std::string> kNxPolicies = {"policy0", "policy2", "policy4"};

TEST_CASE("The driver of real hardware finds, sets and restores a mounted board") {
  SKIP_WITHOUT_MOUNT();
  MountedBoard board("jetson-xavier-nx");
  const auto before = board.Knobs(kNxPolicies);
  Driven driven(board);
  int cpus = 0;
  for (const auto& cluster : driven.driver->info().clusters) {
    INFO(cluster.id);
    CHECK(cluster.writable);
    if (cluster.kind != policies::ClusterKind::kCpu) continue;
    ++cpus;
    CHECK(cluster.frequencies_khz.size() == 25);
  }
  CHECK(cpus == 3);
  const auto outcome = driven.driver->Apply({{"cpu2", "performance", 729600, 729600}}).outcomes[0];
  INFO(outcome.status);
  REQUIRE(outcome.status.ok());
  CHECK(outcome.effective.min_khz == 729600);
  CHECK(outcome.effective.max_khz == 729600);
  CHECK(outcome.limited_by.empty());
  CHECK(driven.Cluster("cpu2").frequency_khz == 729600);
  CHECK(board.Read("devices/system/cpu/cpufreq/policy2/scaling_governor") == "performance\n");
  REQUIRE(driven.driver->Release().ok());
  CHECK(board.Knobs(kNxPolicies) == before);
}

TEST_CASE("A mounted board's GPU is set in kHz and written in Hz, and its rails are read") {
  SKIP_WITHOUT_MOUNT();
  MountedBoard board("jetson-xavier-nx");
  const std::string gpu = "class/devfreq/17000000.gv11b/";
  Driven driven(board);
  const auto outcome = driven.driver->Apply({{"gpu", "performance", 510000, 510000}}).outcomes[0];
  INFO(outcome.status);
  REQUIRE(outcome.status.ok());
  CHECK(outcome.limited_by.empty());
  CHECK(board.Read(gpu + "max_freq") == "510000000\n");
  CHECK(driven.Cluster("gpu").frequency_khz == 510000);
  const auto reading = driven.driver->Read();
  REQUIRE(reading.ok());
  REQUIRE(reading->rails.size() == 3);
  CHECK(reading->board_power_w > 2.0);
  CHECK(reading->board_power_w < 5.0);
  REQUIRE(driven.driver->Release().ok());
  CHECK(board.Read(gpu + "governor") == "simple_ondemand\n");
  CHECK(board.Read(gpu + "min_freq") == "114750000\n");
  CHECK(board.Read(gpu + "max_freq") == "1109250000\n");
}

TEST_CASE("A mounted board's heat is seen, named and not fought") {
  SKIP_WITHOUT_MOUNT();
  MountedBoard board("jetson-xavier-nx");
  Driven driven(board);
  REQUIRE(
      driven.driver->Apply({{"cpu0", "performance", 1907200, 1907200}}).outcomes[0].status.ok());
  board.Faults("[[fault]]\nkind = \"trip\"\nzone = \"CPU-therm\"\ncelsius = 96\n");
  CHECK(WaitUntil([&] { return driven.Cluster("cpu0").limited_by == "thermal"; }));
  CHECK(driven.Cluster("cpu0").max_khz < 1907200);
}

TEST_CASE("A write that fails is undone and says why") {
  SKIP_WITHOUT_MOUNT();
  MountedBoard board("jetson-xavier-nx");
  const auto before = board.Knobs(kNxPolicies);
  Driven driven(board);
  board.Faults(
      "[[fault]]\nkind = \"refuse\"\ncluster = \"cpu0\"\nerror = \"EBUSY\"\nat_write = 2\n");
  const auto outcome = driven.driver->Apply({{"cpu0", "performance", 729600, 729600}}).outcomes[0];
  CHECK(outcome.status.code() == absl::StatusCode::kUnavailable);
  REQUIRE(driven.driver->Release().ok());
  CHECK(board.Knobs(kNxPolicies) == before);
}

TEST_CASE("Text is EINVAL, and so is more than a page") {
  SKIP_WITHOUT_MOUNT();
  const MountedBoard board("rk3588");
  const std::string max = "devices/system/cpu/cpufreq/policy0/scaling_max_freq";
  CHECK(board.Write(max, "abc\n") == EINVAL);
  CHECK(board.Write(max, std::string(5000, '1')) == EINVAL);
  CHECK(board.Write("devices/system/cpu/online", "0\n") == EACCES);
  CHECK(board.Write(max, "1000000000\n") == 0);
  CHECK(board.Read(max) == "1800000\n");
  CHECK(board.Read("class/devfreq/fb000000.gpu/max_freq") == "1000000000\n");
}

TEST_CASE("When the board's files die, calls fail and none hangs or crashes") {
  SKIP_WITHOUT_MOUNT();
  MountedBoard board("jetson-xavier-nx");
  Driven driven(board);
  REQUIRE(driven.driver->Apply({{"cpu0", "", 729600, 729600}}).outcomes[0].status.ok());
  board.server().Stop(SIGKILL);
  CHECK(board.Write("devices/system/cpu/cpufreq/policy0/scaling_max_freq", "1") == ENOTCONN);
  CHECK_FALSE(driven.driver->Apply({{"cpu0", "", 806400, 806400}}).outcomes[0].status.ok());
  CHECK_FALSE(driven.Cluster("cpu0").available);
  CHECK_FALSE(driven.driver->Release().ok());
}

TEST_CASE("SIGTERM ends the server and its mount") {
  SKIP_WITHOUT_MOUNT();
  MountedBoard board("rk3588");
  const auto ended = board.server().Stop(SIGTERM);
  REQUIRE(ended.has_value());
  CHECK(ended->ok());
  CHECK(::access((board.root() + "/devices").c_str(), F_OK) != 0);
  CHECK(errno == ENOENT);
}

// dynofa-boardd on a mounted board.
struct Boardd {
  explicit Boardd(const MountedBoard& board) : socket(board.dir() / "boardd") {
    process = Process::Start({MountedBoard::Program("dynofa-boardd"), "--sysfs-root", board.root(),
                              "--state-dir", board.dir() / "state", "--socket", socket});
    REQUIRE(WaitUntil([&] { return hardware::remote::Connect(socket).ok(); }));
    REQUIRE(process->WaitForOutput("is gone"));
  }
  std::string socket;
  std::unique_ptr<Process> process;
};

// What the guest of tests/conformance has: a board at /sys, files of its own in /run, and the
// commands of the scripts. All of it is in this process's own mount namespace.
class Guest {
 public:
  explicit Guest(const MountedBoard& board) : board_(board) {
    REQUIRE(::mount("tmpfs", "/run", "tmpfs", 0, nullptr) == 0);
    REQUIRE(::mount(board.root().c_str(), "/sys", nullptr, MS_BIND, nullptr) == 0);
    for (const char* name :
         {"as_found", "boardd_kill", "boardd_start", "cool", "eventually", "knobs"}) {
      std::string text = ReadFile(Conformance("guest/") + name);
      Command(name, "#!/bin/sh" + text.substr(text.find('\n')));
    }
    Command("mark", "#!/bin/sh\n");
    Command("heat",
            "#!/bin/sh\nprintf '[[fault]]\\nkind = \"trip\"\\nzone = \"cpu-thermal\"\\ncelsius = "
            "%s\\n' \"$1\" >/run/heat.toml\nexec dynofa-board faults --control " +
                board.control() + " --script /run/heat.toml\n");
    Run({"boardd_start"});
    REQUIRE(WaitUntil([] { return hardware::remote::Connect("/run/board.sock").ok(); }));
    REQUIRE(
        WaitUntil([] { return ReadFile("/run/boardd.log").find("is gone") != std::string::npos; }));
  }
  ~Guest() {
    Run({"boardd_kill"});
    ::umount2("/sys", MNT_DETACH);
    ::umount2("/run", MNT_DETACH);
  }

  static std::string Conformance(const std::string& name) {
    return std::string(DYNOFA_CONFORMANCE_DIR) + "/" + name;
  }
  Finished Play(const std::string& script) const {
    return Run({DYNOFA_BOARD_SCRIPT, "/run/board.sock", Conformance(script)});
  }

 private:
  void Command(const std::string& name, const std::string& text) const {
    const std::string path = board_.dir().Write("bin/" + name, text);
    REQUIRE(::chmod(path.c_str(), 0755) == 0);
  }
  Finished Run(std::vector<std::string> argv) const {
    argv.insert(argv.begin(), {"env", "PATH=" + (board_.dir() / "bin") + ":" + DYNOFA_BIN_DIR +
                                          ":/usr/sbin:/usr/bin:/sbin:/bin"});
    return RunProgram(std::move(argv), {{"POLICY", "/sys/devices/system/cpu/cpufreq/policy0"}},
                      std::chrono::seconds(90));
  }

  const MountedBoard& board_;
};

TEST_CASE("dynofa-boardd gives the answers on mounted boards that it gives on a real kernel") {
  SKIP_WITHOUT_MOUNT();
  for (const std::string script : {"cpufreq", "heat"}) {
    INFO(script);
    const MountedBoard board(Guest::Conformance("machine.toml"));
    const Guest guest(board);
    const Finished played = guest.Play(script + ".script");
    INFO(ReadFile("/run/boardd.log"));
    const std::string expected = ReadFile(Guest::Conformance(script + ".answers"));
    REQUIRE_FALSE(expected.empty());
    // The lines of the host's record are the virtual machine's alone.
    std::string answers;
    std::istringstream lines(played.output);
    for (std::string line; std::getline(lines, line);) {
      if (line != "! mark") answers += line + "\n";
    }
    CHECK(answers == expected);
  }
}

TEST_CASE("The same script of settings has the same answers on a board that ships") {
  SKIP_WITHOUT_MOUNT();
  const MountedBoard board("rk3588");
  const Boardd boardd(board);
  const Finished played =
      RunProgram({DYNOFA_BOARD_SCRIPT, boardd.socket, Guest::Conformance("cpufreq.script")});
  CHECK(played.output == ReadFile(Guest::Conformance("cpufreq.answers")));
}

TEST_CASE("A write that blocks holds up one cluster, and returns when it is let go") {
  SKIP_WITHOUT_MOUNT();
  MountedBoard board("jetson-xavier-nx");
  Driven driven(board);
  board.Faults("[[fault]]\nkind = \"block\"\ncluster = \"cpu0\"\n");
  std::atomic<bool> done{false};
  std::thread writer([&] {
    driven.driver->Apply({{"cpu0", "", 729600, 729600}});
    done = true;
  });
  CHECK(WaitUntil([&] { return driven.Cluster("cpu0").limited_by == "stuck"; }));
  CHECK(driven.driver->Apply({{"cpu2", "", 729600, 729600}}).outcomes[0].status.ok());
  CHECK(driven.Cluster("cpu2").limited_by.empty());
  CHECK_FALSE(done);
  board.Faults("");
  writer.join();
  CHECK(driven.Cluster("cpu0").max_khz == 729600);
}

TEST_CASE("A policy that comes back under another number gets its baseline back") {
  SKIP_WITHOUT_MOUNT();
  MountedBoard board("jetson-xavier-nx");
  const auto before = board.Knobs({"policy4"});
  {
    Driven driven(board);
    REQUIRE(
        driven.driver->Apply({{"cpu4", "performance", 729600, 729600}}).outcomes[0].status.ok());
    board.Faults("[[fault]]\nkind = \"away\"\ncluster = \"cpu4\"\nfor_s = 0.3\nindex = 5\n");
    CHECK_FALSE(driven.Cluster("cpu4").available);
  }
  REQUIRE(WaitUntil([&] {
    return ::access((board.root() + "/devices/system/cpu/cpufreq/policy5").c_str(), F_OK) == 0;
  }));
  Driven next(board);
  const auto after = board.Knobs({"policy5"});
  auto mine = before.begin();
  for (const auto& [path, text] : after) CHECK(text == (mine++)->second);
}

TEST_CASE("A killed client's changes on a mounted board are undone at once") {
  SKIP_WITHOUT_MOUNT();
  const MountedBoard board("rk3588");
  const std::vector<std::string> policies = {"policy0", "policy4", "policy6"};
  const auto before = board.Knobs(policies);
  const Boardd boardd(board);
  const auto client = Process::Start({DYNOFA_BOARDD_CLIENT, boardd.socket});
  REQUIRE(client->WaitForOutput("holding"));
  CHECK(board.Knobs(policies) != before);
  client->Stop(SIGKILL);
  CHECK(WaitUntil([&] { return board.Knobs(policies) == before; }));
}

}  // namespace
}  // namespace dynofa::tests
