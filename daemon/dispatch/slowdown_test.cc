#include "daemon/dispatch/slowdown.h"

#include <limits>

#include "tests/support/catch.h"

namespace dynofa::dispatch {
namespace {

TEST_CASE("the estimate moves to the ratio of measured over expected time") {
  Slowdown slowdown;
  CHECK(slowdown.value() == 1.0);
  for (int run = 0; run < 40; ++run) slowdown.Observe(10.0, 25.0);
  CHECK(slowdown.value() == Approx(2.5).epsilon(0.01));
  for (int run = 0; run < 40; ++run) slowdown.Observe(10.0, 10.0);
  CHECK(slowdown.value() == Approx(1.0).epsilon(0.01));
}

TEST_CASE("one stall counts for little, and nonsense not at all") {
  Slowdown slowdown;
  slowdown.Observe(1.0, 1e9);
  CHECK(slowdown.value() <= 1.0 + Slowdown::kWeight * (Slowdown::kMaxRatio - 1.0));
  const double before = slowdown.value();
  slowdown.Observe(0.0, 5.0);
  slowdown.Observe(5.0, std::numeric_limits<double>::quiet_NaN());
  CHECK(slowdown.value() == before);
}

}  // namespace
}  // namespace dynofa::dispatch
