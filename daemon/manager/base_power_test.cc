#include "daemon/manager/base_power.h"

#include "tests/support/catch.h"

namespace dynofa::manager {
namespace {

hardware::BoardReading Reading(double board_w, double static_w) {
  hardware::BoardReading reading;
  reading.clusters = {{.cluster = "cpu0", .static_power_w = static_w}};
  reading.board_power_w = board_w;
  return reading;
}

TEST_CASE("an idle board draws its base and its idle clusters") {
  BasePower base;
  CHECK(base.watt() == 0.0);
  base.Update(Reading(2.5, 0.4));
  CHECK(base.watt() == Approx(2.1));
}

TEST_CASE("what inferences take is no part of the base") {
  BasePower base;
  base.Update(Reading(2.5, 0.4));
  for (int window = 0; window < 50; ++window) {
    for (int run = 0; run < 10; ++run) base.Observe({.energy_mj = 100.0});
    base.EndWindow(std::chrono::milliseconds(500));  // 1 J in half a second
    base.Update(Reading(4.5, 0.4));
  }
  CHECK(base.watt() == Approx(2.1).epsilon(0.01));
}

TEST_CASE("what others begin to draw shows; a board without a rail tells nothing") {
  BasePower base;
  base.Update(Reading(0.0, 0.4));
  CHECK(base.watt() == 0.0);
  base.Update(Reading(2.5, 0.4));
  for (int window = 0; window < 50; ++window) base.Update(Reading(5.5, 0.4));
  CHECK(base.watt() == Approx(5.1).epsilon(0.01));
}

}  // namespace
}  // namespace dynofa::manager
