#ifndef DYNOFA_TESTS_INTEGRATION_MOUNTED_BOARD_H_
#define DYNOFA_TESTS_INTEGRATION_MOUNTED_BOARD_H_

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "daemon/base/unique_fd.h"
#include "tests/support/catch.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace dynofa::tests {

/// Why nothing can be mounted here, or nothing. Moves this process into a mount namespace of its
/// own the first time, so that no mount outlives it.
inline const std::string& WhyNoMount() {
  static const std::string why = []() -> std::string {
    if (::geteuid() != 0) return "only root can have a private mount namespace";
    const base::UniqueFd device(::open("/dev/fuse", O_RDWR | O_CLOEXEC));
    if (!device.valid()) return std::string("/dev/fuse: ") + std::strerror(errno);
    if (::unshare(CLONE_NEWNS) != 0) return std::string("unshare: ") + std::strerror(errno);
    if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
      return std::string("a private mount namespace: ") + std::strerror(errno);
    }
    return "";
  }();
  return why;
}

#define SKIP_WITHOUT_MOUNT()             \
  do {                                   \
    if (!WhyNoMount().empty()) {         \
      WARN("SKIPPED: " << WhyNoMount()); \
      return;                            \
    }                                    \
  } while (false)

/// An emulated board as files, served by the real dynofa-board; SKIP_WITHOUT_MOUNT comes first.
class MountedBoard {
 public:
  explicit MountedBoard(const std::string& board) {
    REQUIRE(::mkdir(root().c_str(), 0755) == 0);
    server_ = Process::Start({Program("dynofa-board"), "--board", board, "--mount", root(),
                              "--emulator-control", control()});
    const bool there = server_->WaitForOutput("(emulated) is at");
    INFO(server_->Output());
    REQUIRE(there);
  }
  ~MountedBoard() { ::umount2(root().c_str(), MNT_DETACH); }

  static std::string Program(const std::string& name) {
    return std::string(DYNOFA_BIN_DIR) + "/" + name;
  }
  std::string root() const { return dir_ / "sys"; }
  std::string control() const { return dir_ / "control"; }
  const TempDir& dir() const { return dir_; }
  Process& server() { return *server_; }

  std::string Read(const std::string& path) const { return ReadFile(root() + "/" + path); }
  // One write(2); 0 or its errno.
  int Write(const std::string& path, const std::string& text) const {
    const base::UniqueFd fd(::open((root() + "/" + path).c_str(), O_WRONLY | O_CLOEXEC));
    if (!fd.valid()) return errno;
    return ::write(fd.get(), text.data(), text.size()) < 0 ? errno : 0;
  }
  // The knobs of the CPUs.
  std::map<std::string, std::string> Knobs(const std::vector<std::string>& policies) const {
    std::map<std::string, std::string> knobs;
    for (const std::string& policy : policies) {
      for (const char* name : {"scaling_governor", "scaling_min_freq", "scaling_max_freq"}) {
        const std::string path = "devices/system/cpu/cpufreq/" + policy + "/" + name;
        knobs[path] = Read(path);
      }
    }
    return knobs;
  }
  void Faults(const std::string& script) const {
    dir_.Write("faults.toml", script);
    const Finished done = RunProgram({Program("dynofa-board"), "faults", "--control", control(),
                                      "--script", dir_ / "faults.toml"});
    INFO(done.output);
    REQUIRE(done.status.ok());
  }

 private:
  TempDir dir_;
  std::unique_ptr<Process> server_;
};

}  // namespace dynofa::tests

#endif  // DYNOFA_TESTS_INTEGRATION_MOUNTED_BOARD_H_
