#include "daemon/emulator/control.h"

#include <cerrno>
#include <vector>

#include "daemon/base/strings.h"
#include "daemon/base/virtual_time.h"
#include "daemon/emulator/board_file.h"
#include "daemon/hardware/remote/seqpacket.h"
#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace dynofa::emulator {
namespace {

double ForeignLoad(EmulatedBoard& board, const std::string& cluster) {
  for (const auto& reading : board.Read().clusters) {
    if (reading.cluster == cluster) return reading.foreign_load;
  }
  return -1.0;
}

TEST_CASE("A neighbour comes and goes over the socket") {
  base::VirtualTime time;
  EmulatedBoard board(*FindBoardModel("jetson-xavier-nx"), time);
  tests::TempDir dir;
  const auto server = ControlServer::Create(dir / "control", board);
  REQUIRE(server.ok());
  CHECK(SetNeighbour(dir / "control", "gpu", 0.7).ok());
  CHECK(ForeignLoad(board, "gpu") == 0.7);
  CHECK(SetNeighbour(dir / "control", "gpu", 0.0).ok());
  CHECK(ForeignLoad(board, "gpu") == 0.0);
  CHECK(SetAmbient(dir / "control", 60.0).ok());
  const absl::Status unknown = SetNeighbour(dir / "control", "npu", 0.5);
  CHECK(base::FromAbsl(unknown.message()).find("npu") != std::string::npos);
  CHECK_FALSE(SetNeighbour(dir / "control", "gpu", 2.0).ok());
  CHECK(SetNeighbour(dir / "nobody", "gpu", 0.5).code() == absl::StatusCode::kNotFound);
}

TEST_CASE("The meter shows the board's energy and the neighbours' part of it") {
  base::VirtualTime time;
  EmulatedBoard board(*FindBoardModel("jetson-xavier-nx"), time);
  tests::TempDir dir;
  const auto server = ControlServer::Create(dir / "control", board);
  REQUIRE(server.ok());
  time.Advance(std::chrono::seconds(10));
  const auto alone = ReadMeter(dir / "control");
  REQUIRE(alone.ok());
  CHECK(alone->board_j == Approx(board.EnergyJ()));
  CHECK(alone->board_j > 0.0);
  CHECK(alone->neighbours_j == 0.0);
  const double before_w = board.PowerW();
  REQUIRE(SetNeighbour(dir / "control", "cpu0", 0.5).ok());
  REQUIRE(SetNeighbour(dir / "control", "gpu", 0.25).ok());
  const double added_w = board.PowerW() - before_w;
  time.Advance(std::chrono::milliseconds(100));
  const auto beside = ReadMeter(dir / "control");
  REQUIRE(beside.ok());
  CHECK(beside->neighbours_j > 0.0);
  // Clocks that rise for the neighbour cost more than its activity.
  CHECK(beside->neighbours_j <= 0.1 * added_w * 1.001);
  CHECK(beside->board_j - alone->board_j == Approx(0.1 * (before_w + added_w)).epsilon(0.01));
  CHECK_FALSE(ReadMeter(dir / "nobody").ok());
}

TEST_CASE("A script of faults is begun and ended over the socket") {
  base::VirtualTime time;
  EmulatedBoard board(*FindBoardModel("jetson-xavier-nx"), time);
  tests::TempDir dir;
  const auto server = ControlServer::Create(dir / "control", board);
  REQUIRE(server.ok());
  const std::string script = "[[fault]]\nkind = \"refuse\"\ncluster = \"gpu\"\nerror = \"EBUSY\"\n";
  REQUIRE(SetFaults(dir / "control", script).ok());
  CHECK(board.WriteKnob("gpu", Knob::kMax, "510000") == EBUSY);
  REQUIRE(SetFaults(dir / "control", "").ok());
  CHECK(board.WriteKnob("gpu", Knob::kMax, "510000") == 0);
  CHECK_FALSE(SetFaults(dir / "control", "nonsense").ok());
}

TEST_CASE("A client that hangs up at once does no harm") {
  base::VirtualTime time;
  EmulatedBoard board(*FindBoardModel("jetson-xavier-nx"), time);
  tests::TempDir dir;
  const auto server = ControlServer::Create(dir / "control", board);
  { const auto silent = hardware::remote::Connect(dir / "control"); }
  CHECK(SetNeighbour(dir / "control", "cpu0", 0.5).ok());
}

TEST_CASE("Nonsense is refused with a reason") {
  base::VirtualTime time;
  EmulatedBoard board(*FindBoardModel("jetson-xavier-nx"), time);
  for (const char* bad :
       {"", "x", "[]", "{}", R"({"op":1})", R"({"op":"off"})", R"({"op":"neighbour"})",
        R"({"op":"neighbour","cluster":1,"load":0.5})", R"({"op":"neighbour","cluster":"gpu"})",
        R"({"op":"neighbour","cluster":"gpu","load":"much"})", R"({"op":"ambient"})",
        R"({"op":"ambient","celsius":1e9})", R"({"op":"faults"})",
        R"({"op":"faults","script":"[[fault]]"})"}) {
    const absl::Status status = HandleControl(bad, board);
    INFO(bad);
    CHECK(status.code() == absl::StatusCode::kInvalidArgument);
    CHECK_FALSE(status.message().empty());
  }
}

}  // namespace
}  // namespace dynofa::emulator
