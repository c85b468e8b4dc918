#include "policies/contention.h"

#include <cmath>
#include <vector>

#include "tests/support/catch.h"

namespace dynofa::policies {
namespace {

TEST_CASE("a session alone waits for nobody") {
  const std::vector<Demand> alone = {{10.0, 30.0}};
  CHECK(Utilisation(alone) == Approx(0.3));
  CHECK(ResponseMs(alone, 0, 99.0) == Approx(10.0));
}

TEST_CASE("a neighbour costs at least one of its runs, and more as it fills the cluster") {
  const std::vector<Demand> light = {{5.0, 10.0}, {8.0, 10.0}};
  const std::vector<Demand> heavy = {{5.0, 10.0}, {8.0, 80.0}};
  CHECK(ResponseMs(light, 0, 99.0) >= 13.0);
  CHECK(ResponseMs(heavy, 0, 99.0) > ResponseMs(light, 0, 99.0));
  CHECK(ResponseMs(heavy, 0, 99.0) > ResponseMs(heavy, 0, 50.0));
}

TEST_CASE("a neighbour that is there more rarely than the percentile allows does not count") {
  const std::vector<Demand> rare = {{5.0, 10.0}, {8.0, 1.0}};
  CHECK(ResponseMs(rare, 0, 95.0) == Approx(5.0));
}

TEST_CASE("an overloaded cluster has no response time") {
  const std::vector<Demand> over = {{10.0, 60.0}, {10.0, 60.0}};
  CHECK(std::isinf(ResponseMs(over, 0, 99.0)));
}

}  // namespace
}  // namespace dynofa::policies
