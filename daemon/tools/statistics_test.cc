#include "daemon/tools/statistics.h"

#include "tests/support/catch.h"

namespace dynofa::tools {

TEST_CASE("Percentiles are values that were measured") {
  const std::vector<double> values = {5, 1, 4, 2, 3};
  CHECK(Median(values) == 3);
  CHECK(Percentile(values, 0.0) == 1);
  CHECK(Percentile(values, 0.8) == 4);
  CHECK(Percentile(values, 0.81) == 5);
  CHECK(Percentile(values, 1.0) == 5);
  CHECK(Median({7}) == 7);
  CHECK(Median({1, 2}) == 1);
}

}  // namespace dynofa::tools
