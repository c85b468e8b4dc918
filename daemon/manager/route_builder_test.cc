#include "daemon/manager/route_builder.h"

#include <string>
#include <vector>

#include "tests/support/catch.h"

namespace dynofa::manager {
namespace {

using policies::OperatingPoint;

constexpr std::int64_t kSlowKhz = 500'000;
constexpr std::int64_t kFastKhz = 1'000'000;

/// One subnet at two clocks.
void Add(std::vector<OperatingPoint>& points, const std::string& subnet, double accuracy,
         double slow_ms, double fast_ms) {
  for (const auto& [khz, ms] : {std::pair(kSlowKhz, slow_ms), std::pair(kFastKhz, fast_ms)}) {
    points.push_back({.model = "net",
                      .subnet = subnet,
                      .cluster = "gpu",
                      .frequency_khz = khz,
                      .latency_ms = ms,
                      .active_power_w = 1.0,
                      .accuracy = accuracy});
  }
}

/// A profile with errors: at the low clock the large subnet was measured quicker than the medium
/// one.
std::vector<OperatingPoint> Profile() {
  std::vector<OperatingPoint> points;
  Add(points, "small", 0.70, 10.0, 5.0);
  Add(points, "medium", 0.76, 21.0, 10.0);
  Add(points, "large", 0.78, 20.0, 11.0);
  Add(points, "huge", 0.80, 60.0, 30.0);
  return points;
}

dispatch::Route RouteFor(const std::string& subnet, double floor, std::int64_t khz) {
  const std::vector<OperatingPoint> points = Profile();
  policies::Decision decision;
  for (const OperatingPoint& point : points) {
    if (point.subnet != subnet || point.frequency_khz != khz) continue;
    decision.assignments.push_back({.session = "s", .model = "net", .point = point});
  }
  SessionView session{.id = "s", .model = "net"};
  session.requirement.min_accuracy = floor;
  const auto table = RouteBuilder(points, {}).Build(decision, {session}, {{"gpu", khz}});
  return table.sessions.at("s");
}

TEST_CASE(
    "what was decided is the ceiling, also where the profile has a better one at that clock") {
  for (const std::int64_t khz : {kSlowKhz, kFastKhz}) {
    for (const char* subnet : {"small", "medium", "large", "huge"}) {
      INFO(subnet << " at " << khz);
      const dispatch::Route route = RouteFor(subnet, 0.0, khz);
      REQUIRE(route.ceiling < route.ladder.size());
      CHECK(route.ladder[route.ceiling].subnet == subnet);
      for (std::size_t level = 1; level < route.ladder.size(); ++level) {
        CHECK(route.ladder[level - 1].latency_ms < route.ladder[level].latency_ms);
        CHECK(route.ladder[level - 1].accuracy < route.ladder[level].accuracy);
      }
    }
  }
}

TEST_CASE("an error of the profile breaks no accuracy floor") {
  const dispatch::Route route = RouteFor("medium", 0.75, kSlowKhz);
  CHECK(route.min_accuracy == 0.75);
  CHECK(route.ladder[route.ceiling].accuracy >= 0.75);
}

TEST_CASE("levels that the profile holds to be worse in both stay off the ladder") {
  const dispatch::Route route = RouteFor("huge", 0.0, kSlowKhz);
  std::vector<std::string> names;
  for (const policies::Level& level : route.ladder) names.push_back(level.subnet);
  CHECK(names == std::vector<std::string>{"small", "large", "huge"});
}

}  // namespace
}  // namespace dynofa::manager
