#include "daemon/scenario/variation.h"

#include "daemon/emulator/board_file.h"
#include "daemon/emulator/latency_model.h"
#include "tests/support/catch.h"

namespace dynofa::scenario {
namespace {

const emulator::BoardModel& Nx() { return *emulator::FindBoardModel("jetson-xavier-nx"); }

/// What a board does, in figures that every coefficient moves.
std::vector<double> Figures(const emulator::BoardModel& board) {
  const emulator::ClusterModel& gpu = *board.Find("gpu");
  double constant = board.constant_w;
  for (const emulator::RailModel& rail : board.rails) constant += rail.constant_w;
  return {emulator::LatencyMs(gpu, {235'000'000, 176, 54}, 510000),
          emulator::ActivePowerW(gpu, 510000, 1.0),
          emulator::IdlePowerW(gpu, 510000, 50.0),
          constant,
          board.zones[0].k_per_w,
          board.zones[0].tau_s};
}

TEST_CASE("each coefficient moves something, and only on the board that it is varied on") {
  const std::vector<double> plain = Figures(Nx());
  for (const std::string_view name : CoefficientNames()) {
    INFO(name);
    emulator::BoardModel board = Nx();
    REQUIRE(Vary(name, 1.3, &board).ok());
    CHECK(Figures(board) != plain);
    CHECK(Figures(Nx()) == plain);
  }
}

TEST_CASE("more capacitance is more power, and shares stay shares") {
  emulator::BoardModel board = Nx();
  REQUIRE(Vary("capacitance_f", 1.3, &board).ok());
  CHECK(Figures(board)[1] == Approx(1.3 * Figures(Nx())[1]));
  REQUIRE(Vary("pixel_clock_share", 100.0, &board).ok());
  CHECK(board.Find("gpu")->latency.pixel_clock_share == 1.0);
}

TEST_CASE("an unknown coefficient is refused by name") {
  emulator::BoardModel board = Nx();
  const absl::Status status = Vary("magic", 2.0, &board);
  CHECK(absl::IsNotFound(status));
  CHECK(status.message().find("there is no coefficient \"magic\"; there are: launch_us") == 0);
}

}  // namespace
}  // namespace dynofa::scenario
