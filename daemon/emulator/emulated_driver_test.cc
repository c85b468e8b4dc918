#include "daemon/emulator/emulated_driver.h"

#include <atomic>
#include <thread>

#include "daemon/base/virtual_time.h"
#include "daemon/emulator/board_file.h"
#include "daemon/hardware/local_board.h"
#include "tests/support/catch.h"

namespace dynofa::emulator {
namespace {

using namespace std::chrono_literals;

struct Fixture {
  base::VirtualTime time;
  EmulatedBoard board{*FindBoardModel("jetson-xavier-nx"), time};
  EmulatedDriver driver{board, 2};
};

TEST_CASE("The board says that it is emulated and how it is mapped to this machine") {
  Fixture f;
  const hardware::BoardInfo& info = f.driver.info();
  CHECK(info.name == "Jetson Xavier NX (emulated)");
  CHECK(info.emulated_model == "jetson-xavier-nx");
  REQUIRE(info.clusters.size() == 4);
  CHECK(info.clusters[2].id == "cpu4");
  CHECK(info.clusters[2].host_cpus == std::vector<int>{0});
  CHECK(info.clusters[3].host_cpus == std::vector<int>{1});
  CHECK(info.notes.back().find("cpu4 on host CPU 0") != std::string::npos);
}

TEST_CASE("Busy pins a cluster, zero puts the baseline back, release puts everything back") {
  Fixture f;
  const auto before = *f.board.GetKnobs("cpu0");
  auto result = f.driver.Apply({{"cpu0", "", 729600, 729600}, {"gpu", "performance", 0, 0}});
  REQUIRE(result.outcomes.size() == 2);
  CHECK(result.outcomes[0].status.ok());
  CHECK(result.outcomes[0].effective.min_khz == 729600);
  CHECK(result.outcomes[0].effective.max_khz == 729600);
  CHECK(result.outcomes[0].limited_by.empty());
  CHECK(result.outcomes[1].effective.governor == "performance");
  result = f.driver.Apply({{"cpu0", "", 0, 729600}});
  CHECK(f.board.GetKnobs("cpu0")->limits.max_khz == 729600);
  // The baseline's minimum lies above: the maximum wins in effect, the request is remembered.
  CHECK(f.board.GetKnobs("cpu0")->limits.min_khz == 1190400);
  CHECK(result.outcomes[0].effective.min_khz == 729600);
  REQUIRE(f.driver.Release().ok());
  CHECK(*f.board.GetKnobs("cpu0") == before);
  CHECK(f.board.GetKnobs("gpu")->governor == "simple_ondemand");
}

TEST_CASE("A setting that fails does not stop the others") {
  Fixture f;
  f.driver.SetFault("cpu0", {.apply_error = absl::UnavailableError("firmware says no")});
  const auto result = f.driver.Apply(
      {{"cpu0", "", 729600, 729600}, {"npu", "", 1, 1}, {"cpu2", "", 729600, 729600}});
  CHECK(result.outcomes[0].status.code() == absl::StatusCode::kUnavailable);
  CHECK(result.outcomes[0].effective.max_khz == 1907200);
  CHECK(result.outcomes[1].status.code() == absl::StatusCode::kNotFound);
  CHECK(result.outcomes[2].status.ok());
}

TEST_CASE("A clamp is told apart from what was asked for") {
  Fixture f;
  f.driver.SetFault("gpu", {.clamp_khz = 510000});
  const auto result = f.driver.Apply({{"gpu", "", 1109250, 1109250}});
  CHECK(result.outcomes[0].requested.max_khz == 1109250);
  CHECK(result.outcomes[0].effective.max_khz == 510000);
  CHECK(result.outcomes[0].limited_by == "clamped");
}

TEST_CASE("A stale sensor keeps its last value") {
  Fixture f;
  const auto first = f.driver.Read();
  f.driver.SetFault("gpu", {.stale = true});
  REQUIRE(f.driver.Apply({{"gpu", "performance", 0, 0}}).outcomes[0].status.ok());
  const auto second = f.driver.Read();
  CHECK(second->clusters[3].frequency_khz == first->clusters[3].frequency_khz);
  f.driver.SetFault("gpu", {});
  CHECK(f.driver.Read()->clusters[3].frequency_khz == 1109250);
}

TEST_CASE("A blocked write holds up its caller only, until the fault ends") {
  Fixture f;
  f.driver.SetFault("cpu0", {.blocks = true});
  std::atomic<bool> done{false};
  std::thread writer([&] {
    f.driver.Apply({{"cpu0", "", 729600, 729600}});
    done = true;
  });
  CHECK(f.driver.Apply({{"cpu2", "", 729600, 729600}}).outcomes[0].status.ok());
  CHECK(f.driver.Read().ok());
  CHECK_FALSE(done);
  f.driver.SetFault("cpu0", {});
  writer.join();
  CHECK(f.board.GetKnobs("cpu0")->limits.max_khz == 729600);
}

TEST_CASE("A local board answers on its runner, not before, and not after its end") {
  Fixture f;
  int answers = 0;
  auto board = std::make_unique<hardware::LocalBoard>(f.driver, f.time);
  board->Apply({{"cpu0", "", 729600, 729600}},
               [&](const absl::StatusOr<hardware::ApplyResult>& result) {
                 REQUIRE(result.ok());
                 CHECK(result->outcomes[0].status.ok());
                 ++answers;
               });
  CHECK(answers == 0);
  f.time.RunDue();
  CHECK(answers == 1);
  board->Read([&](const auto&) { ++answers; });
  board.reset();
  f.time.RunDue();
  CHECK(answers == 1);
}

}  // namespace
}  // namespace dynofa::emulator
