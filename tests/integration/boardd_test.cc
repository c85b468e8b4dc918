// The real dynofa-boardd on a copied sysfs tree: whatever ends it or its client, every file is as
// it was found.

#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "daemon/base/unique_fd.h"
#include "daemon/hardware/remote/protocol.h"
#include "daemon/hardware/remote/seqpacket.h"
#include "tests/integration/sysfs_tree.h"
#include "tests/support/catch.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace dynofa::tests {
namespace {

class Boardd {
 public:
  Boardd() { WriteSysfsTree(dir_, "sys"); }

  void Start(std::vector<std::string> more = {},
             std::map<std::string, std::string> environment = {}) {
    Process::Options options;
    options.argv = {std::string(DYNOFA_BIN_DIR) + "/dynofa-boardd",
                    "--sysfs-root",
                    dir_ / "sys",
                    "--state-dir",
                    dir_ / "state",
                    "--socket",
                    socket()};
    options.argv.insert(options.argv.end(), more.begin(), more.end());
    options.environment = std::move(environment);
    process_ = Process::Start(std::move(options));
    INFO(process_->Output());
    REQUIRE(WaitUntil([&] { return hardware::remote::Connect(socket()).ok(); }));
    // The probe above was a client; the next one is not refused once that is gone.
    REQUIRE(process_->WaitForOutput("is gone"));
  }

  /// A client that has changed every cluster.
  std::unique_ptr<Process> Hold() {
    auto client = Process::Start({DYNOFA_BOARDD_CLIENT, socket()});
    REQUIRE(client->WaitForOutput("holding"));
    INFO(client->Output());
    CHECK(client->Output().find("cpu0: OK 408000") != std::string::npos);
    CHECK(client->Output().find("cpu2: OK 408000") != std::string::npos);
    auto tree = Tree();
    for (const std::string policy : {"policy0", "policy2"}) {
      const std::string folder = "devices/system/cpu/cpufreq/" + policy + "/";
      CHECK(tree[folder + "scaling_max_freq"] == "408000\n");
      CHECK(tree[folder + "scaling_governor"] == "performance\n");
    }
    return client;
  }

  std::map<std::string, std::string> Tree() const { return ReadTree(dir_ / "sys"); }
  std::string socket() const { return dir_ / "boardd.sock"; }
  std::string state() const { return dir_ / "state"; }
  const TempDir& dir() const { return dir_; }
  Process& process() { return *process_; }

 private:
  TempDir dir_;
  std::unique_ptr<Process> process_;
};

TEST_CASE("SIGTERM puts every file back and ends with status 0") {
  Boardd boardd;
  const auto before = boardd.Tree();
  boardd.Start();
  const auto client = boardd.Hold();
  const auto status = boardd.process().Stop(SIGTERM);
  REQUIRE(status.has_value());
  INFO(boardd.process().Output());
  CHECK(status->ok());
  CHECK(boardd.Tree() == before);
}

TEST_CASE("A killed client's changes are undone at once; the service stays up") {
  Boardd boardd;
  const auto before = boardd.Tree();
  boardd.Start();
  for (int round = 0; round < 3; ++round) {
    const auto client = boardd.Hold();
    client->Stop(SIGKILL);
    CHECK(WaitUntil([&] { return boardd.Tree() == before; }));
  }
  CHECK(boardd.process().Running());
}

TEST_CASE("A killed boardd's changes are undone by the next one") {
  Boardd boardd;
  const auto before = boardd.Tree();
  boardd.Start();
  const auto client = boardd.Hold();
  boardd.process().Stop(SIGKILL);
  CHECK(boardd.Tree() != before);
  boardd.Start();
  CHECK(boardd.Tree() == before);
  CHECK(boardd.process().Output().find("restored cpu0") != std::string::npos);
}

TEST_CASE("What somebody else set in the meantime is left alone, and said") {
  Boardd boardd;
  boardd.Start();
  auto expected = boardd.Tree();
  const auto client = boardd.Hold();
  const std::string knob = "devices/system/cpu/cpufreq/policy2/scaling_max_freq";
  std::ofstream(boardd.socket().substr(0, boardd.socket().rfind('/')) + "/sys/" + knob)
      << "1200000\n";
  expected[knob] = "1200000\n";
  CHECK(boardd.process().Stop(SIGTERM)->ok());
  CHECK(boardd.Tree() == expected);
  CHECK(boardd.process().Output().find("left alone") != std::string::npos);
}

TEST_CASE("A second client is refused with a reason, the first keeps the board") {
  Boardd boardd;
  boardd.Start();
  const auto client = boardd.Hold();
  const auto held = boardd.Tree();
  const Finished second = RunProgram({DYNOFA_BOARDD_CLIENT, boardd.socket()});
  CHECK(second.status.code == 1);
  CHECK(second.output.find("there can be only one client") != std::string::npos);
  CHECK(boardd.Tree() == held);
}

TEST_CASE("Garbage is refused, nothing is written, and the service stays up") {
  Boardd boardd;
  const auto before = boardd.Tree();
  boardd.Start();
  const std::vector<std::string> garbage = {
      "x", std::string(100'000, '\0'),
      R"({"v":4,"id":1,"op":"apply","settings":[{"cluster":"../../etc","governor":"","min_khz":1,
          "max_khz":-5}],"loads":[]})"};
  for (const std::string& message : garbage) {
    const auto fd = hardware::remote::Connect(boardd.socket());
    REQUIRE(fd.ok());
    REQUIRE(hardware::remote::Receive(fd->get(), kPatience).ok());
    REQUIRE(hardware::remote::Send(fd->get(), message).ok());
    const auto answer = hardware::remote::Receive(fd->get(), kPatience);
    REQUIRE(answer.ok());
    CHECK(boardd.Tree() == before);
  }
  CHECK(boardd.process().Running());
  boardd.Hold();
}

TEST_CASE("A client of another version is refused with a reason, and sets nothing") {
  Boardd boardd;
  const auto before = boardd.Tree();
  boardd.Start();
  const auto fd = hardware::remote::Connect(boardd.socket());
  REQUIRE(fd.ok());
  REQUIRE(hardware::remote::Receive(fd->get(), kPatience).ok());
  const std::string request =
      R"({"v":1,"id":1,"op":"apply","loads":[],"settings":[{"cluster":"cpu0","governor":"",
          "min_khz":408000,"max_khz":408000}]})";
  REQUIRE(hardware::remote::Send(fd->get(), request).ok());
  const auto message = hardware::remote::Receive(fd->get(), kPatience);
  REQUIRE(message.ok());
  const auto answer = hardware::remote::DecodeAnswer(*message);
  REQUIRE(answer.ok());
  INFO(answer->status);
  CHECK(answer->status.message().find("speaks protocol version 1, this program version 4") !=
        std::string::npos);
  CHECK_FALSE(hardware::remote::Receive(fd->get(), kPatience).ok());
  CHECK(boardd.Tree() == before);
}

TEST_CASE("A corrupt journal is kept aside, said loudly, and does not stop the start") {
  Boardd boardd;
  boardd.Start();
  boardd.Hold()->Stop(SIGKILL);
  CHECK(boardd.process().Stop(SIGTERM)->ok());
  std::ofstream(boardd.state() + "/journal.json") << "{\"format\":1,";
  boardd.Start();
  CHECK(boardd.process().Output().find("cannot be read") != std::string::npos);
  CHECK(ReadFile(boardd.state() + "/journal.json.unreadable") == "{\"format\":1,");
}

TEST_CASE("Only root and the user that was named may have the board") {
  if (::geteuid() != 0) {
    WARN("SKIPPED: only root can play other users");
    return;
  }
  Boardd boardd;
  boardd.Start({"--allow-uid", "65533"});
  REQUIRE(::chmod(boardd.dir().path().c_str(), 0755) == 0);
  {
    const auto allowed = Process::Start({DYNOFA_BOARDD_CLIENT, boardd.socket(), "65533"});
    REQUIRE(allowed->WaitForOutput("holding"));
  }
  // Past the file's mode there is still the peer's uid.
  REQUIRE(::chmod(boardd.socket().c_str(), 0666) == 0);
  const Finished other = RunProgram({DYNOFA_BOARDD_CLIENT, boardd.socket(), "65534"});
  CHECK(other.status.code == 1);
  CHECK(other.output.find("uid 65534 may not have the board") != std::string::npos);
}

// What a service manager hears from a service.
class NotifySocket {
 public:
  explicit NotifySocket(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_DGRAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    REQUIRE(::bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
  }

  bool Hears(const std::string& text) {
    return WaitUntil([&] {
      std::string message(4096, '\0');
      const ssize_t size = ::recv(fd_.get(), message.data(), message.size(), MSG_DONTWAIT);
      if (size > 0) heard_ += message.substr(0, static_cast<std::size_t>(size)) + "\n";
      return heard_.find(text) != std::string::npos;
    });
  }

 private:
  base::UniqueFd fd_;
  std::string heard_;
};

TEST_CASE("systemd is told of the start, the board, every watchdog period and the end") {
  Boardd boardd;
  NotifySocket notify(boardd.dir() / "notify");
  boardd.Start({}, {{"NOTIFY_SOCKET", boardd.dir() / "notify"}, {"WATCHDOG_USEC", "150000"}});
  CHECK(notify.Hears("READY=1"));
  CHECK(notify.Hears("STATUS=Board: this machine, 4 CPUs"));
  CHECK(notify.Hears("WATCHDOG=1"));
  boardd.process().Signal(SIGTERM);
  CHECK(notify.Hears("STOPPING=1"));
}

TEST_CASE("The socket may come from systemd") {
  if (!RunProgram({"sh", "-c", "command -v systemd-socket-activate"}).status.ok()) {
    WARN("SKIPPED: systemd-socket-activate is not installed");
    return;
  }
  TempDir dir;
  WriteSysfsTree(dir, "sys");
  const auto before = ReadTree(dir / "sys");
  const auto boardd = Process::Start({"systemd-socket-activate", "--seqpacket", "-l", dir / "s",
                                      std::string(DYNOFA_BIN_DIR) + "/dynofa-boardd",
                                      "--sysfs-root", dir / "sys", "--state-dir", dir / "state"});
  REQUIRE(boardd->WaitForOutput("Listening on"));
  const auto client = Process::Start({DYNOFA_BOARDD_CLIENT, dir / "s"});
  REQUIRE(client->WaitForOutput("holding"));
  CHECK(ReadTree(dir / "sys") != before);
  CHECK(boardd->Stop(SIGTERM)->ok());
  CHECK(ReadTree(dir / "sys") == before);
}

TEST_CASE("It names itself with its version, and its help lists the boards") {
  const std::string program = std::string(DYNOFA_BIN_DIR) + "/dynofa-boardd";
  const Finished version = RunProgram({program, "--version"});
  CHECK(version.status.ok());
  CHECK(version.output.rfind("dynofa-boardd ", 0) == 0);
  CHECK(RunProgram({program, "--help"}).output.find("emulated:") != std::string::npos);
}

TEST_CASE("A board file goes to the client as its text; a wrong one is refused with its line") {
  const std::string program = std::string(DYNOFA_BIN_DIR) + "/dynofa-boardd";
  const std::string file = std::string(DYNOFA_CONFORMANCE_DIR) + "/machine.toml";
  TempDir dir;
  const auto boardd =
      Process::Start({program, "--board", "emulated:" + file, "--socket", dir / "socket"});
  absl::StatusOr<base::UniqueFd> fd = absl::UnavailableError("not yet");
  REQUIRE(WaitUntil([&] {
    fd = hardware::remote::Connect(dir / "socket");
    return fd.ok();
  }));
  const auto message = hardware::remote::Receive(fd->get(), kPatience);
  REQUIRE(message.ok());
  const auto greeting = hardware::remote::DecodeGreeting(*message);
  REQUIRE(greeting.ok());
  CHECK(greeting->info.emulated_board == ReadFile(file));
  CHECK(greeting->info.emulated_model.rfind("conformance-machine@", 0) == 0);

  const std::string wrong = dir.Write("wrong.toml", "format = 1\nid = \"x\"\ncolour = 1\n");
  const Finished refused =
      RunProgram({program, "--board", "emulated:" + wrong, "--socket", dir / "second"});
  CHECK(refused.status.code == 1);
  CHECK(refused.output.find("wrong.toml:3: colour is not a known key") != std::string::npos);
}

TEST_CASE("Two of them never own the same journal") {
  Boardd boardd;
  boardd.Start();
  const Finished second = RunProgram({std::string(DYNOFA_BIN_DIR) + "/dynofa-boardd", "--state-dir",
                                      boardd.state(), "--socket", boardd.socket() + "2"});
  CHECK(second.status.code == 1);
  CHECK(second.output.find("in use by another process") != std::string::npos);
}

}  // namespace
}  // namespace dynofa::tests
