#include "daemon/emulator/emulated_board.h"

#include <limits>

#include "daemon/base/virtual_time.h"
#include "daemon/emulator/board_file.h"
#include "tests/support/catch.h"

namespace dynofa::emulator {
namespace {

using namespace std::chrono_literals;

struct Fixture {
  base::VirtualTime time;
  EmulatedBoard board{*FindBoardModel("jetson-xavier-nx"), time};

  hardware::ClusterReading Cluster(const std::string& id) {
    for (const auto& cluster : board.Read().clusters) {
      if (cluster.cluster == id) return cluster;
    }
    FAIL("no cluster " << id);
    return {};
  }
  double Temperature(const std::string& type) {
    for (const auto& zone : board.Read().zones) {
      if (zone.type == type) return zone.temperature_c;
    }
    FAIL("no zone " << type);
    return 0.0;
  }
  double Rail(const std::string& name) {
    for (const auto& rail : board.Read().rails) {
      if (rail.name == name) return rail.power_w;
    }
    FAIL("no rail " << name);
    return 0.0;
  }
  void AllBusy(base::Duration how_long) {
    for (base::Duration done{}; done < how_long; done += 1s) {
      board.ReportLoad({{"cpu0", 1.0}, {"cpu2", 1.0}, {"cpu4", 1.0}, {"gpu", 1.0}});
      time.Advance(1s);
    }
    board.ReportLoad({{"cpu0", 1.0}, {"cpu2", 1.0}, {"cpu4", 1.0}, {"gpu", 1.0}});
  }
  void SetAll(std::int64_t cpu_khz, std::int64_t gpu_khz) {
    for (const char* cpu : {"cpu0", "cpu2", "cpu4"}) {
      REQUIRE(board.SetKnobs(cpu, {"schedutil", {cpu_khz, cpu_khz}}).ok());
    }
    REQUIRE(board.SetKnobs("gpu", {"simple_ondemand", {gpu_khz, gpu_khz}}).ok());
  }
};

TEST_CASE("An idle board is near the published idle power") {
  Fixture f;
  CHECK(f.board.Read().board_power_w == Approx(2.76).margin(0.3));
  CHECK(f.Rail("VDD_CPU_GPU_CV") == Approx(0.65).margin(0.15));
  CHECK(f.Rail("VDD_IN") == Approx(f.board.Read().board_power_w));
}

TEST_CASE("With everything busy the 15 W mode stays within 15 W and the 10 W mode within 10") {
  Fixture f;
  f.SetAll(1420800, 1109250);
  f.AllBusy(1s);
  const double busy = f.board.Read().board_power_w;
  CHECK(busy < 15.0);
  CHECK(busy > 10.0);
  f.SetAll(1190400, 803250);
  CHECK(f.board.Read().board_power_w < 10.0);
}

TEST_CASE("The power is an average over the time that the loads speak of") {
  Fixture f;
  CHECK(f.board.Read().board_power_over_s == 0.0);
  f.time.Advance(500ms);
  f.board.ReportLoad({});
  f.time.Advance(20ms);
  CHECK(f.board.Read().board_power_over_s == Approx(0.5));
}

TEST_CASE("Equal limits pin the clock whatever the governor; off-table values are clamped") {
  Fixture f;
  REQUIRE(f.board.SetKnobs("cpu2", {"schedutil", {1036800, 1036800}}).ok());
  CHECK(f.Cluster("cpu2").frequency_khz == 1036800);
  REQUIRE(f.board.SetKnobs("cpu2", {"schedutil", {0, 9999999}}).ok());
  CHECK(f.Cluster("cpu2").max_khz == 1907200);
  CHECK(f.Cluster("cpu2").min_khz == 115200);
  CHECK(f.board.GetKnobs("cpu2")->limits.max_khz == 9999999);
}

TEST_CASE("Knobs refuse unknown clusters and governors and negative clocks") {
  Fixture f;
  CHECK(f.board.SetKnobs("cpu1", {"schedutil", {1, 2}}).code() == absl::StatusCode::kNotFound);
  CHECK(f.board.SetKnobs("gpu", {"turbo", {1, 2}}).code() == absl::StatusCode::kInvalidArgument);
  CHECK(f.board.SetKnobs("gpu", {"simple_ondemand", {-1, 2}}).code() ==
        absl::StatusCode::kInvalidArgument);
  CHECK_FALSE(f.board.SetForeignLoad("gpu", std::numeric_limits<double>::quiet_NaN()).ok());
  CHECK_FALSE(f.board.SetForeignLoad("gpu", 1.1).ok());
  CHECK_FALSE(f.board.SetAmbient(1000.0).ok());
}

TEST_CASE("schedutil follows the load that is reported, and forgets it when reports stop") {
  Fixture f;
  REQUIRE(f.board.SetKnobs("cpu0", {"schedutil", {115200, 1907200}}).ok());
  for (int i = 0; i < 30; ++i) {
    f.time.Advance(20ms);
    f.board.ReportLoad({{"cpu0", 1.0}});
  }
  CHECK(f.Cluster("cpu0").frequency_khz == 1907200);
  f.time.Advance(3s);
  CHECK(f.Cluster("cpu0").frequency_khz == 115200);
}

TEST_CASE("Governors change the clock at most once per rate limit") {
  Fixture f;
  REQUIRE(f.board.SetKnobs("cpu0", {"schedutil", {115200, 1907200}}).ok());
  f.time.Advance(20ms);
  f.board.ReportLoad({{"cpu0", 1.0}});
  const auto once = f.Cluster("cpu0").frequency_khz;
  f.time.Advance(1ms);
  f.board.ReportLoad({{"cpu0", 1.0}});
  CHECK(f.Cluster("cpu0").frequency_khz == once);
}

TEST_CASE("Heat rises towards its balance and falls when the work ends") {
  Fixture f;
  const double idle = f.Temperature("GPU-therm");
  f.SetAll(1420800, 1109250);
  f.AllBusy(10s);
  const double warm = f.Temperature("GPU-therm");
  f.AllBusy(120s);
  const double hot = f.Temperature("GPU-therm");
  CHECK(warm > idle + 5.0);
  CHECK(hot > warm);
  CHECK(hot < 90.5);
  f.time.Advance(300s);
  CHECK(f.Temperature("GPU-therm") < warm);
}

TEST_CASE("Past the trip the clock is capped, and freed again when it has cooled") {
  Fixture f;
  f.SetAll(1907200, 1109250);
  REQUIRE(f.board.SetAmbient(75.0).ok());
  f.AllBusy(120s);
  const auto hot = f.Cluster("gpu");
  CHECK(hot.limited_by == "thermal");
  CHECK(hot.max_khz < 1109250);
  CHECK(hot.limit_khz == hot.max_khz);
  CHECK(hot.frequency_khz == hot.max_khz);
  CHECK(f.Temperature("GPU-therm") < 96.0);
  REQUIRE(f.board.SetAmbient(20.0).ok());
  f.time.Advance(120s);
  const auto cool = f.Cluster("gpu");
  CHECK(cool.limited_by.empty());
  CHECK(cool.max_khz == 1109250);
}

TEST_CASE("A neighbour's load is seen, costs power and, when it takes all, takes the cluster") {
  Fixture f;
  const double before = f.board.Read().board_power_w;
  REQUIRE(f.board.SetKnobs("gpu", {"performance", {114750, 1109250}}).ok());
  REQUIRE(f.board.SetForeignLoad("gpu", 0.7).ok());
  CHECK(f.Cluster("gpu").foreign_load == 0.7);
  CHECK(f.Cluster("gpu").available);
  CHECK(f.board.Read().board_power_w > before + 3.0);
  REQUIRE(f.board.SetForeignLoad("gpu", 1.0).ok());
  CHECK_FALSE(f.Cluster("gpu").available);
}

TEST_CASE("The nvpmodel modes are there by name") {
  const BoardModel& model = *FindBoardModel("jetson-xavier-nx");
  REQUIRE(model.modes.size() == 9);
  CHECK(model.modes[5].name == "10W_DESKTOP");
  CHECK(model.modes[5].max_khz.at("gpu") == 510000);
  CHECK(model.modes[5].max_cores.at("cpu4") == 0);
  CHECK(model.clusters[0].frequencies_khz.size() == 25);
  CHECK(model.clusters[3].frequencies_khz.size() == 15);
  CHECK(FindBoardModel("toaster") == nullptr);
}

}  // namespace
}  // namespace dynofa::emulator
