#include "daemon/hardware/sensor_watch.h"

#include <algorithm>

#include "tests/support/catch.h"

namespace dynofa::hardware {
namespace {

using namespace std::chrono_literals;

// Two clusters of four CPUs; sensors and activity as a test sets them.
struct Board {
  Board() {
    for (const char* id : {"cpu0", "cpu4"}) {
      policies::ClusterInfo info;
      info.id = id;
      info.cores = 4;
      info.frequencies_khz = {400000, 900000, 1100000, 2000000};
      clusters.push_back(info);
      reading.clusters.push_back(
          {.cluster = id, .min_khz = 2000000, .max_khz = 2000000, .frequency_khz = 2000000});
      reading.zones.push_back({"cpu-thermal", id, 50.0});
    }
  }

  /// Lets time pass, and looks; the reading as it then is.
  BoardReading Look(base::Duration pause = 500ms) {
    now += pause;
    BoardReading seen = reading;
    watch.Look(now, clusters, seen);
    return seen;
  }
  BoardReading LookFor(base::Duration whole) {
    BoardReading seen;
    for (base::Duration passed{}; passed < whole; passed += 500ms) seen = Look();
    return seen;
  }
  void Load(double cpus) { watch.TakeLoads({{"cpu0", std::min(cpus, 1.0), cpus}}); }

  std::vector<policies::ClusterInfo> clusters;
  BoardReading reading;
  SensorWatch watch;
  base::TimePoint now{};
};

TEST_CASE("A held cluster whose only sensor is gone is capped until that is back") {
  Board board;
  CHECK(board.Look().clusters[0].limit_khz == 0);
  board.reading.zones.erase(board.reading.zones.begin());
  // One reading may fail.
  CHECK(board.Look().clusters[0].limit_khz == 0);
  CHECK(board.Look().clusters[0].limit_khz == 0);
  const BoardReading blind = board.Look();
  CHECK(blind.clusters[0].limit_khz == 900000);
  CHECK(blind.clusters[0].limited_by == "stale-sensor");
  CHECK(blind.clusters[1].limit_khz == 0);
  // Also when it is let go: it may be hot.
  board.reading.clusters[0].min_khz = 400000;
  CHECK(board.Look().clusters[0].limit_khz == 900000);
  board.reading.zones.push_back({"cpu-thermal", "cpu0", 50.0});
  CHECK(board.Look().clusters[0].limit_khz == 0);
}

TEST_CASE("A sensor that is gone while nothing is held matters once something is") {
  Board board;
  board.reading.clusters[0].min_khz = 400000;
  board.Look();
  board.reading.zones.erase(board.reading.zones.begin());
  CHECK(board.LookFor(10s).clusters[0].limit_khz == 0);
  board.reading.clusters[0].min_khz = 2000000;
  CHECK(board.Look().clusters[0].limited_by == "stale-sensor");
}

TEST_CASE("What never had a sensor is not capped, nor what has another one") {
  Board board;
  board.reading.zones = {{"a", "cpu0", 40.0}, {"a", "cpu0", 41.0}, {"board", "", 30.0}};
  board.LookFor(2s);
  board.reading.zones = {{"a", "cpu0", 40.5}};
  CHECK(board.LookFor(5s).clusters[0].limit_khz == 0);
  CHECK(board.LookFor(5s).clusters[1].limit_khz == 0);
  board.reading.zones.clear();
  CHECK(board.LookFor(5s).clusters[0].limit_khz == 900000);
  CHECK(board.LookFor(5s).clusters[1].limit_khz == 0);
}

TEST_CASE("A limit that is lower anyway keeps its name") {
  Board board;
  board.Look();
  board.reading.zones.clear();
  board.reading.clusters[0].limit_khz = 400000;
  board.reading.clusters[0].limited_by = "thermal";
  board.reading.clusters[1].limit_khz = 1100000;
  board.reading.clusters[1].limited_by = "thermal";
  const BoardReading blind = board.LookFor(3s);
  CHECK(blind.clusters[0].limit_khz == 400000);
  CHECK(blind.clusters[0].limited_by == "thermal");
  CHECK(blind.clusters[1].limit_khz == 900000);
  CHECK(blind.clusters[1].limited_by == "stale-sensor");
}

TEST_CASE("A sensor that stands still while the cluster works harder is not believed") {
  Board board;
  board.Load(0.0);
  board.LookFor(60s);
  board.Load(1.0);
  CHECK(board.LookFor(30s).clusters[0].limit_khz == 0);
  const BoardReading blind = board.LookFor(1s);
  CHECK(blind.clusters[0].limit_khz == 900000);
  CHECK(blind.clusters[0].limited_by == "stale-sensor");
  // What is not believed is not shown.
  REQUIRE(blind.zones.size() == 1);
  CHECK(blind.zones[0].cluster == "cpu4");
  // Neither less work nor a lower clock makes it trustworthy; a new value does.
  board.Load(0.0);
  CHECK(board.LookFor(60s).clusters[0].limited_by == "stale-sensor");
  board.reading.zones[0].temperature_c = 50.5;
  CHECK(board.Look().clusters[0].limited_by.empty());
}

TEST_CASE("A sensor may stand still as long as the work is the same, or not long enough") {
  Board board;
  SECTION("the same work") {
    board.Load(4.0);
    CHECK(board.LookFor(600s).clusters[0].limit_khz == 0);
  }
  SECTION("little more work") {
    board.Load(0.0);
    board.Look();
    board.Load(0.7);
    CHECK(board.LookFor(600s).clusters[0].limit_khz == 0);
  }
  SECTION("at a low clock") {
    board.Load(0.0);
    board.Look();
    board.Load(1.0);
    board.reading.clusters[0].min_khz = board.reading.clusters[0].max_khz =
        board.reading.clusters[0].frequency_khz = 400000;
    CHECK(board.LookFor(600s).clusters[0].limit_khz == 0);
  }
  SECTION("bursts") {
    board.Load(0.0);
    board.Look();
    for (int burst = 0; burst < 10; ++burst) {
      board.Load(4.0);
      CHECK(board.LookFor(20s).clusters[0].limit_khz == 0);
      board.Load(0.0);
      board.LookFor(20s);
    }
  }
}

}  // namespace
}  // namespace dynofa::hardware
