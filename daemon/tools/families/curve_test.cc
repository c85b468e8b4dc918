#include "daemon/tools/families/curve.h"

#include "tests/support/catch.h"

namespace dynofa::tools::families {

TEST_CASE("A curve has the networks that no other one beats") {
  const Curve curve({{30, 75, 0}, {10, 70, 1}, {20, 69, 2}, {20, 72, 3}, {40, 75, 4}});
  REQUIRE(curve.points().size() == 3);
  CHECK(curve.points()[0].member == 1);
  CHECK(curve.points()[1].member == 3);
  CHECK(curve.points()[2].member == 0);
}

TEST_CASE("Costs lie on straight lines between networks and nowhere else") {
  const Curve curve({{10, 70, 0}, {20, 72, 1}, {50, 75, 2}});
  CHECK(curve.CostAt(70).value() == 10);
  CHECK(curve.CostAt(71).value() == Approx(15));
  CHECK(curve.CostAt(72).value() == Approx(20));
  CHECK(curve.CostAt(74).value() == Approx(40));
  CHECK(curve.CostAt(75).value() == Approx(50));
  CHECK_FALSE(curve.CostAt(69.9));
  CHECK_FALSE(curve.CostAt(75.1));
}

TEST_CASE("More to spend than the best network costs buys the best network") {
  const Curve curve({{10, 70, 0}, {20, 72, 1}, {50, 75, 2}});
  CHECK_FALSE(curve.AccuracyAt(9.9));
  CHECK(curve.AccuracyAt(10).value() == 70);
  CHECK(curve.AccuracyAt(35).value() == Approx(73.5));
  CHECK(curve.AccuracyAt(50).value() == 75);
  CHECK(curve.AccuracyAt(500).value() == 75);
}

TEST_CASE("Real networks are as accurate, or as cheap, as asked for") {
  const Curve curve({{10, 70, 0}, {20, 72, 1}, {50, 75, 2}});
  CHECK(curve.CheapestWith(60)->member == 0);
  CHECK(curve.CheapestWith(72)->member == 1);
  CHECK(curve.CheapestWith(72.1)->member == 2);
  CHECK(curve.CheapestWith(76) == nullptr);
  CHECK(curve.BestWithin(9) == nullptr);
  CHECK(curve.BestWithin(49)->member == 1);
  CHECK(curve.BestWithin(50)->member == 2);
}

TEST_CASE("One network is a curve") {
  const Curve curve({{10, 70, 0}});
  CHECK(curve.CostAt(70).value() == 10);
  CHECK(curve.AccuracyAt(11).value() == 70);
}

}  // namespace dynofa::tools::families
