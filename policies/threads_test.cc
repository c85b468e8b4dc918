#include "policies/threads.h"

#include <limits>
#include <vector>

#include "policies/cost_table.h"
#include "policies/testing.h"
#include "tests/support/catch.h"

namespace dynofa::policies {
namespace {

constexpr int kNoCap = std::numeric_limits<int>::max();

OperatingPoint With(int threads, double ms) { return {.threads = threads, .latency_ms = ms}; }

TEST_CASE("more threads are taken only where they are worth it") {
  const OperatingPoint one = With(1, 10.0), two = With(2, 6.0), three = With(3, 5.9);
  const std::vector<const OperatingPoint*> points = {&three, &one, &two};
  CHECK(PickThreads(points, kNoCap) == &two);
  const OperatingPoint slower = With(2, 12.0);
  CHECK(PickThreads(std::vector<const OperatingPoint*>{&one, &slower}, kNoCap) == &one);
  CHECK(PickThreads(std::vector<const OperatingPoint*>{&two}, kNoCap) == &two);
}

TEST_CASE("no inference has more threads than the mode leaves cores") {
  const OperatingPoint one = With(1, 10.0), two = With(2, 6.0);
  const std::vector<const OperatingPoint*> points = {&one, &two};
  CHECK(PickThreads(points, 1) == &one);
  CHECK(PickThreads(points, 0) == nullptr);
  CHECK(PickThreads({}, kNoCap) == nullptr);
}

TEST_CASE("the ladder of a cluster takes each subnet with the threads that suit the clock") {
  Snapshot snapshot = TestSnapshot();
  auto points = std::make_shared<std::vector<OperatingPoint>>(*snapshot.points);
  for (OperatingPoint point : *snapshot.points) {
    if (point.cluster != "cpu0" || point.subnet != "l") continue;
    point.threads = 2;
    // At the lowest clock the second thread does not pay.
    point.latency_ms *= point.frequency_khz == 500000 ? 1.0 : 0.6;
    points->push_back(point);
  }
  snapshot.points = points;
  const CostTable table(snapshot);
  const auto& rung = (*table.Ladders("net"))[0].back();
  REQUIRE(rung.subnet == "l");
  CHECK(rung.points[0]->threads == 1);
  CHECK(rung.points[1]->threads == 2);
  CHECK(rung.points[2]->threads == 2);
  CHECK((*table.Ladders("net"))[0].front().points[2]->threads == 1);

  snapshot.mode.max_cores["cpu0"] = 1;
  const CostTable capped(snapshot);
  CHECK((*capped.Ladders("net"))[0].back().points[2]->threads == 1);
}

}  // namespace
}  // namespace dynofa::policies
