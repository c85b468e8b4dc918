#include "daemon/emulator/emulation.h"

#include "daemon/base/virtual_time.h"
#include "daemon/emulator/board_file.h"
#include "daemon/emulator/emulated_driver.h"
#include "daemon/hardware/local_board.h"
#include "tests/support/catch.h"

namespace dynofa::emulator {
namespace {

using namespace std::chrono_literals;

TEST_CASE("An emulation stands on the board file that came with the board") {
  base::VirtualTime time;
  hardware::BoardInfo info;
  info.name = "a real one";
  CHECK(Emulation::Create(info, time).status().code() == absl::StatusCode::kNotFound);
  info.emulated_board = "format = 1\nid = ";
  CHECK(Emulation::Create(info, time).status().code() == absl::StatusCode::kInvalidArgument);
  info.emulated_board = FindBoardModel("jetson-xavier-nx")->file_text;
  const auto emulation = Emulation::Create(info, time);
  REQUIRE(emulation.ok());
  CHECK((*emulation)->board().id == "jetson-xavier-nx");
  info.clusters = {{.id = "npu"}};
  CHECK(Emulation::Create(info, time).status().code() == absl::StatusCode::kInvalidArgument);
}

TEST_CASE("Readings tell the executors what neighbours take") {
  base::VirtualTime time;
  EmulatedBoard model(*FindBoardModel("jetson-xavier-nx"), time);
  EmulatedDriver driver(model, 1);
  const auto emulation = Emulation::Create(driver.info(), time);
  REQUIRE(emulation.ok());
  const auto board = (*emulation)->Wrap(std::make_unique<hardware::LocalBoard>(driver, time));
  REQUIRE(board->info().clusters.size() == 4);
  CHECK((*emulation)->Pace("npu", nullptr).status().code() == absl::StatusCode::kNotFound);
  CHECK((*emulation)->Pace("gpu", nullptr).ok());

  REQUIRE(model.SetForeignLoad("gpu", 0.25).ok());
  double foreign = 0.0;
  board->Read([&](const absl::StatusOr<hardware::BoardReading>& reading) {
    REQUIRE(reading.ok());
    foreign = reading->clusters.back().foreign_load;
  });
  time.RunDue();
  CHECK(foreign == 0.25);
  CHECK((*emulation)->Overruns() == 0);

  // What ran all the time beside them had three quarters of the cluster.
  board->ReportLoad({{"gpu", 1.0}, {"cpu0", 0.5}});
  time.RunDue();
  const double reported_w = model.PowerW();
  model.ReportLoad({{"gpu", 0.75}, {"cpu0", 0.5}});
  CHECK(model.PowerW() == Approx(reported_w));
  model.ReportLoad({{"gpu", 0.5}, {"cpu0", 0.5}});
  CHECK(model.PowerW() < reported_w);
}

}  // namespace
}  // namespace dynofa::emulator
