// The real discovery on the trees of captured boards, as dynofactl shows what it finds.

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client/cli/json.h"
#include "client/src/convert.h"
#include "daemon/dispatch/slowdown_book.h"
#include "daemon/hardware/sysfs/fake_cpufreq.h"
#include "daemon/hardware/sysfs/sysfs_driver.h"
#include "daemon/manager/cluster_tracker.h"
#include "daemon/serving/board_messages.h"
#include "tests/support/board_tree.h"
#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace dynofa::tests {
namespace {

namespace fs = std::filesystem;
using hardware::sysfs::SysfsBoardDriver;

std::vector<fs::path> CapturedBoards() {
  std::vector<fs::path> boards;
  for (const auto& entry : fs::directory_iterator(DYNOFA_BOARDS_DIR)) {
    if (entry.path().extension() == ".board") boards.push_back(entry.path());
  }
  std::sort(boards.begin(), boards.end());
  return boards;
}

// An unpacked tree, and who drives it.
struct Machine {
  explicit Machine(const fs::path& board) { WriteBoardTree(dir, ReadFile(board)); }
  absl::StatusOr<std::unique_ptr<SysfsBoardDriver>> Driver() {
    return SysfsBoardDriver::Create(
        {.root = dir / "sys", .proc_root = dir / "proc", .pause = [](base::Duration) {}}, *journal);
  }
  std::map<std::string, std::string> Tree() const { return ReadTree(dir.path()); }
  void Restore(const std::map<std::string, std::string>& files) {
    for (const auto& [name, content] : Tree()) {
      if (files.at(name) != content) dir.Write(name, files.at(name));
    }
    store.text.reset();
    journal.emplace(store, "boot");
  }

  TempDir dir;
  hardware::sysfs::Trouble trouble;
  hardware::sysfs::FakeStore store{trouble};
  std::optional<hardware::journal::Journal> journal{std::in_place, store, "boot"};
};

// From the driver to the printer, as in the daemon.
cli::Json Shown(SysfsBoardDriver& driver) {
  const hardware::BoardReading reading = *driver.Read();
  dispatch::SlowdownBook slowdowns({});
  manager::ClusterTracker tracker(slowdowns);
  tracker.SetBoard(driver.info());
  tracker.Update(reading);
  manager::StatusView view;
  view.board = driver.info().name;
  view.board_info = std::make_shared<hardware::BoardInfo>(driver.info());
  view.clusters = tracker.Views({});
  for (manager::ClusterView& cluster : view.clusters) {
    cluster.runs = cluster.state.info.kind == policies::ClusterKind::kCpu;
  }
  view.zones = reading.zones;
  view.rails = reading.rails;
  view.board_power_w = reading.board_power_w;
  view.memory_khz = reading.memory_khz;
  view.cpu_pressure = reading.cpu_pressure;
  view.notes = driver.info().notes;
  v1::Board message;
  serving::FillBoard(view, &message);
  return cli::ToJson(client::ToBoard(message));
}

std::vector<policies::ClusterSetting> Slowest(const hardware::BoardInfo& info) {
  std::vector<policies::ClusterSetting> settings;
  for (const policies::ClusterInfo& cluster : info.clusters) {
    if (!cluster.writable) continue;
    const std::int64_t khz = cluster.frequencies_khz.front();
    settings.push_back({cluster.id, "performance", khz, khz});
  }
  return settings;
}

TEST_CASE("What is found of each captured board is what was reviewed") {
  const bool update = std::getenv("DYNOFA_UPDATE_GOLDENS") != nullptr;
  const std::vector<fs::path> boards = CapturedBoards();
  REQUIRE(boards.size() >= 6);
  for (const fs::path& board : boards) {
    Machine machine(board);
    const auto driver = machine.Driver();
    INFO(board.filename());
    REQUIRE(driver.ok());
    const std::string shown = Shown(**driver).dump(2) + "\n";
    const fs::path golden = fs::path(board).replace_extension(".json");
    if (update) {
      std::ofstream(golden) << shown;
    } else {
      CHECK(shown == ReadFile(golden));
    }
  }
}

TEST_CASE("Each captured board can be set where it says so, and is put back byte for byte") {
  for (const fs::path& board : CapturedBoards()) {
    Machine machine(board);
    // What a cap hides cannot be put back, and files have no cap that goes by itself.
    for (const auto& [name, content] : machine.Tree()) {
      if (name.find("/cur_state") != std::string::npos) machine.dir.Write(name, "0\n");
    }
    const auto before = machine.Tree();
    const auto driver = machine.Driver();
    INFO(board.filename());
    REQUIRE(driver.ok());
    const auto settings = Slowest((*driver)->info());
    for (const auto& outcome : (*driver)->Apply(settings).outcomes) {
      INFO(outcome.cluster);
      CHECK(outcome.status.ok());
      CHECK(outcome.effective.min_khz == outcome.requested.min_khz);
    }
    CHECK((machine.Tree() != before) == !settings.empty());
    CHECK((*driver)->Release().ok());
    CHECK(machine.Tree() == before);
  }
}

TEST_CASE("Whatever a file of a captured board says, what is found stays sane") {
  const std::vector<std::string> nonsense = {"",
                                             "-1\n",
                                             "99999999999999999999999\n",
                                             "9223372036854775807\n",
                                             std::string(5000, '7'),
                                             std::string("\0\xff 0-99999999 \n", 15)};
  for (const fs::path& board : CapturedBoards()) {
    std::size_t turn = 0;
    Machine machine(board);
    const auto files = machine.Tree();
    for (const auto& [name, content] : files) {
      machine.Restore(files);
      machine.dir.Write(name, nonsense[turn++ % nonsense.size()]);
      const auto driver = machine.Driver();
      INFO(board.filename() << " " << name);
      if (!driver.ok()) continue;
      for (int look = 0; look < 2; ++look) {
        (*driver)->ReportLoad({});
        const auto reading = (*driver)->Read();
        REQUIRE(reading.ok());
        CHECK(reading->board_power_w >= 0.0);
        CHECK(reading->board_power_w < 1e5);
        for (const auto& zone : reading->zones) CHECK(zone.temperature_c <= 200.0);
        for (const auto& cluster : reading->clusters) CHECK(cluster.frequency_khz >= 0);
      }
      for (const auto& cluster : (*driver)->info().clusters) {
        CHECK(cluster.frequencies_khz.size() <= 1025);
        CHECK(cluster.host_cpus.size() <= 65536);
      }
      (*driver)->Apply(Slowest((*driver)->info()));
      (*driver)->Release().IgnoreError();
    }
  }
}

}  // namespace
}  // namespace dynofa::tests
