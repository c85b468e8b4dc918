#include "daemon/manager/arrival_variation.h"

#include <random>

#include "tests/support/catch.h"

namespace dynofa::manager {
namespace {

base::TimePoint At(double s) { return base::TimePoint(base::FromMs(s * 1e3)); }

TEST_CASE("nothing is said before enough requests were seen") {
  ArrivalVariation variation;
  for (int i = 0; i < 9; ++i) variation.Add(At(i));
  CHECK_FALSE(variation.value().has_value());
  variation.Add(At(9));
  CHECK(variation.value() == Approx(0.0));
}

TEST_CASE("independent arrivals have a variation of 1, evenly spaced ones of 0, at any rate") {
  std::mt19937_64 random(1);
  ArrivalVariation poisson;
  ArrivalVariation camera;
  double poisson_s = 0.0;
  double camera_s = 0.0;
  double sum = 0.0;
  int count = 0;
  for (int i = 0; i < 4000; ++i) {
    const double rate_hz = i / 500 % 2 == 0 ? 3.0 : 60.0;
    poisson.Add(At(poisson_s += std::exponential_distribution<double>(rate_hz)(random)));
    camera.Add(At(camera_s += 1.0 / rate_hz));
    if (i < 100) continue;
    sum += *poisson.value();
    ++count;
    CHECK(*camera.value() < 0.05);
  }
  CHECK(sum / count > 0.95);
  CHECK(sum / count < 1.05);
}

TEST_CASE("requests in packs are more uneven than independent ones") {
  ArrivalVariation packs;
  for (int i = 0; i < 100; ++i) {
    for (int j = 0; j < 4; ++j) packs.Add(At(i));
  }
  CHECK(*packs.value() > 2.5);
  CHECK(*packs.value() <= 3.0);
}

TEST_CASE("times that run backwards count as the same time") {
  ArrivalVariation variation;
  for (int i = 0; i < 50; ++i) {
    variation.Add(At(i));
    variation.Add(At(i - 0.5));
  }
  CHECK(*variation.value() <= 3.0);
}

}  // namespace
}  // namespace dynofa::manager
