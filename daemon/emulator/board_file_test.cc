#include "daemon/emulator/board_file.h"

#include <sys/stat.h>

#include <cctype>

#include "daemon/base/strings.h"
#include "daemon/base/virtual_time.h"
#include "daemon/emulator/emulated_driver.h"
#include "daemon/hardware/remote/protocol.h"
#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace dynofa::emulator {
namespace {

const std::string kBoard = R"(format = 1
id = "my-board"
name = "My board"
[board]
origin = "modelling choice: a test"
ambient_c = 25
board_k_per_w = 2.0
thermal_poll_s = 1.0
least_share = 0.1
[[cluster]]
ids = ["cpu0", "cpu4"]
origin = "modelling choice: a test"
kind = "cpu"
cores = 4
driver = "cpufreq-dt"
zone = "soc"
governors = ["schedutil", "performance"]
governor = "schedutil"
[cluster.clock]
origin = "published: somewhere"
frequencies_khz = [500000, 1000000, 2000000]
min_khz = 500000
max_khz = 2000000
transition_us = 100
[cluster.latency]
origin = "modelling choice: a test"
launch_us = 10.0
launch_clock_share = 1.0
pixel_ns = 10.0
pixel_clock_share = 0.5
macs_per_cycle = 2.0
[cluster.latency.origins]
launch_us = "published: elsewhere"
[cluster.power]
origin = "modelling choice: a test"
capacitance_f = 1e-9
volts = [0.7, 0.8, 1.2]
idle_share = 0.1
leakage_w = 0.1
leakage_per_k = 0.01
[[zone]]
type = "soc"
origin = "modelling choice: a test"
k_per_w = 5
tau_s = 10
[[rail]]
name = "BIG"
origin = "modelling choice: a test"
constant_w = 0.5
clusters = ["cpu4"]
[modes]
origin = "modelling choice: a test"
[[modes.mode]]
name = "low"
description = "half the clock"
max_khz = { cpu4 = 1000000 }
)";

// The board with one piece of its text exchanged.
std::string With(const std::string& piece, const std::string& instead) {
  std::string text = kBoard;
  const std::size_t at = text.find(piece);
  REQUIRE(at != std::string::npos);
  return text.replace(at, piece.size(), instead);
}

std::string Problem(const std::string& text) {
  const auto board = ParseBoardFile(text, "b.toml");
  if (board.ok()) return "";
  CHECK(board.status().code() == absl::StatusCode::kInvalidArgument);
  return std::string(base::FromAbsl(board.status().message()));
}

TEST_CASE("A board file becomes a board, cluster by cluster, with the origin of every figure") {
  const auto board = ParseBoardFile(kBoard, "b.toml");
  INFO(board.status());
  REQUIRE(board.ok());
  CHECK(board->id == "my-board");
  REQUIRE(board->clusters.size() == 2);
  CHECK(board->clusters[1].id == "cpu4");
  CHECK(board->clusters[1].cores == 4);
  CHECK(board->clusters[1].latency.macs_per_cycle == 2.0);
  CHECK(board->clusters[1].transition_us == 100);
  CHECK(board->modes.at(0).max_khz.at("cpu4") == 1000000);
  CHECK_FALSE(board->modes.at(0).max_power_w.has_value());
  CHECK(board->file_text == kBoard);
  bool found = false;
  for (const Source& source : board->sources) {
    if (source.figure != "latency of cpu0, cpu4: launch_us") continue;
    CHECK(source.origin == "published: elsewhere");
    found = true;
  }
  CHECK(found);
}

TEST_CASE("Voltages of operating points are met, and between them a line is drawn") {
  const auto board = ParseBoardFile(kBoard, "b.toml");
  REQUIRE(board.ok());
  const ClusterModel& cluster = board->clusters[0];
  CHECK(ClusterVolt(cluster, 500000) == Approx(0.7));
  CHECK(ClusterVolt(cluster, 1000000) == Approx(0.8));
  CHECK(ClusterVolt(cluster, 1500000) == Approx(1.0));
  CHECK(ClusterVolt(cluster, 9000000) == Approx(1.2));
  CHECK(ClusterVolt(cluster, 1) == Approx(0.7));
}

TEST_CASE("A bad board file is refused with file, line, key and what to do") {
  struct Bad {
    std::string piece, instead, says;
  };
  const std::vector<Bad> all = {
      {"format = 1", "format = 2", "b.toml:1: format must be a whole number in [1, 1]"},
      {"id = \"my-board\"", "id = \"../x\"", "id must be up to 64 of a-z"},
      {"name = \"My board\"", "name = \"a\\u0007\"", "name must be up to 128 printable"},
      {"ambient_c = 25", "ambient_c = nan", "b.toml:6: ambient_c must be a number in [-40, 120]"},
      {"ambient_c = 25", "ambient = 25", "ambient is not a known key; known here: constant_w"},
      {"origin = \"published: somewhere\"\n", "", "origin is missing"},
      {"published: somewhere", "somewhere", "origin must be \"published: \" and the source"},
      {"published: somewhere", "published: ", "origin must be \"published: \" and the source"},
      {"launch_us = \"published", "lunch_us = \"published", "lunch_us is not a key of the table"},
      {"[\"cpu0\", \"cpu4\"]", "[\"cpu0\", \"cpu3\"]", "cpu3, whose CPUs are also those of cpu0"},
      {"[\"cpu0\", \"cpu4\"]", "[\"cpu0\", \"big\"]", "the number of the first CPU, not \"big\""},
      {"[\"cpu0\", \"cpu4\"]", "[]", "ids must name a cluster"},
      {"kind = \"cpu\"", "kind = \"npu\"", "kind must be \"cpu\" or \"gpu\""},
      {"driver = \"cpufreq-dt\"", "device = \"x\"", "driver is missing"},
      {"driver = \"cpufreq-dt\"", "driver = \"a/b\"", "driver must be up to 64 letters"},
      {"zone = \"soc\"", "zone = \"sock\"", "has no zone \"sock\", which cpu0 heats"},
      {"\"performance\"]", "\"turbo\"]", "has \"turbo\", which is none of performance"},
      {"governor = \"schedutil\"", "governor = \"powersave\"", "begins with, \"powersave\""},
      {"1000000, 2000000]", "1000000, 1000000]", "frequencies_khz must be 2 to 256 rising"},
      {"[500000, 1000000, 2000000]", "[500000]", "frequencies_khz must be 2 to 256 rising"},
      {"min_khz = 500000", "min_khz = 600000", "min_khz must be one of frequencies_khz"},
      {"macs_per_cycle = 2.0", "macs_per_cycle = 0", "macs_per_cycle must be a number in"},
      {"volts = [0.7, 0.8, 1.2]", "volts = [0.7, 0.8]", "volts must be a list of 3 numbers"},
      {"volts = [0.7, 0.8, 1.2]", "volts = [0.7, nan, 1.2]", "volts must be in [0.1, 5]"},
      {"idle_share", "min_volt = 1\nidle_share", "takes the place of min_volt and max_volt"},
      {"volts = [0.7, 0.8, 1.2]", "min_volt = 2\nmax_volt = 1", "min_volt must not be above"},
      {"leakage_per_k = 0.01", "leakage_per_k = 0.2\n", ""},
      {"leakage_w = 0.1", "leakage_w = 10", "would heat up without end"},
      {"clusters = [\"cpu4\"]", "clusters = [\"gpu\"]", "clusters names gpu, which is no cluster"},
      {"constant_w = 0.5", "constant_w = 0.5\nchannel = 1", "channel needs a sensor"},
      {"constant_w = 0.5", "constant_w = 0.5\nsensor = \"ina231\"\ndevice = \"0-0000\"",
       "device must be a bus and an address"},
      {"constant_w = 0.5", "constant_w = 0.5\nsensor = \"rapl\"\ndevice = \"intel-rapl:0\"", ""},
      {"{ cpu4 = 1000000 }", "{ cpu1 = 1000000 }", "cpu1 is no cluster"},
      {"[[zone]]", "[zone]", "zone must be an array of tables"},
      {"[[zone]]", "[[zone", "not valid TOML"},
  };
  for (const Bad& bad : all) {
    INFO(bad.piece << " -> " << bad.instead);
    const std::string problem = Problem(With(bad.piece, bad.instead));
    INFO(problem);
    if (bad.says.empty()) {
      CHECK(problem.empty());
    } else {
      CHECK(problem.find(bad.says) != std::string::npos);
    }
  }
  CHECK(Problem(kBoard + std::string(kMaxBoardFile, '#')).find("longer than") != std::string::npos);
  CHECK_FALSE(Problem("").empty());
}

TEST_CASE("Every shipped board is read, is named as its file, and fits into the greeting") {
  const std::vector<std::string> ids = BoardModelIds();
  CHECK_FALSE(ids.empty());
  for (const std::string& id : ids) {
    INFO(id);
    const BoardModel* board = FindBoardModel(id);
    REQUIRE(board != nullptr);
    CHECK(BoardLabel(*board) == id);
    base::VirtualTime time;
    EmulatedBoard emulated(*board, time);
    const EmulatedDriver driver(emulated, 2);
    const std::string message = hardware::remote::Encode(
        hardware::remote::Greeting{.refused = absl::OkStatus(), .info = driver.info()});
    CHECK(message.size() < 100 * 1024);
    const auto greeting = hardware::remote::DecodeGreeting(message);
    REQUIRE(greeting.ok());
    CHECK(greeting->info.emulated_board == board->file_text);
  }
  CHECK(FindBoardModel("toaster") == nullptr);
}

TEST_CASE("A board is opened by the id of a shipped one or by the path of a file") {
  CHECK((*OpenBoardModel("jetson-xavier-nx"))->name == "Jetson Xavier NX");
  const auto unknown = OpenBoardModel("toaster");
  CHECK(unknown.status().code() == absl::StatusCode::kNotFound);
  CHECK(unknown.status().message().find("jetson-xavier-nx") != absl::string_view::npos);

  tests::TempDir dir;
  dir.Write("b.toml", kBoard);
  const auto board = OpenBoardModel(dir / "b.toml");
  REQUIRE(board.ok());
  CHECK((*board)->name == "My board");
  CHECK(BoardLabel(**board).rfind("my-board@", 0) == 0);
  CHECK(OpenBoardModel(dir / "none.toml").status().code() == absl::StatusCode::kNotFound);
  CHECK_FALSE(OpenBoardModel(dir.path()).ok());
  REQUIRE(::mkfifo((dir / "fifo").c_str(), 0600) == 0);
  CHECK(OpenBoardModel(dir / "fifo").status().message().find("not a plain file") !=
        absl::string_view::npos);
}

TEST_CASE("A changed copy of a shipped board is told apart from it") {
  BoardModel copy = *FindBoardModel("jetson-xavier-nx");
  copy.file_text += "# mine\n";
  CHECK(BoardLabel(copy).rfind("jetson-xavier-nx@", 0) == 0);
}

}  // namespace
}  // namespace dynofa::emulator
