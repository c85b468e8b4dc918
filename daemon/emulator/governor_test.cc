#include "daemon/emulator/governor.h"

#include <vector>

#include "tests/support/catch.h"

namespace dynofa::emulator {
namespace {

const std::vector<std::int64_t> kTable = {200, 400, 600, 800, 1000};
const hardware::Limits kOpen = {200, 1000};

TEST_CASE("performance and powersave take the limits") {
  CHECK(GovernorKhz("performance", 0.0, 200, {400, 800}, kTable) == 800);
  CHECK(GovernorKhz("powersave", 1.0, 1000, {400, 800}, kTable) == 400);
}

TEST_CASE("schedutil asks for a quarter more than was used") {
  // 0.5 of 800 is 400; times 1.25 is 500, of which the table makes 600.
  CHECK(GovernorKhz("schedutil", 0.5, 800, kOpen, kTable) == 600);
  // At 80 % busy it stays where it is, above that it climbs.
  CHECK(GovernorKhz("schedutil", 0.8, 800, kOpen, kTable) == 800);
  CHECK(GovernorKhz("schedutil", 0.81, 800, kOpen, kTable) == 1000);
  CHECK(GovernorKhz("schedutil", 0.0, 1000, kOpen, kTable) == 200);
}

TEST_CASE("simple_ondemand aims at 88 percent busy, and rests between 85 and 90") {
  CHECK(GovernorKhz("simple_ondemand", 0.91, 200, kOpen, kTable) == 1000);
  CHECK(GovernorKhz("simple_ondemand", 0.88, 600, kOpen, kTable) == 600);
  // 0.5 of 1000 would be 88 % of 568, of which the table makes 600.
  CHECK(GovernorKhz("simple_ondemand", 0.5, 1000, kOpen, kTable) == 600);
  CHECK(GovernorKhz("simple_ondemand", 0.0, 1000, kOpen, kTable) == 200);
}

TEST_CASE("ondemand jumps to the maximum and comes down in proportion") {
  CHECK(GovernorKhz("ondemand", 0.81, 200, kOpen, kTable) == 1000);
  CHECK(GovernorKhz("ondemand", 0.5, 1000, kOpen, kTable) == 600);
  CHECK(GovernorKhz("ondemand", 0.0, 1000, kOpen, kTable) == 200);
}

TEST_CASE("No governor leaves the limits; an equal pair pins the clock") {
  for (const char* governor : {"performance", "powersave", "schedutil", "ondemand", "other"}) {
    for (const double utilisation : {0.0, 0.5, 1.0}) {
      CHECK(GovernorKhz(governor, utilisation, 200, {600, 600}, kTable) == 600);
    }
  }
}

}  // namespace
}  // namespace dynofa::emulator
