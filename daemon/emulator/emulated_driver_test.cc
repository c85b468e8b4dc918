#include "daemon/emulator/emulated_driver.h"

#include <atomic>
#include <cerrno>
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
  REQUIRE(
      f.board.SetFaults({{.kind = FaultKind::kRefuse, .cluster = "cpu0", .error = EBUSY}}).ok());
  const auto result = f.driver.Apply(
      {{"cpu0", "", 729600, 729600}, {"npu", "", 1, 1}, {"cpu2", "", 729600, 729600}});
  CHECK(result.outcomes[0].status.code() == absl::StatusCode::kUnavailable);
  CHECK(result.outcomes[0].status.message().find("cpu0: writing 729600 to") !=
        absl::string_view::npos);
  CHECK(result.outcomes[0].effective.max_khz == 1907200);
  CHECK(result.outcomes[1].status.code() == absl::StatusCode::kNotFound);
  CHECK(result.outcomes[2].status.ok());
}

TEST_CASE("Whichever write fails, for however long, the board is as it was found in the end") {
  for (int at = 1; at <= 8; ++at) {
    for (int writes = 1; writes <= 3; ++writes) {
      INFO("write " << at << ", " << writes << " of them");
      Fixture f;
      const auto before = *f.board.GetKnobs("cpu0");
      REQUIRE(f.board
                  .SetFaults({{.kind = FaultKind::kRefuse,
                               .cluster = "cpu0",
                               .at_write = at,
                               .writes = writes,
                               .error = EIO}})
                  .ok());
      const auto result = f.driver.Apply({{"cpu0", "performance", 729600, 729600}});
      const bool failed = !result.outcomes[0].status.ok();
      CHECK(failed == (at <= 3));
      if (failed && writes == 1) CHECK(*f.board.GetKnobs("cpu0") == before);
      f.driver.Apply({{"cpu0", "powersave", 115200, 499200}});
      REQUIRE(f.board.SetFaults({}).ok());
      REQUIRE(f.driver.Release().ok());
      CHECK(*f.board.GetKnobs("cpu0") == before);
    }
  }
}

TEST_CASE("A clamp is told apart from what was asked for") {
  Fixture f;
  REQUIRE(f.board.SetFaults({{.kind = FaultKind::kClamp, .cluster = "gpu", .khz = 510000}}).ok());
  const auto result = f.driver.Apply({{"gpu", "", 114750, 1007250}});
  CHECK(result.outcomes[0].requested.max_khz == 1007250);
  CHECK(result.outcomes[0].effective.max_khz == 510000);
  CHECK(result.outcomes[0].limited_by == "clamped");
}

TEST_CASE("What another program sets is a limit, is shown, and stays in the end") {
  Fixture f;
  REQUIRE(f.driver.Apply({{"cpu0", "", 1420800, 1420800}}).outcomes[0].status.ok());
  REQUIRE(
      f.board
          .SetFaults(
              {{.kind = FaultKind::kForeign, .cluster = "cpu0", .at_s = 5.0, .max_khz = 1036800}})
          .ok());
  CHECK(f.driver.Read()->clusters[0].limited_by.empty());
  f.time.Advance(5s);
  const auto reading = f.driver.Read();
  CHECK(reading->clusters[0].limited_by == "foreign-writer");
  CHECK(reading->clusters[0].limit_khz == 1036800);
  auto outcome = f.driver.Apply({{"cpu0", "", 1420800, 1420800}}).outcomes[0];
  CHECK(outcome.effective.max_khz == 1036800);
  CHECK(outcome.limited_by == "foreign-writer");
  outcome = f.driver.Apply({{"cpu0", "", 729600, 729600}}).outcomes[0];
  CHECK(outcome.effective.max_khz == 729600);
  CHECK(outcome.limited_by.empty());
  REQUIRE(f.driver.Release().ok());
  CHECK(f.board.GetKnobs("cpu0")->limits == hardware::Limits{1190400, 1036800});
}

TEST_CASE("A blocked write holds up its caller only, until the fault ends") {
  Fixture f;
  REQUIRE(f.board.SetFaults({{.kind = FaultKind::kBlock, .cluster = "cpu0"}}).ok());
  std::atomic<bool> done{false};
  std::thread writer([&] {
    f.driver.Apply({{"cpu0", "", 729600, 729600}});
    done = true;
  });
  while (f.driver.Read()->clusters[0].limited_by != "stuck") std::this_thread::yield();
  CHECK(f.driver.Apply({{"cpu2", "", 729600, 729600}}).outcomes[0].status.ok());
  CHECK(f.driver.Read()->clusters[1].limited_by.empty());
  CHECK_FALSE(done);
  REQUIRE(f.board.SetFaults({}).ok());
  writer.join();
  CHECK(f.board.GetKnobs("cpu0")->limits.max_khz == 729600);
}

TEST_CASE("A cluster that is away fails alone, and is released when it is back") {
  Fixture f;
  const auto before = *f.board.GetKnobs("cpu4");
  REQUIRE(f.driver.Apply({{"cpu4", "", 729600, 729600}}).outcomes[0].status.ok());
  REQUIRE(f.board.SetFaults({{.kind = FaultKind::kAway, .cluster = "cpu4", .for_s = 2.0}}).ok());
  CHECK_FALSE(f.driver.Read()->clusters[2].available);
  CHECK(f.driver.Apply({{"cpu4", "", 806400, 806400}}).outcomes[0].status.code() ==
        absl::StatusCode::kNotFound);
  f.time.Advance(2s);
  CHECK(f.driver.Read()->clusters[2].available);
  REQUIRE(f.driver.Release().ok());
  CHECK(*f.board.GetKnobs("cpu4") == before);
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

TEST_CASE(
    "A cluster that is away when it should be released is released later, unless in use again") {
  Fixture f;
  const auto before = *f.board.GetKnobs("cpu4");
  const auto leave = [&] {
    REQUIRE(f.driver.Apply({{"cpu4", "", 729600, 729600}}).outcomes[0].status.ok());
    REQUIRE(f.board.SetFaults({{.kind = FaultKind::kAway, .cluster = "cpu4", .for_s = 2.0}}).ok());
    CHECK_FALSE(f.driver.Release().ok());
    f.driver.RestoreLeftovers();
    CHECK(f.driver.HasLeftovers());
    f.time.Advance(3s);
  };
  leave();
  f.driver.RestoreLeftovers();
  CHECK_FALSE(f.driver.HasLeftovers());
  CHECK(*f.board.GetKnobs("cpu4") == before);
  leave();
  REQUIRE(f.driver.Apply({{"cpu4", "", 806400, 806400}}).outcomes[0].status.ok());
  f.driver.RestoreLeftovers();
  CHECK(f.board.GetKnobs("cpu4")->limits.max_khz == 806400);
}

// What an owner does: it reports its load and reads, twice a second.
hardware::ClusterReading ReadFor(Fixture& f, base::Duration whole, double busy) {
  hardware::BoardReading reading;
  for (base::Duration passed{}; passed < whole; passed += 500ms) {
    f.time.Advance(500ms);
    f.driver.ReportLoad({{"cpu0", busy, 2.0 * busy}});
    reading = *f.driver.Read();
  }
  return reading.clusters.front();
}

TEST_CASE("A sensor that goes stale under load has its clusters capped, until it moves again") {
  Fixture f;
  ReadFor(f, 5s, 0.0);
  REQUIRE(f.board.SetFaults({{.kind = FaultKind::kStale, .zone = "CPU-therm"}}).ok());
  REQUIRE(f.driver.Apply({{"cpu0", "", 1907200, 1907200}}).outcomes[0].status.ok());
  CHECK(ReadFor(f, 25s, 1.0).limit_khz == 0);
  const hardware::ClusterReading blind = ReadFor(f, 10s, 1.0);
  CHECK(blind.limited_by == "stale-sensor");
  CHECK(blind.limit_khz == 883200);
  REQUIRE(f.driver.Apply({{"cpu0", "", blind.limit_khz, blind.limit_khz}}).outcomes[0].status.ok());
  CHECK(ReadFor(f, 60s, 1.0).limited_by == "stale-sensor");
  REQUIRE(f.board.SetFaults({}).ok());
  CHECK(ReadFor(f, 1s, 1.0).limited_by.empty());
}

TEST_CASE("A sensor whose file is gone has its clusters capped, until it is back") {
  Fixture f;
  ReadFor(f, 5s, 0.0);
  REQUIRE(f.driver.Apply({{"cpu0", "", 1907200, 1907200}}).outcomes[0].status.ok());
  REQUIRE(f.board.SetFaults({{.kind = FaultKind::kHide, .zone = "CPU-therm", .for_s = 10.0}}).ok());
  CHECK(ReadFor(f, 3s, 1.0).limited_by == "stale-sensor");
  CHECK(ReadFor(f, 10s, 1.0).limited_by.empty());
}

}  // namespace
}  // namespace dynofa::emulator
