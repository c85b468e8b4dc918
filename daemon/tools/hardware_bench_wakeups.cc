#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>

#include "daemon/base/clock.h"
#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/hardware/sysfs/process_stats.h"
#include "daemon/hardware/sysfs/sysfs_driver.h"
#include "daemon/tools/child_process.h"
#include "daemon/tools/hardware_bench.h"

namespace dynofa::tools {
namespace {

namespace fs = std::filesystem;

constexpr int kClusters = 2;
constexpr base::Duration kPatience = std::chrono::seconds(60);
constexpr base::Duration kPoll = std::chrono::milliseconds(50);
// What a start or an opened session leaves to do is over by then.
constexpr base::Duration kSettle = std::chrono::seconds(3);

const std::string kProc(hardware::sysfs::kProcRoot);

absl::Status WaitFor(const std::string& what, const std::function<bool()>& condition) {
  const base::SteadyClock clock;
  const base::TimePoint until = clock.Now() + kPatience;
  while (!condition()) {
    if (clock.Now() > until) return absl::DeadlineExceededError(what);
    std::this_thread::sleep_for(kPoll);
  }
  return absl::OkStatus();
}

std::string Content(const std::string& file) {
  std::ifstream stream(file);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

/// Both processes on a plain tree of two clusters, in a folder of their own.
class Service {
 public:
  Service(const HardwareBenchOptions& options, std::string folder)
      : folder_(std::move(folder)),
        model_(fs::absolute(options.model)),
        programs_(options.programs) {
    if (programs_.empty()) programs_ = hardware::sysfs::ProgramFolder();
  }

  absl::Status Start() {
    WriteBenchTree(folder_ + "/board", kClusters);
    std::ofstream(folder_ + "/dynofad.toml")
        << "[daemon]\nsocket = \"" << socket() << "\"\nstate_dir = \"" << folder_
        << "\"\n[board]\nsocket = \"" << folder_ << "/board.sock\"\n[dbus]\nenabled = false\n"
        << "[[model]]\npath = \"" << model_ << "\"\n";
    DYNOFA_ASSIGN_OR_RETURN(
        boardd_, Run("dynofa-boardd",
                     {"--sysfs-root", folder_ + "/board", "--proc-root", kProc, "--state-dir",
                      folder_ + "/journal", "--socket", folder_ + "/board.sock"}));
    DYNOFA_RETURN_IF_ERROR(WaitFor("dynofa-boardd does not come up",
                                   [&] { return fs::exists(folder_ + "/board.sock"); }));
    DYNOFA_ASSIGN_OR_RETURN(daemon_, Run("dynofad", {"--config", folder_ + "/dynofad.toml"}));
    const absl::Status ready = WaitFor("dynofad does not come up", [&] {
      return !daemon_->Running() || Said("dynofad", "ready: serving on");
    });
    if (ready.ok() && daemon_->Running()) return ready;
    return absl::UnavailableError(
        base::StrCat("dynofad does not come up: ", Content(folder_ + "/dynofad.log")));
  }

  absl::Status OpenSession(double seconds) {
    // One request at once, and then none for as long as is counted.
    DYNOFA_ASSIGN_OR_RETURN(
        client_, Run("dynofactl", {"run", "--socket", socket(), "--rate", "0.001", "--duration",
                                   base::StrCat(seconds)}));
    return WaitFor("dynofactl opens no session", [&] { return Said("dynofactl", "session"); });
  }

  absl::StatusOr<double> WakeUpsPerSecond(double seconds) {
    std::this_thread::sleep_for(kSettle);
    const base::SteadyClock clock;
    const base::TimePoint start = clock.Now();
    DYNOFA_ASSIGN_OR_RETURN(const std::int64_t before, Switches());
    std::this_thread::sleep_for(base::FromSeconds(seconds));
    DYNOFA_ASSIGN_OR_RETURN(const std::int64_t after, Switches());
    return static_cast<double>(after - before) / base::ToSeconds(clock.Now() - start);
  }

 private:
  std::string socket() const { return folder_ + "/dynofa.sock"; }
  bool Said(const std::string& program, const std::string& text) const {
    return Content(folder_ + "/" + program + ".log").find(text) != std::string::npos;
  }
  absl::StatusOr<std::unique_ptr<ChildProcess>> Run(const std::string& program,
                                                    std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), programs_ + "/" + program);
    return ChildProcess::Start(arguments, folder_ + "/" + program + ".log");
  }
  absl::StatusOr<std::int64_t> Switches() const {
    DYNOFA_ASSIGN_OR_RETURN(const auto daemon,
                            hardware::sysfs::VoluntarySwitches(daemon_->pid(), kProc));
    DYNOFA_ASSIGN_OR_RETURN(const auto boardd,
                            hardware::sysfs::VoluntarySwitches(boardd_->pid(), kProc));
    return daemon + boardd;
  }

  const std::string folder_;
  const std::string model_;
  std::string programs_;
  // In the order of their start; they end the other way round.
  std::unique_ptr<ChildProcess> boardd_;
  std::unique_ptr<ChildProcess> daemon_;
  std::unique_ptr<ChildProcess> client_;
};

}  // namespace

absl::StatusOr<WakeUps> MeasureWakeUps(const HardwareBenchOptions& options,
                                       const std::string& folder) {
  if (options.model.empty()) {
    return absl::InvalidArgumentError("wake-ups need a model to host: --model DIR");
  }
  Service service(options, folder);
  DYNOFA_RETURN_IF_ERROR(service.Start());
  WakeUps result;
  DYNOFA_ASSIGN_OR_RETURN(result.no_client, service.WakeUpsPerSecond(options.seconds));
  DYNOFA_RETURN_IF_ERROR(
      service.OpenSession(options.seconds + 2 * base::ToSeconds(kSettle) + 60.0));
  DYNOFA_ASSIGN_OR_RETURN(result.idle_session, service.WakeUpsPerSecond(options.seconds));
  return result;
}

}  // namespace dynofa::tools
