// What is published about the emulated boards, and what any board must be like.

#include <map>
#include <string>

#include "daemon/base/virtual_time.h"
#include "daemon/emulator/board_file.h"
#include "daemon/emulator/emulated_board.h"
#include "daemon/emulator/latency_model.h"
#include "tests/support/catch.h"

namespace dynofa::emulator {
namespace {

using namespace std::chrono_literals;

// Dynamic-OFA's largest sub-net of width 1.2.
constexpr Workload kLargest{731'000'000, 224, 90};

const BoardModel& Board(const std::string& id) {
  const BoardModel* board = FindBoardModel(id);
  INFO(id);
  REQUIRE(board != nullptr);
  return *board;
}

// The board's power when every cluster has done the same for minutes, at the clocks named (the
// others as found).
double SteadyPowerW(const BoardModel& model, double busy,
                    const std::map<std::string, std::int64_t>& khz) {
  base::VirtualTime time;
  EmulatedBoard board(model, time);
  for (const auto& [cluster, clock] : khz) {
    auto knobs = *board.GetKnobs(cluster);
    knobs.limits = {clock, clock};
    REQUIRE(board.SetKnobs(cluster, knobs).ok());
  }
  for (int second = 0; second < 300; ++second) {
    for (const ClusterModel& cluster : model.clusters) {
      const bool cpu = cluster.kind == policies::ClusterKind::kCpu;
      board.ReportLoad({{cluster.id, cpu ? busy : 0.0}});
    }
    time.Advance(1s);
  }
  return board.PowerW();
}

TEST_CASE("There are five boards, three of them with a GPU") {
  CHECK(BoardModelIds() == std::vector<std::string>{"jetson-xavier-nx", "odroid-xu3",
                                                    "raspberry-pi-4", "rk3588", "x86-laptop"});
  CHECK(Board("rk3588").Find("gpu") != nullptr);
  CHECK(Board("rk3588").clusters.size() == 4);
  CHECK(Board("raspberry-pi-4").clusters.size() == 1);
}

TEST_CASE("On every board a faster clock takes more power and less time") {
  for (const std::string& id : BoardModelIds()) {
    for (const ClusterModel& cluster : Board(id).clusters) {
      INFO(id << " " << cluster.id);
      double power = 0.0;
      double ms = 1e9;
      for (const std::int64_t khz : cluster.frequencies_khz) {
        INFO(khz);
        CHECK(ActivePowerW(cluster, khz, 1.0) > power);
        CHECK(LatencyMs(cluster, kLargest, khz) < ms);
        power = ActivePowerW(cluster, khz, 1.0);
        ms = LatencyMs(cluster, kLargest, khz);
        CHECK(IdlePowerW(cluster, khz, 40.0) > 0.0);
        CHECK(IdlePowerW(cluster, khz, 40.0) < 0.5 * power + 1.0);
      }
    }
  }
}

TEST_CASE("A run costs least energy below the highest clock, by more than a twentieth") {
  for (const std::string& id : BoardModelIds()) {
    for (const ClusterModel& cluster : Board(id).clusters) {
      INFO(id << " " << cluster.id);
      const auto energy = [&](std::int64_t khz) {
        return LatencyMs(cluster, kLargest, khz) * ActivePowerW(cluster, khz, 1.0);
      };
      const std::int64_t middle = cluster.frequencies_khz[cluster.frequencies_khz.size() / 2];
      CHECK(energy(middle) < 0.95 * energy(cluster.frequencies_khz.back()));
    }
  }
}

TEST_CASE("Idle boards do not throttle, and busy ones settle below what breaks them") {
  for (const std::string& id : BoardModelIds()) {
    INFO(id);
    base::VirtualTime time;
    EmulatedBoard board(Board(id), time);
    time.Advance(600s);
    for (const auto& cluster : board.Read().clusters) CHECK(cluster.limited_by.empty());
    for (int second = 0; second < 600; ++second) {
      for (const ClusterModel& cluster : Board(id).clusters) {
        board.ReportLoad({{cluster.id, 1.0}});
      }
      time.Advance(1s);
    }
    for (const auto& zone : board.Read().zones) {
      INFO(zone.type);
      CHECK(zone.temperature_c > 30.0);
      CHECK(zone.temperature_c < 105.0);
    }
  }
}

TEST_CASE("Odroid: the ten published board powers are met within six percent") {
  // sbc-bench on an XU4: all cores busy, the A7 held at 1.4 GHz. MHz of the A15, W.
  const std::map<int, double> published = {{500, 5.51},  {600, 5.715},  {700, 5.825}, {800, 6.14},
                                           {900, 6.345}, {1000, 6.755}, {1100, 7.23}, {1200, 7.62},
                                           {1300, 8.04}, {1400, 8.495}};
  for (const auto& [mhz, watt] : published) {
    INFO(mhz << " MHz");
    const double power =
        SteadyPowerW(Board("odroid-xu3"), 1.0, {{"cpu0", 1400000}, {"cpu4", mhz * 1000}});
    CHECK(power == Approx(watt).epsilon(0.06));
  }
}

TEST_CASE("Odroid: four rails tell big, little, GPU and memory apart, and not the whole board") {
  base::VirtualTime time;
  EmulatedBoard board(Board("odroid-xu3"), time);
  const auto rail = [&](const std::string& name) {
    for (const auto& reading : board.Read().rails) {
      if (reading.name == name) return reading.power_w;
    }
    FAIL("no rail " << name);
    return 0.0;
  };
  const double little = rail("VDD_KFC");
  const double gpu = rail("VDD_G3D");
  REQUIRE(board.SetKnobs("cpu4", {"performance", {200000, 2000000}}).ok());
  const double idle = rail("VDD_ARM");
  board.ReportLoad({{"cpu4", 1.0}});
  CHECK(rail("VDD_ARM") > idle + 5.0);
  CHECK(rail("VDD_KFC") == Approx(little));
  CHECK(rail("VDD_G3D") == Approx(gpu));
  const auto reading = board.Read();
  CHECK(reading.board_power_w ==
        Approx(rail("VDD_ARM") + rail("VDD_MEM") + rail("VDD_G3D") + rail("VDD_KFC")));
  CHECK(board.PowerW() > reading.board_power_w + 3.0);
}

TEST_CASE("Raspberry Pi 4: idle and busy board powers are met within five percent") {
  const BoardModel& model = Board("raspberry-pi-4");
  CHECK(SteadyPowerW(model, 0.0, {}) == Approx(2.7).epsilon(0.05));
  CHECK(SteadyPowerW(model, 1.0, {{"cpu0", 1500000}}) == Approx(6.4).epsilon(0.05));
}

TEST_CASE("Raspberry Pi 4: three to five times as fast as the published PyTorch") {
  const double ms = LatencyMs(*Board("raspberry-pi-4").Find("cpu0"), kLargest, 1500000);
  CHECK(2404.0 / ms > 3.0);
  CHECK(2404.0 / ms < 5.0);
}

TEST_CASE("A board without a rail says nothing of its power, though it draws some") {
  base::VirtualTime time;
  EmulatedBoard board(Board("rk3588"), time);
  CHECK(board.Read().board_power_w == 0.0);
  CHECK(board.Read().rails.empty());
  const double power = board.PowerW();
  CHECK(power > 1.8);
  time.Advance(10s);
  CHECK(board.EnergyJ() == Approx(10.0 * power).epsilon(0.01));
}

TEST_CASE("Energy is counted over hours in which nobody looks") {
  base::VirtualTime time;
  EmulatedBoard board(Board("rk3588"), time);
  const double power = board.PowerW();
  time.Advance(10h);
  CHECK(board.EnergyJ() == Approx(36'000.0 * power).epsilon(0.001));
}

TEST_CASE("The powersave of intel_pstate follows the load") {
  base::VirtualTime time;
  EmulatedBoard board(Board("x86-laptop"), time);
  for (int i = 0; i < 50; ++i) {
    time.Advance(20ms);
    board.ReportLoad({{"cpu0", 1.0}});
  }
  CHECK(board.GetKnobs("cpu0")->governor == "powersave");
  CHECK(board.Read().clusters[0].frequency_khz == 4200000);
  CHECK(board.Read().clusters[1].frequency_khz == 400000);
}

}  // namespace
}  // namespace dynofa::emulator
