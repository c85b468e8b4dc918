// dynofa-boardd: the only process that writes the board's knobs. It serves one client, dynofad,
// over a Unix seqpacket socket, and puts everything back when that goes away, when it is told to
// stop, and at its start, if an earlier one was killed.

#include <pwd.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "daemon/base/clock.h"
#include "daemon/base/log.h"
#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/emulator/board_file.h"
#include "daemon/emulator/control.h"
#include "daemon/emulator/emulated_board.h"
#include "daemon/emulator/emulated_driver.h"
#include "daemon/hardware/journal/file_store.h"
#include "daemon/hardware/journal/journal.h"
#include "daemon/hardware/remote/board_server.h"
#include "daemon/hardware/remote/seqpacket.h"
#include "daemon/hardware/sysfs/sysfs_driver.h"

namespace dynofa {
namespace {

struct Flags {
  std::string board = "auto";
  std::string sysfs_root = std::string(hardware::sysfs::kSysfsRoot);
  std::string proc_root;
  std::string state_dir = "/run/dynofa-boardd";
  std::string socket;
  std::string allow_user;
  std::string log_level = "info";
  std::string emulator_control;
  bool take_back_once = false;
};

// A board's driver with all that it stands on, in the order of construction.
struct Hardware {
  base::SteadyClock clock;
  std::unique_ptr<hardware::journal::FileStore> store;
  std::unique_ptr<hardware::journal::Journal> journal;
  std::shared_ptr<const emulator::BoardModel> model;
  std::unique_ptr<emulator::EmulatedBoard> emulated;
  std::unique_ptr<hardware::BoardDriver> driver;
  std::unique_ptr<emulator::ControlServer> control;
};

constexpr std::string_view kEmulated = "emulated:";

// The emulated boards as --board takes them, each after a space.
std::string EmulatedBoards() {
  std::string boards;
  for (const std::string& id : emulator::BoardModelIds()) boards += " emulated:" + id;
  return boards;
}

absl::Status OpenEmulated(const Flags& flags, Hardware& hardware) {
  if (flags.board.rfind(kEmulated, 0) != 0) {
    return absl::InvalidArgumentError(base::StrCat("--board ", flags.board,
                                                   " is not known; choose auto,", EmulatedBoards(),
                                                   " or emulated:/PATH/OF/A/BOARD/FILE"));
  }
  DYNOFA_ASSIGN_OR_RETURN(hardware.model,
                          emulator::OpenBoardModel(flags.board.substr(kEmulated.size())));
  const int host_cpus = static_cast<int>(std::thread::hardware_concurrency());
  hardware.emulated = std::make_unique<emulator::EmulatedBoard>(*hardware.model, hardware.clock);
  hardware.driver = std::make_unique<emulator::EmulatedDriver>(*hardware.emulated, host_cpus);
  if (flags.emulator_control.empty()) return absl::OkStatus();
  DYNOFA_ASSIGN_OR_RETURN(hardware.control, emulator::ControlServer::Create(flags.emulator_control,
                                                                            *hardware.emulated));
  return absl::OkStatus();
}

// The machine's devices as they are now.
absl::Status OpenDriver(const Flags& flags, Hardware& hardware) {
  hardware::sysfs::SysfsBoardDriver::Options options;
  options.root = flags.sysfs_root;
  // What runs on this machine, and its discrete GPUs, are nothing of a copied tree.
  const bool this_machine = flags.sysfs_root == hardware::sysfs::kSysfsRoot;
  options.proc_root = flags.proc_root;
  if (this_machine) {
    if (flags.proc_root.empty()) options.proc_root = hardware::sysfs::kProcRoot;
    options.nvml = hardware::nvml::kLibrary;
  }
  if (flags.take_back_once) {
    options.foreign_writers = hardware::sysfs::ForeignWriters::kTakeBackOnce;
  }
  hardware.driver.reset();
  DYNOFA_ASSIGN_OR_RETURN(hardware.driver,
                          hardware::sysfs::SysfsBoardDriver::Create(options, *hardware.journal));
  return absl::OkStatus();
}

absl::Status OpenReal(const Flags& flags, Hardware& hardware) {
  if (!flags.emulator_control.empty()) {
    return absl::InvalidArgumentError("--emulator-control needs --board emulated:...");
  }
  DYNOFA_ASSIGN_OR_RETURN(hardware.store, hardware::journal::FileStore::Open(flags.state_dir));
  DYNOFA_ASSIGN_OR_RETURN(std::string boot_id,
                          hardware::sysfs::ReadBootId(std::string(hardware::sysfs::kBootIdFile)));
  hardware.journal =
      std::make_unique<hardware::journal::Journal>(*hardware.store, std::move(boot_id));
  return OpenDriver(flags, hardware);
}

absl::StatusOr<std::optional<uid_t>> UidOf(const std::string& user) {
  if (user.empty()) return std::optional<uid_t>();
  uid_t uid = 0;
  const auto [end, error] = std::from_chars(user.data(), user.data() + user.size(), uid);
  if (error == std::errc() && end == user.data() + user.size()) return std::optional<uid_t>(uid);
  if (const passwd* entry = ::getpwnam(user.c_str())) return std::optional<uid_t>(entry->pw_uid);
  return absl::InvalidArgumentError(base::StrCat("--allow-uid: there is no user \"", user, "\""));
}

absl::StatusOr<base::UniqueFd> Listener(const Flags& flags, std::optional<uid_t> owner) {
  if (!flags.socket.empty()) {
    DYNOFA_ASSIGN_OR_RETURN(base::UniqueFd fd, hardware::remote::Listen(flags.socket, 0600));
    if (owner && ::chown(flags.socket.c_str(), *owner, static_cast<gid_t>(-1)) != 0) {
      return base::ErrnoStatus(errno, flags.socket);
    }
    return fd;
  }
  const int count = ::sd_listen_fds(/*unset_environment=*/1);
  if (count != 1 || ::sd_is_socket_unix(SD_LISTEN_FDS_START, SOCK_SEQPACKET, 1, nullptr, 0) <= 0) {
    return absl::InvalidArgumentError(
        "no socket: give --socket PATH, or start by a systemd socket unit with one "
        "ListenSequentialPacket=");
  }
  return base::UniqueFd(SD_LISTEN_FDS_START);
}

// Signals that stop the process are read from a descriptor; blocked before any thread starts.
base::UniqueFd StopSignals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  return base::UniqueFd(::signalfd(-1, &set, SFD_CLOEXEC));
}

// Feeds systemd's watchdog from the thread that serves.
void FeedWatchdog(hardware::remote::BoardServer::Options& options) {
  std::uint64_t microseconds = 0;
  if (::sd_watchdog_enabled(/*unset_environment=*/0, &microseconds) <= 0) return;
  options.tick_interval = std::chrono::microseconds(microseconds / 3);
  options.on_tick = [] { ::sd_notify(0, "WATCHDOG=1"); };
}

void Announce(const hardware::BoardInfo& info) {
  base::LogInfo("board: ", info.name, ", ", info.clusters.size(), " clusters");
  for (const std::string& note : info.notes) base::LogInfo("board: ", note);
  ::sd_notify(0, base::StrCat("READY=1\nSTATUS=Board: ", info.name).c_str());
}

// Serves until it is told to stop; each client gets a driver of the devices that there are when it
// comes.
absl::Status ServeDrivers(const Flags& flags, base::UniqueFd listener,
                          const hardware::remote::BoardServer::Options& options, int stop_fd,
                          Hardware& hardware) {
  for (;;) {
    auto server = std::make_unique<hardware::remote::BoardServer>(std::move(listener),
                                                                  *hardware.driver, options);
    Announce(hardware.driver->info());
    const absl::Status ended = server->Run(stop_fd);
    if (server->outdated()) {
      listener = server->TakeListener();
      server.reset();
      base::LogInfo("clocks have appeared: the board is opened anew");
      DYNOFA_RETURN_IF_ERROR(OpenDriver(flags, hardware));
      continue;
    }
    ::sd_notify(0, "STOPPING=1");
    if (ended.ok()) return absl::OkStatus();
    // A thread that hangs in the kernel cannot be joined; the journal stays for the next start.
    base::LogError("stopped without restoring everything: ", base::FromAbsl(ended.message()));
    std::_Exit(EXIT_FAILURE);
  }
}

absl::Status Serve(const Flags& flags) {
  const base::UniqueFd stop = StopSignals();
  Hardware hardware;
  DYNOFA_RETURN_IF_ERROR(flags.board == "auto" ? OpenReal(flags, hardware)
                                               : OpenEmulated(flags, hardware));
  hardware::remote::BoardServer::Options options;
  DYNOFA_ASSIGN_OR_RETURN(options.allowed_uid, UidOf(flags.allow_user));
  FeedWatchdog(options);
  DYNOFA_ASSIGN_OR_RETURN(base::UniqueFd listener, Listener(flags, options.allowed_uid));
  DYNOFA_RETURN_IF_ERROR(ServeDrivers(flags, std::move(listener), options, stop.get(), hardware));
  base::LogInfo("stopped; the knobs are as they were found");
  return absl::OkStatus();
}

int Main(int argc, char** argv) {
  constexpr int kExitUsage = 2;
  Flags flags;
  CLI::App app("Owns the board's clocks on behalf of dynofad.", "dynofa-boardd");
  app.set_version_flag("--version", "dynofa-boardd " DYNOFA_VERSION);
  app.add_option("--board", flags.board,
                 "auto (this machine), emulated:PATH of a board file, or" + EmulatedBoards())
      ->capture_default_str();
  app.add_option("--sysfs-root", flags.sysfs_root, "folder that stands for the kernel's sysfs")
      ->capture_default_str();
  app.add_option("--proc-root", flags.proc_root,
                 "folder that stands for the kernel's statistics, where --sysfs-root is not the "
                 "machine's (default: none, the load of others is unknown)");
  app.add_option("--state-dir", flags.state_dir, "folder of the journal")->capture_default_str();
  app.add_option("--socket", flags.socket, "listen here (default: systemd's socket)");
  app.add_option("--allow-uid", flags.allow_user,
                 "uid or name of the user who may connect, besides root and this process's own");
  app.add_option("--log-level", flags.log_level, "debug, info, warning or error")
      ->check(CLI::IsMember({"debug", "info", "warning", "error"}))
      ->capture_default_str();
  app.add_flag("--take-back-once", flags.take_back_once,
               "set a knob that another program has changed once more, before leaving it to it");
  app.add_option("--emulator-control", flags.emulator_control,
                 "socket on which neighbours and heat of an emulated board are played");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? EXIT_SUCCESS : kExitUsage;
  }
  base::SetLogLevelByName(flags.log_level);
  const absl::Status status = Serve(flags);
  if (status.ok()) return EXIT_SUCCESS;
  base::LogError(base::FromAbsl(status.message()));
  return EXIT_FAILURE;
}

}  // namespace
}  // namespace dynofa

int main(int argc, char** argv) { return dynofa::Main(argc, argv); }
