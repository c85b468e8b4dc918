// The real dynofa-boardd over boards of several clusters, each single write of a whole life failing
// in each way: the clusters that it is not about get their decision, the knob that failed is named,
// and in the end every knob is as it was found.

#include <signal.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/base/strings.h"
#include "tests/integration/board_client.h"
#include "tests/integration/mounted_board.h"
#include "tests/support/board_tree.h"
#include "tests/support/catch.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"
#include "tests/support/traced_process.h"

namespace dynofa::tests {
namespace {

namespace fs = std::filesystem;
using Knobs = std::map<std::string, std::string>;
using Settings = std::vector<policies::ClusterSetting>;
using WriteFault = TracedProcess::WriteFault;

// The files of every knob of CPUs and devices below `root`.
std::vector<std::string> FindKnobs(const std::string& root) {
  static const std::set<std::string> kNames = {"scaling_governor", "scaling_min_freq",
                                               "scaling_max_freq", "governor",
                                               "min_freq",         "max_freq"};
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    const bool knob = entry.is_regular_file() && kNames.count(entry.path().filename()) != 0;
    if (knob) files.push_back(entry.path());
  }
  return files;
}

Knobs ReadKnobs(const std::vector<std::string>& files) {
  Knobs knobs;
  for (const std::string& file : files) knobs[file] = ReadFile(file);
  return knobs;
}

// A life on a board: the transactions of a client, in their order.
struct Life {
  explicit Life(const hardware::BoardInfo& info) {
    for (const policies::ClusterInfo& cluster : info.clusters) {
      if (cluster.writable) Add(cluster);
    }
  }

  std::vector<Settings> transactions{5};

 private:
  void Add(const policies::ClusterInfo& cluster) {
    const auto& table = cluster.frequencies_khz;
    const std::int64_t low = table[table.size() / 4], mid = table[table.size() / 2];
    const std::int64_t high = table.back();
    const auto other =
        std::find_if(cluster.governors.begin(), cluster.governors.end(),
                     [](const auto& name) { return name == "powersave" || name == "userspace"; });
    REQUIRE(other != cluster.governors.end());
    // Taken over, sped up, under another governor and a wider range, capped by a mode, left idle
    // below a cap.
    transactions[0].push_back({cluster.id, "performance", mid, mid});
    transactions[1].push_back({cluster.id, "", high, high});
    transactions[2].push_back({cluster.id, *other, low, mid});
    transactions[3].push_back({cluster.id, "performance", low, low});
    transactions[4].push_back({cluster.id, "", 0, mid});
  }
};

class Board {
 public:
  Board(const TempDir& dir, std::string root)
      : dir_(dir), root_(std::move(root)), files_(FindKnobs(root_)), before_(ReadKnobs(files_)) {
    boardd_ = std::make_unique<TracedProcess>(
        std::vector<std::string>{std::string(DYNOFA_BIN_DIR) + "/dynofa-boardd", "--sysfs-root",
                                 root_, "--state-dir", dir_ / "state", "--socket", dir_ / "s"},
        dir_.path(), /*kill_at=*/-1);
  }
  ~Board() { boardd_->Signal(SIGTERM); }

  TracedProcess& boardd() { return *boardd_; }
  const std::string& root() const { return root_; }
  std::unique_ptr<BoardClient> Connect() {
    auto client = std::make_unique<BoardClient>(dir_ / "s", [&] { return boardd_->Running(); });
    INFO(boardd_->Output());
    REQUIRE(client->connected());
    return client;
  }

  Knobs Present() const { return ReadKnobs(files_); }

  /// The knobs that differ from how they were found.
  std::vector<std::string> Changed() const {
    std::vector<std::string> changed;
    for (const auto& [file, text] : Present()) {
      if (before_.at(file) != text) changed.push_back(file);
    }
    return changed;
  }
  bool HasJournal() const { return fs::exists(dir_ / "state/journal.json"); }

 private:
  const TempDir& dir_;
  const std::string root_;
  const std::vector<std::string> files_;
  const Knobs before_;
  std::unique_ptr<TracedProcess> boardd_;
};

// Writes that `fault` hits among those of one life; what was seen of it is checked.
class FaultyLife {
 public:
  FaultyLife(Board& board, WriteFault fault) : board_(board), fault_(std::move(fault)) {}

  /// Returns whether the fault has struck.
  bool Lead() {
    board_.boardd().SetFault(fault_);
    {
      const auto client = board_.Connect();
      const Life life(client->info());
      for (const Settings& settings : life.transactions) Transact(*client, settings);
      CheckReleased(client->Release());
      // Taken over once more, to be put back when the connection ends.
      Transact(*client, life.transactions[0]);
    }
    // Another client is welcome when everything has been tried.
    if (fault_.lasting) CheckReleased(board_.Connect()->Release());
    const bool as_found = fault_.lasting || AwaitAsFound();
    const bool struck = !board_.boardd().failed_file().empty();
    board_.boardd().EndFault();
    if (fault_.lasting) board_.Connect()->Release().IgnoreError();
    CHECK((as_found && AwaitAsFound()));
    return struck;
  }

 private:
  void Transact(BoardClient& client, const Settings& settings) {
    const Knobs before = board_.Present();
    const auto result = client.Apply(settings);
    REQUIRE(result.ok());
    const std::string failed = board_.boardd().failed_file();
    int failures = 0;
    for (const hardware::SettingOutcome& outcome : result->outcomes) {
      INFO(outcome.cluster << ": " << outcome.status);
      if (outcome.status.ok()) {
        CHECK(outcome.effective.max_khz == outcome.requested.max_khz);
        // A minimum never exceeds the maximum.
        CHECK(outcome.effective.min_khz ==
              std::min(outcome.requested.min_khz, outcome.requested.max_khz));
        continue;
      }
      ++failures;
      ++failures_;
      CheckNamed(outcome.status, failed);
      CHECK(base::FromAbsl(outcome.status.message()).find(outcome.cluster) != std::string::npos);
      CheckRolledBack(before, fs::path(failed).parent_path());
    }
    CHECK(failures <= 1);
    CHECK((fault_.lasting || failures_ <= 1));
    CHECK((failures == 0 || !failed.empty()));
  }

  // One that failed once is written again until it is done.
  void CheckReleased(const absl::Status& released) {
    const std::vector<std::string> changed = board_.Changed();
    CHECK((released.ok() || fault_.lasting));
    CHECK((changed.empty() || !released.ok()));
    if (!released.ok()) CheckNamed(released, board_.boardd().failed_file());
    CheckOnly(changed, board_.boardd().failed_file());
    CHECK((changed.empty() || board_.HasJournal()));
  }

  bool AwaitAsFound() const {
    return WaitUntil([&] { return board_.Changed().empty() && !board_.HasJournal(); });
  }

  static void CheckOnly(const std::vector<std::string>& changed, const std::string& failed) {
    CHECK(changed.size() <= 1);
    if (changed.size() == 1) CHECK(changed.front() == failed);
  }

  static void CheckNamed(const absl::Status& status, const std::string& failed) {
    REQUIRE_FALSE(failed.empty());
    INFO(status << " of " << failed);
    CHECK(base::FromAbsl(status.message()).find(fs::path(failed).filename().string()) !=
          std::string::npos);
  }

  void CheckRolledBack(const Knobs& before, const std::string& folder) const {
    for (const auto& [file, text] : board_.Present()) {
      if (fs::path(file).parent_path() == folder) CHECK(before.at(file) == text);
    }
  }

  Board& board_;
  const WriteFault fault_;
  int failures_ = 0;
};

constexpr std::pair<int, std::string_view> kErrors[] = {
    {EBUSY, "EBUSY"}, {EINVAL, "EINVAL"}, {ENODEV, "ENODEV"}, {EIO, "EIO"}};

// Lives as often as there are writes in a life: once with each write failing from then on, and
// `rounds` times with a failure that passes, another one each time.
void FailEveryWrite(Board& board, std::size_t rounds) {
  const std::string folder = board.root();
  REQUIRE_FALSE(FaultyLife(board, {.folder = folder}).Lead());
  for (const bool lasting : {false, true}) {
    for (std::size_t round = 0; round < (lasting ? 1 : rounds); ++round) {
      int n = 0;
      for (bool struck = true; struck;) {
        const auto& [error, name] = kErrors[(static_cast<std::size_t>(n) + round) % 4];
        INFO("write " << n << " fails with " << name << (lasting ? ", from then on" : ""));
        struck = FaultyLife(board, {folder, n, error, lasting}).Lead();
        if (struck) ++n;
      }
      // Four clusters with three knobs each, taken over twice and put back twice, and four
      // decisions.
      CHECK(n > 4 * 3 * 2 + 4 * 2 * 4);
    }
  }
}

#define SKIP_WITHOUT_PTRACE()                                           \
  do {                                                                  \
    if (!TracedProcess::Possible()) {                                   \
      WARN("SKIPPED: this kernel does not let a test trace its child"); \
      return;                                                           \
    }                                                                   \
  } while (false)

TEST_CASE("Whichever write fails, on a Jetson Xavier NX in plain files, it is as it was found") {
  SKIP_WITHOUT_PTRACE();
  TempDir dir;
  WriteBoardTree(dir, ReadFile(std::string(DYNOFA_BOARDS_DIR) + "/jetson-xavier-nx.board"));
  Board board(dir, dir / "sys");
  FailEveryWrite(board, std::size(kErrors));
}

TEST_CASE("A knob that refuses its baseline gets it once it does not, though nobody asks") {
  SKIP_WITHOUT_PTRACE();
  TempDir dir;
  WriteBoardTree(dir, ReadFile(std::string(DYNOFA_BOARDS_DIR) + "/rk3588.board"));
  Board board(dir, dir / "sys");
  {
    const auto client = board.Connect();
    REQUIRE(client->Apply(Life(client->info()).transactions[0]).ok());
    board.boardd().SetFault({.folder = board.root(), .at = 0, .error = EBUSY, .lasting = true});
  }
  CHECK(WaitUntil([&] { return board.Changed().size() == 1; }));
  CHECK(board.Changed().front() == board.boardd().failed_file());
  board.boardd().EndFault();
  CHECK(WaitUntil([&] { return board.Changed().empty() && !board.HasJournal(); }));
}

#ifdef DYNOFA_MOUNTS_BOARDS  // not in a build of the core alone
TEST_CASE("Whichever write fails, on an emulated board with the kernel's rules, it is as found") {
  SKIP_WITHOUT_PTRACE();
  SKIP_WITHOUT_MOUNT();
  const MountedBoard mounted("rk3588");
  Board board(mounted.dir(), mounted.root());
  FailEveryWrite(board, 1);
}
#endif

}  // namespace
}  // namespace dynofa::tests
