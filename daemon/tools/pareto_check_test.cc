#include "daemon/tools/pareto_check.h"

#include "tests/support/catch.h"

namespace dynofa::tools {
namespace {

TEST_CASE("a ladder that climbs has no dominated level, in whatever order it is given") {
  CHECK(DominatedLevels({}).empty());
  CHECK(DominatedLevels({{"b", 2.0, 0.8}, {"a", 1.0, 0.7}, {"c", 3.0, 0.9}}).empty());
}

TEST_CASE("a level that a faster one matches is named with the best that beats it") {
  const auto dominated =
      DominatedLevels({{"a", 1.0, 0.7}, {"b", 2.0, 0.8}, {"c", 3.0, 0.7}, {"d", 1.5, 0.75}});
  REQUIRE(dominated.size() == 1);
  CHECK(dominated[0].level == "c");
  CHECK(dominated[0].by == "b");
}

TEST_CASE("two levels of equal figures dominate each other") {
  CHECK(DominatedLevels({{"a", 1.0, 0.7}, {"b", 1.0, 0.7}}).size() == 2);
  CHECK(DominatedLevels({{"a", 1.0, 0.7}, {"b", 1.0, 0.71}}).size() == 1);
}

}  // namespace
}  // namespace dynofa::tools
