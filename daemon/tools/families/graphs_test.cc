#include "daemon/tools/families/graphs.h"

#include <algorithm>

#include "tests/support/catch.h"

namespace dynofa::tools::families {
namespace {

using engine::chain::Chain;
using engine::chain::Cost;
using engine::chain::Kind;
using engine::chain::Layer;

int CountOf(const Chain& chain, Kind kind) {
  return static_cast<int>(std::count_if(chain.layers.begin(), chain.layers.end(),
                                        [&](const Layer& layer) { return layer.kind == kind; }));
}

}  // namespace

TEST_CASE("The full networks cost what their papers say") {
  const Cost v1 = CostOf(MobileNetV1(1.0, 224).value());
  CHECK(v1.macs == Approx(569e6).epsilon(0.001));
  CHECK(v1.parameters == Approx(4.23e6).epsilon(0.001));
  CHECK(v1.layers == 28);
  const Cost v2 = CostOf(MobileNetV2(MobileNetV2Channels(1.0), 224).value());
  CHECK(v2.macs == Approx(300.8e6).epsilon(0.001));
  CHECK(v2.parameters == Approx(3.505e6).epsilon(0.001));
  CHECK(v2.layers == 53);
}

TEST_CASE("Widths are multiples of 8, and expansions multiply the rounded width") {
  const std::vector<int> channels = MobileNetV2Channels(0.35);
  REQUIRE(channels.size() == 36);
  CHECK(std::vector<int>(channels.begin(), channels.begin() + 6) ==
        std::vector<int>{16, 8, 48, 8, 48, 8});
  CHECK(channels[34] == 1280);
  CHECK(channels[35] == 1000);
  const Chain v1 = MobileNetV1(0.275, 224).value();
  for (const Layer& layer : v1.layers) CHECK(layer.out % 8 == 0);
}

TEST_CASE("Shortcuts stand where the full network has them") {
  const Chain v2 = MobileNetV2(MobileNetV2Channels(1.0), 224).value();
  CHECK(CountOf(v2, Kind::kAdd) == 10);
  CHECK(v2.layers.size() == 64);
  // Equal channels alone make no shortcut: the stage of the first block has one block.
  std::vector<int> narrow = MobileNetV2Channels(1.0);
  narrow[0] = narrow[1] = 8;
  CHECK(CountOf(MobileNetV2(narrow, 224).value(), Kind::kAdd) == 10);
  // MNasNet has them at other places, where these channels do not fit.
  CHECK_FALSE(MnasNet(MobileNetV2Channels(1.0), 224).ok());
  CHECK(CountOf(MnasNet(std::vector<int>(36, 8), 224).value(), Kind::kAdd) == 10);
}

TEST_CASE("A list of channels of another length is refused") {
  CHECK(MobileNetV2({16, 8}, 224).status().code() == absl::StatusCode::kInvalidArgument);
  CHECK(MnasNet(std::vector<int>(37, 8), 224).status().code() ==
        absl::StatusCode::kInvalidArgument);
}

}  // namespace dynofa::tools::families
