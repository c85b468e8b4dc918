#include "daemon/tools/golden_compare.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "daemon/engine/loader/loader.h"
#include "daemon/engine/ofa/synthetic.h"
#include "tests/support/catch.h"

namespace dynofa::tools {
namespace {

using engine::ofa::Architecture;

TEST_CASE("a backend passes on its own logits and fails when one of them is off") {
  GoldenSet set{.width_mult = 0.35};
  GoldenSubnet subnet{.config = engine::ofa::SmallestSubnet(Architecture::MobileNetV3(0.35), 32),
                      .id = "a",
                      .batch = 2};
  subnet.images = engine::ofa::SyntheticValues("images", 2 * 32 * 32 * 3, 1.0);
  set.subnets = {subnet};
  const auto model = *GoldenModel(set, "synthetic");
  const auto supernet = *engine::MakeOfaSupernet(model, "torch");
  const auto prepared = *supernet->Prepare("a");
  const auto workspace = *supernet->NewWorkspace(1);
  std::vector<double>& logits = set.subnets[0].logits;
  double largest = 0.0;
  for (std::size_t image = 0; image < 2; ++image) {
    std::vector<float> output(1000);
    const auto pixels = std::span(subnet.images).subspan(image * 32 * 32 * 3, 32 * 32 * 3);
    REQUIRE(prepared->Run(pixels, output, *workspace).ok());
    for (float value : output) {
      logits.push_back(value);
      largest = std::max(largest, std::abs(static_cast<double>(value)));
    }
  }
  const auto passes = [&]() {
    const auto results = *CompareWithGolden(set, model, {"torch", "cpu"});
    REQUIRE(results.size() == 2);
    CHECK(results[0].backend == "torch");
    return results[0].passed() && results[1].passed();
  };
  CHECK(passes());
  logits[1500] += 1e-4 * largest;  // in the second image
  CHECK_FALSE(passes());
  logits[1500] = std::numeric_limits<double>::quiet_NaN();
  CHECK_FALSE(passes());
  CHECK_FALSE(CompareWithGolden(set, model, {"tpu"}).ok());
}

}  // namespace
}  // namespace dynofa::tools
