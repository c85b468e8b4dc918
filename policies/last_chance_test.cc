#include "policies/last_chance.h"

#include <cmath>
#include <functional>
#include <limits>
#include <optional>

#include "tests/support/catch.h"

namespace dynofa::policies {
namespace {

/// 90 ms of 100 are planned for, the cheapest level takes 40.
constexpr LastChance kTight{.slack_ms = 100.0, .expected_ms = 90.0, .alternate_ms = 40.0};

/// When a run is given up of which a share of `share_at(ms)` has come to its end after so many ms;
/// nullopt: never.
std::optional<double> GivenUpAt(const LastChance& chance,
                                const std::function<double(double)>& share_at) {
  LastChanceWatch watch(chance);
  for (double at_ms = chance.LookAfterMs(); share_at(at_ms) < 1.0; at_ms += chance.PauseMs()) {
    if (watch.GiveUp(at_ms, share_at(at_ms))) return at_ms;
  }
  return std::nullopt;
}

/// A run that is `slower` than expected from begin to end.
std::function<double(double)> Evenly(double slower, const LastChance& chance = kTight) {
  return [=](double at_ms) { return at_ms / (slower * chance.expected_ms); };
}

TEST_CASE("a run that will be in time is left alone") {
  CHECK_FALSE(GivenUpAt(kTight, Evenly(0.5)));
  CHECK_FALSE(GivenUpAt(kTight, Evenly(1.0)));
  CHECK_FALSE(GivenUpAt(kTight, Evenly(1.09)));
}

TEST_CASE("a late run is given up in time for the alternate, and not before it must be") {
  for (const double slower : {1.11, 1.3, 1.5, 1.9}) {
    const std::optional<double> at_ms = GivenUpAt(kTight, Evenly(slower));
    REQUIRE(at_ms);
    CHECK(*at_ms + slower * kTight.alternate_ms <= kTight.slack_ms);
    CHECK(*at_ms + slower * kTight.PauseMs() > kTight.LatestMs(slower));
  }
}

TEST_CASE("a run goes on where the alternate would be late as well") {
  CHECK_FALSE(GivenUpAt(kTight, Evenly(2.5)));
  const LastChance late{.slack_ms = 30.0, .expected_ms = 90.0, .alternate_ms = 40.0};
  CHECK_FALSE(GivenUpAt(late, Evenly(1.0, late)));
  CHECK_FALSE(late.Exists());
  // Of a slow-down that comes too late nothing can be mended.
  CHECK_FALSE(LastChanceWatch(kTight).GiveUp(80.0, 0.7));
}

TEST_CASE("what a run has lost at its begin, while the clock rose, is not held against the rest") {
  // A quarter of the work at half the speed, the rest as expected: 112.5 ms.
  const auto share = [](double at_ms) {
    return at_ms < 45.0 ? at_ms / 180.0 : 0.25 + (at_ms - 45.0) / 90.0;
  };
  LastChanceWatch watch(kTight);
  for (const double at_ms : {40.0, 45.0, 51.0, 57.0, 63.0, 69.0}) {
    watch.GiveUp(at_ms, share(at_ms));
  }
  CHECK(watch.projected_ms() == Approx(112.5).margin(5.0));
}

TEST_CASE("who only watches gives nothing up, and says what was foreseen first") {
  LastChance watched = kTight;
  watched.armed = false;
  CHECK_FALSE(GivenUpAt(watched, Evenly(1.3)));
  LastChanceWatch watch(watched);
  CHECK_FALSE(watch.foreseen_ms().has_value());
  CHECK_FALSE(watch.GiveUp(39.0, 39.0 / 117.0));
  REQUIRE(watch.foreseen_ms().has_value());
  CHECK(*watch.foreseen_ms() == Approx(117.0));
  CHECK_FALSE(watch.GiveUp(80.0, 0.5));
  CHECK(*watch.foreseen_ms() == Approx(117.0));
}

TEST_CASE("a neighbour that comes during the run is noticed") {
  const auto share = [](double at_ms) {
    return at_ms < 18.0 ? at_ms / 90.0 : 0.2 + (at_ms - 18.0) / 135.0;
  };
  const std::optional<double> at_ms = GivenUpAt(kTight, share);
  REQUIRE(at_ms);
  CHECK(*at_ms + 1.5 * kTight.alternate_ms <= kTight.slack_ms);
}

TEST_CASE("nothing is decided on the first few parts of a run") {
  const LastChance wide{.slack_ms = 100.0, .expected_ms = 90.0, .alternate_ms = 60.0};
  CHECK(wide.LookAfterMs() == Approx(90.0 / 8.0));
  CHECK(wide.Exists());
  CHECK(kTight.LookAfterMs() == Approx(kTight.LatestMs(2.0)));
}

TEST_CASE("nonsense gives nothing up") {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  for (const double share : {0.0, -1.0, kNan}) {
    CHECK_FALSE(LastChanceWatch(kTight).GiveUp(50.0, share));
  }
  for (const double elapsed_ms : {-1.0, kNan, std::numeric_limits<double>::infinity()}) {
    CHECK_FALSE(LastChanceWatch(kTight).GiveUp(elapsed_ms, 0.5));
  }
  CHECK_FALSE(LastChanceWatch(LastChance{}).GiveUp(1.0, 0.5));
  LastChanceWatch backwards(kTight);
  CHECK_FALSE(backwards.GiveUp(30.0, 0.3));
  CHECK_FALSE(backwards.GiveUp(40.0, 0.2));
  CHECK_FALSE(backwards.GiveUp(20.0, 0.4));
}

}  // namespace
}  // namespace dynofa::policies
