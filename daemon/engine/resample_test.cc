#include "daemon/engine/resample.h"

#include <vector>

#include "tests/support/catch.h"

namespace dynofa::engine {
namespace {

std::vector<float> Resample(const std::vector<float>& plane, int side, int target) {
  std::vector<float> output(static_cast<std::size_t>(target) * static_cast<std::size_t>(target));
  ResamplePlane(plane, side, target, 1, output.data());
  return output;
}

TEST_CASE("the same size changes nothing") {
  const std::vector<float> plane = {1, 2, 3, 4, 5, 6, 7, 8, 9};
  CHECK(Resample(plane, 3, 3) == plane);
}

TEST_CASE("a constant plane stays constant at every size") {
  for (const int target : {1, 5, 13, 31}) {
    for (const float value : Resample(std::vector<float>(13 * 13, 2.5f), 13, target)) {
      CHECK(value == Approx(2.5));
    }
  }
}

TEST_CASE("halving averages with the triangle's weights") {
  // One row of 0 1 2 3, four times: centres at 1 and 3 in source units, support 2.
  std::vector<float> plane;
  for (int y = 0; y < 4; ++y) plane.insert(plane.end(), {0, 1, 2, 3});
  const std::vector<float> half = Resample(plane, 4, 2);
  CHECK(half[0] == Approx((0.75 * 0 + 0.75 * 1 + 0.25 * 2) / 1.75));
  CHECK(half[1] == Approx((0.25 * 1 + 0.75 * 2 + 0.75 * 3) / 1.75));
}

TEST_CASE("planes are interleaved by the stride") {
  std::vector<float> output(12, -1.0f);
  ResamplePlane(std::vector<float>(16, 1.0f), 4, 2, 3, output.data());
  CHECK(output[0] == 1.0f);
  CHECK(output[1] == -1.0f);
  CHECK(output[9] == 1.0f);
}

}  // namespace
}  // namespace dynofa::engine
