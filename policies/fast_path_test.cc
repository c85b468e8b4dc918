#include "policies/fast_path.h"

#include <vector>

#include "tests/support/catch.h"

namespace dynofa::policies {
namespace {

const std::vector<Level> kLadder = {
    {"s", 2.0, 0.70}, {"m", 4.0, 0.75}, {"l", 8.0, 0.80}, {"xl", 16.0, 0.85}};

/// A cluster on which every level is slowed down alike.
SlowdownOf Alike(double slowdown) {
  return [slowdown](const Level&) { return slowdown; };
}

TEST_CASE("without a deadline a request runs at the ceiling") {
  CHECK(PickLevel(kLadder, 2, std::nullopt, Alike(1.0), 0.0) == 2u);
  CHECK(PickLevel(kLadder, 3, std::nullopt, Alike(5.0), 0.0) == 3u);
}

TEST_CASE("a short slack steps down, and never above the ceiling") {
  CHECK(PickLevel(kLadder, 3, 9.0, Alike(1.0), 0.0) == 2u);
  CHECK(PickLevel(kLadder, 1, 100.0, Alike(1.0), 0.0) == 1u);
  CHECK(PickLevel(kLadder, 3, 16.0, Alike(1.0), 0.0) == 3u);
}

TEST_CASE("the slow-down counts") {
  CHECK(PickLevel(kLadder, 3, 16.0, Alike(2.0), 0.0) == 2u);
  CHECK(PickLevel(kLadder, 3, 16.0, Alike(4.5), 0.0) == 0u);
}

TEST_CASE("the slow-down of each level counts for itself") {
  const SlowdownOf slowdown_of = [](const Level& level) { return level.subnet == "l" ? 2.0 : 1.0; };
  CHECK(PickLevel(kLadder, 2, 15.0, slowdown_of, 0.0) == 1u);
  CHECK(PickLevel(kLadder, 3, 16.0, slowdown_of, 0.0) == 3u);
}

TEST_CASE("if nothing fits, the cheapest level that the floor allows") {
  CHECK(PickLevel(kLadder, 3, 0.1, Alike(1.0), 0.0) == 0u);
  CHECK(PickLevel(kLadder, 3, -5.0, Alike(1.0), 0.75) == 1u);
}

TEST_CASE("a floor above the ceiling, and a ceiling beyond the ladder, have no level") {
  CHECK_FALSE(PickLevel(kLadder, 1, std::nullopt, Alike(1.0), 0.80).has_value());
  CHECK_FALSE(PickLevel(kLadder, 4, std::nullopt, Alike(1.0), 0.0).has_value());
  CHECK_FALSE(PickLevel({}, 0, std::nullopt, Alike(1.0), 0.0).has_value());
}

}  // namespace
}  // namespace dynofa::policies
