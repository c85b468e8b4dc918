// dynofa-board: looks at this machine's board as dynofa-boardd would see it, shows the emulated
// boards with the origin of their figures, and plays the neighbours of a running emulated one.

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>

#include "daemon/base/clock.h"
#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/emulator/board_file.h"
#include "daemon/emulator/control.h"
#include "daemon/emulator/emulated_board.h"
#include "daemon/emulator/fault.h"
#include "daemon/emulator/fuse/board_mount.h"
#include "daemon/emulator/sysfs_tree.h"
#include "daemon/hardware/journal/journal.h"
#include "daemon/hardware/sysfs/sysfs_driver.h"
#include "daemon/tools/command_line.h"

namespace dynofa {
namespace {

// One message to the emulator takes as much.
constexpr std::size_t kMaxScript = 48 * 1024;

// Looking needs no journal: nothing is written.
class NoStore final : public hardware::journal::Store {
 public:
  absl::StatusOr<std::optional<std::string>> Load() override {
    return std::optional<std::string>();
  }
  absl::Status Save(std::string_view) override {
    return absl::FailedPreconditionError("this program does not write knobs");
  }
  absl::Status Remove() override { return absl::OkStatus(); }
  std::string MoveAside() override { return ""; }
};

std::string Range(const policies::ClusterInfo& cluster) {
  if (cluster.frequencies_khz.empty()) return "no table";
  return base::StrCat(cluster.frequencies_khz.front() / 1000, " to ",
                      cluster.frequencies_khz.back() / 1000, " MHz in ",
                      cluster.frequencies_khz.size(), " steps");
}

void Print(const std::string& root, const hardware::BoardInfo& info,
           const hardware::BoardReading& reading) {
  const bool own = root == hardware::sysfs::kSysfsRoot;
  std::cout << info.name << (own ? " (measured)" : ", read from " + root) << "\n";
  for (std::size_t i = 0; i < info.clusters.size(); ++i) {
    const policies::ClusterInfo& cluster = info.clusters[i];
    const hardware::ClusterReading& now = reading.clusters[i];
    std::cout << "  " << cluster.id << ": " << cluster.cores << " cores, " << Range(cluster)
              << (cluster.writable ? "" : ", read-only") << "\n";
    if (!now.governor.empty()) {
      std::cout << "    " << now.governor << ", " << now.min_khz / 1000 << " to "
                << now.max_khz / 1000 << " MHz, at " << now.frequency_khz / 1000 << " MHz"
                << (now.limited_by.empty() ? "" : ", limited: " + now.limited_by) << "\n";
    }
  }
  for (const hardware::ZoneReading& zone : reading.zones) {
    std::cout << "  zone " << zone.type << (zone.cluster.empty() ? "" : " of " + zone.cluster)
              << ": " << std::fixed << std::setprecision(1) << zone.temperature_c << " C\n";
  }
  for (const hardware::RailReading& rail : reading.rails) {
    std::cout << "  rail " << rail.name << ": " << std::fixed << std::setprecision(2) << rail.power_w
              << " W\n";
  }
  for (const hardware::Finding& finding : info.findings) {
    std::cout << "  " << finding.kind << (finding.name.empty() ? "" : " of " + finding.name) << " ("
              << finding.source << "): " << finding.value << "\n";
  }
  for (const std::string& note : info.notes) std::cout << "  note: " << note << "\n";
}

absl::Status Show(const std::string& root) {
  NoStore store;
  hardware::journal::Journal journal(store, "none");
  hardware::sysfs::SysfsBoardDriver::Options options;
  options.root = root;
  DYNOFA_ASSIGN_OR_RETURN(const auto driver,
                          hardware::sysfs::SysfsBoardDriver::Create(options, journal));
  DYNOFA_ASSIGN_OR_RETURN(const hardware::BoardReading reading, driver->Read());
  Print(root, driver->info(), reading);
  return absl::OkStatus();
}

absl::Status ShowModel(const std::string& board) {
  DYNOFA_ASSIGN_OR_RETURN(const auto model, emulator::OpenBoardModel(board));
  std::cout << "emulated:" << board << "  " << model->name << "\n";
  for (const emulator::Source& source : model->sources) {
    std::cout << "  " << source.figure << "\n    " << source.origin << "\n";
  }
  return absl::OkStatus();
}

absl::Status ShowModels(const std::string& board) {
  if (!board.empty()) return ShowModel(board);
  for (const std::string& id : emulator::BoardModelIds()) {
    DYNOFA_RETURN_IF_ERROR(ShowModel(id));
  }
  return absl::OkStatus();
}

absl::Status PrintFile(const std::string& board) {
  DYNOFA_ASSIGN_OR_RETURN(const auto model, emulator::OpenBoardModel(board));
  std::cout << model->file_text;
  return absl::OkStatus();
}

// The text of a script of faults; none for no file.
absl::StatusOr<std::string> ReadScript(const std::string& path) {
  if (path.empty()) return std::string();
  std::ifstream stream(path, std::ios::binary);
  if (!stream) return absl::NotFoundError(base::StrCat(path, ": cannot be opened"));
  std::string text((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  if (text.size() > kMaxScript) {
    return absl::InvalidArgumentError(base::StrCat(path, ": longer than ", kMaxScript, " bytes"));
  }
  // Known before anybody is told.
  DYNOFA_RETURN_IF_ERROR(emulator::ParseFaults(text, path).status());
  return text;
}

absl::Status PlayFaults(const std::string& control, const std::string& path) {
  DYNOFA_ASSIGN_OR_RETURN(const std::string script, ReadScript(path));
  return emulator::SetFaults(control, script);
}

// An emulated board as files, until a signal ends it.
struct MountFlags {
  std::string board;
  std::string folder;
  std::string control;
};

absl::Status Mount(const MountFlags& flags) {
  DYNOFA_ASSIGN_OR_RETURN(const auto model, emulator::OpenBoardModel(flags.board));
  const base::SteadyClock clock;
  emulator::EmulatedBoard board(*model, clock);
  emulator::SysfsTree tree(board);
  std::unique_ptr<emulator::ControlServer> control;
  const auto mounted = [&] {
    std::cout << model->name << " (emulated) is at " << flags.folder << std::endl;
  };
  if (!flags.control.empty()) {
    DYNOFA_ASSIGN_OR_RETURN(control, emulator::ControlServer::Create(flags.control, board));
  }
  return emulator::fuse::ServeBoard(tree, flags.folder, mounted);
}

int Main(int argc, char** argv) {
  CLI::App app(
      "Looks at boards, plays the surroundings of emulated ones, and mounts them as files.");
  app.require_subcommand(0, 1);
  absl::Status status;

  MountFlags mount;
  CLI::Option* mount_board =
      app.add_option("--board", mount.board, "emulated board or board file to mount");
  CLI::Option* mount_folder =
      app.add_option("--mount", mount.folder, "empty folder that becomes the board's sysfs");
  mount_board->needs(mount_folder);
  mount_folder->needs(mount_board);
  app.add_option("--emulator-control", mount.control,
                 "socket on which neighbours, heat and faults of the mounted board are played");

  std::string root(hardware::sysfs::kSysfsRoot);
  CLI::App* show = app.add_subcommand("show", "this machine's clusters, clocks and temperatures");
  show->add_option("--sysfs-root", root, "folder that stands for the kernel's sysfs")
      ->capture_default_str();
  show->callback([&] { status = Show(root); });

  CLI::App* models = app.add_subcommand("models", "the emulated boards and where figures are from");
  std::string board;
  models->add_option("board", board,
                     "an emulated board or a board file; all that ship if not given");
  models->callback([&] { status = ShowModels(board); });

  CLI::App* file = app.add_subcommand("file", "the board file of an emulated board, to begin with");
  file->add_option("board", board, "its name, as models lists it")->required();
  file->callback([&] { status = PrintFile(board); });

  std::string control, cluster;
  double load = 0.0;
  CLI::App* neighbour =
      app.add_subcommand("neighbour", "another program takes a share of an emulated cluster");
  neighbour->add_option("--control", control, "dynofa-boardd's --emulator-control")->required();
  neighbour->add_option("--cluster", cluster, "its id, such as gpu")->required();
  neighbour->add_option("--load", load, "share in 0..1; 1 takes the cluster away")->required();
  neighbour->callback([&] { status = emulator::SetNeighbour(control, cluster, load); });

  double celsius = 0.0;
  CLI::App* ambient = app.add_subcommand("ambient", "temperature of the air of an emulated board");
  ambient->add_option("--control", control, "dynofa-boardd's --emulator-control")->required();
  ambient->add_option("--celsius", celsius, "degrees")->required();
  ambient->callback([&] { status = emulator::SetAmbient(control, celsius); });

  std::string script;
  CLI::App* faults = app.add_subcommand("faults", "lets things go wrong on an emulated board");
  faults->add_option("--control", control, "dynofa-boardd's --emulator-control")->required();
  faults->add_option("--script", script, "file of faults; without one, all of them end");
  faults->callback([&] { status = PlayFaults(control, script); });

  for (CLI::App* command : app.get_subcommands({})) command->excludes(mount_folder);
  app.callback([&] {
    if (!app.get_subcommands().empty()) return;
    if (mount.folder.empty()) throw CLI::RequiredError("A command, or --board and --mount,");
    status = Mount(mount);
  });

  if (const auto code = tools::ParseCommandLine(app, "dynofa-board", argc, argv)) return *code;
  if (status.ok()) return EXIT_SUCCESS;
  std::cerr << "dynofa-board: " << base::FromAbsl(status.message()) << "\n";
  return EXIT_FAILURE;
}

}  // namespace
}  // namespace dynofa

int main(int argc, char** argv) { return dynofa::Main(argc, argv); }
