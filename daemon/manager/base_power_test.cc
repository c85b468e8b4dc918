#include "daemon/manager/base_power.h"

#include "tests/support/catch.h"

namespace dynofa::manager {
namespace {

using std::chrono::milliseconds;

hardware::BoardReading Reading(double board_w, double static_w, double over_s = 0.0) {
  hardware::BoardReading reading;
  reading.clusters = {{.cluster = "cpu0", .static_power_w = static_w}};
  reading.board_power_w = board_w;
  reading.board_power_over_s = over_s;
  return reading;
}

/// A run of 100 mJ in 20 ms: 5 W while it lasts.
dispatch::Outcome RunFrom(base::TimePoint begin) {
  return {.arrival = begin - milliseconds(3),
          .response = milliseconds(23),
          .compute = milliseconds(20),
          .energy_mj = 100.0};
}

const base::TimePoint kStart = base::TimePoint() + std::chrono::seconds(100);

/// What is estimated of a board of 2.1 W and a cluster of 0.4 W on which a run begins every 100 ms,
/// read `phase` later every half a second.
double EstimateAt(milliseconds phase, double board_w, double over_s) {
  BasePower base;
  base.Update(Reading(2.5, 0.4), kStart - milliseconds(50));
  for (int tenth = 0; tenth < 300; ++tenth) {
    const base::TimePoint begin = kStart + tenth * milliseconds(100);
    if (tenth % 5 == 0) base.Update(Reading(board_w, 0.4, over_s), begin + phase);
    base.Observe(RunFrom(begin));
  }
  return base.watt();
}

TEST_CASE("an idle board draws its base and its idle clusters, from the first reading on") {
  BasePower base;
  CHECK(base.watt() == 0.0);
  base.Update(Reading(2.5, 0.4), kStart);
  CHECK(base.watt() == Approx(2.1));
}

TEST_CASE("what inferences take is no part of the base, whatever readings fall on") {
  CHECK(EstimateAt(milliseconds(10), 7.5, 0.0) == Approx(2.1));
  CHECK(EstimateAt(milliseconds(50), 2.5, 0.0) == Approx(2.1));
  CHECK(EstimateAt(milliseconds(10), 7.5, 0.007) == Approx(2.1));
  // Half of the time of the reading is before the run.
  CHECK(EstimateAt(milliseconds(10), 5.0, 0.020) == Approx(2.1));
  // A counter of energy tells of the whole half second since the reading before.
  CHECK(EstimateAt(milliseconds(10), 3.5, 0.5) == Approx(2.1).epsilon(0.01));
  CHECK(EstimateAt(milliseconds(50), 3.5, 0.5) == Approx(2.1).epsilon(0.01));
}

TEST_CASE("what others begin to draw shows; a board without a rail tells nothing") {
  BasePower base;
  base.Update(Reading(0.0, 0.4), kStart);
  CHECK(base.watt() == 0.0);
  base.Update(Reading(2.5, 0.4), kStart);
  for (int i = 1; i < 50; ++i) base.Update(Reading(5.5, 0.4), kStart + i * milliseconds(500));
  CHECK(base.watt() == Approx(5.1).epsilon(0.01));
}

TEST_CASE("the base is no less than nothing, whatever readings say") {
  BasePower base;
  base.Update(Reading(1.0, 3.0, -1e300), kStart);
  base.Update(Reading(1.0, 3.0, 1e300), kStart + milliseconds(500));
  base.Update(Reading(1.0, 3.0), kStart + milliseconds(3000));
  CHECK(base.watt() == 0.0);
}

}  // namespace
}  // namespace dynofa::manager
