#include "daemon/tools/report/axis.h"

#include "tests/support/catch.h"

namespace dynofa::tools::report {

TEST_CASE("Linear axes map their ends and have round ticks") {
  const Axis axis = Axis::Linear(52, 81, 400, 20);
  CHECK(axis.Pixel(52) == Approx(400));
  CHECK(axis.Pixel(81) == Approx(20));
  CHECK(axis.Ticks(6) == std::vector<double>{55, 60, 65, 70, 75, 80});
  CHECK(Axis::Linear(0, 1, 0, 1).Ticks(5).size() == 6);
  CHECK(Axis::Linear(-4, 4, 0, 1).Ticks(4) == std::vector<double>{-4, -2, 0, 2, 4});
}

TEST_CASE("Logarithmic axes give equal ratios equal lengths") {
  const Axis axis = Axis::Logarithmic(0.7, 30, 0, 100);
  CHECK(axis.Pixel(2) - axis.Pixel(1) == Approx(axis.Pixel(20) - axis.Pixel(10)));
  const std::vector<double> ticks = axis.Ticks(0);
  const std::vector<double> expected = {1, 2, 5, 10, 20};
  REQUIRE(ticks.size() == expected.size());
  for (std::size_t i = 0; i < ticks.size(); ++i) CHECK(ticks[i] == Approx(expected[i]));
}

}  // namespace dynofa::tools::report
