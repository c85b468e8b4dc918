#include "daemon/engine/chain/chain.h"

#include <string>
#include <utility>

#include "daemon/engine/chain/weights.h"
#include "tests/support/catch.h"

namespace dynofa::engine::chain {
namespace {

using ofa::Activation;

// A stem, a block with a shortcut, and a classifier.
std::vector<Layer> Tiny() {
  return {{Kind::kConvolution, 8, 3, 2, Activation::kRelu6},
          {Kind::kConvolution, 16, 1, 1, Activation::kRelu6},
          {Kind::kDepthwise, 0, 5, 1, Activation::kRelu6},
          {Kind::kConvolution, 8, 1, 1, Activation::kNone},
          {Kind::kAdd, 0, 1, 1, Activation::kNone, 0},
          {Kind::kGlobalPool},
          {Kind::kLinear, 10}};
}

std::string Refusal(std::vector<Layer> layers) {
  return std::string(MakeChain(9, std::move(layers)).status().message());
}

}  // namespace

TEST_CASE("A chain knows its channels, its sizes and what it costs") {
  const Chain chain = MakeChain(9, Tiny()).value();
  CHECK(chain.classes() == 10);
  CHECK(chain.layers[0].in == 3);
  CHECK(chain.layers[0].out_size == 5);
  CHECK(chain.layers[2].in == 16);
  CHECK(chain.layers[2].out == 16);
  CHECK(chain.layers[4].out == 8);
  CHECK(chain.layers[5].out_size == 1);
  CHECK(chain.layers[6].in == 8);

  const Cost cost = CostOf(chain);
  CHECK(cost.layers == 5);
  CHECK(cost.batch_norm_channels == 8 + 16 + 16 + 8);
  const int weights[] = {3 * 8 * 9, 8 * 16, 16 * 25, 16 * 8};
  int macs = 8 * 10;
  int parameters = 8 * 10 + 10 + 2 * 48;
  for (int count : weights) {
    macs += count * 25;
    parameters += count;
  }
  CHECK(cost.macs == macs);
  CHECK(cost.parameters == parameters);
}

TEST_CASE("Layers that do not fit are refused with their number") {
  CHECK(MakeChain(0, Tiny()).status().code() == absl::StatusCode::kInvalidArgument);
  CHECK(Refusal({}) == "a chain ends in a linear layer");
  const auto changed = [](std::size_t index, auto change) {
    std::vector<Layer> layers = Tiny();
    change(layers[index]);
    return Refusal(std::move(layers));
  };
  CHECK(changed(0, [](Layer& l) { l.kernel = 4; }).find("layer 0") == 0);
  CHECK(changed(0, [](Layer& l) { l.out = 0; }).find("layer 0") == 0);
  CHECK(changed(0, [](Layer& l) { l.kind = Kind::kGlobalPool; }) ==
        "a chain begins with a convolution");
  CHECK(changed(2, [](Layer& l) { l.stride = 2; }).find("layer 4 adds layer 0") == 0);
  CHECK(changed(3, [](Layer& l) { l.activation = Activation::kRelu; }).find("layer 4 must") == 0);
  for (int from : {-1, 2, 3, 4, 7}) {
    CHECK(changed(4, [&](Layer& l) { l.residual_from = from; }).find("layer 4 must add") == 0);
  }
  CHECK(changed(5, [](Layer& l) { l.kind = Kind::kAdd; }).find("layer 5 must add") == 0);
  std::vector<Layer> unpooled = Tiny();
  unpooled.erase(unpooled.begin() + 5);
  CHECK(Refusal(std::move(unpooled)) == "layer 5 is linear and must follow a pool");
}

TEST_CASE("A layer is added once at most") {
  std::vector<Layer> layers = Tiny();
  const std::vector<Layer> block(layers.begin() + 1, layers.begin() + 5);
  layers.insert(layers.begin() + 5, block.begin(), block.end());
  CHECK(Refusal(layers) == "layer 8 adds a layer that another one adds already");
  layers[8].residual_from = 4;
  CHECK(MakeChain(9, std::move(layers)).ok());
}

TEST_CASE("Synthetic weights have the sizes of the layers") {
  const Chain chain = MakeChain(9, Tiny()).value();
  const Weights weights = SyntheticWeights(chain);
  REQUIRE(weights.size() == chain.layers.size());
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const Layer& layer = chain.layers[i];
    CHECK(weights[i].weight.size() == static_cast<std::size_t>(WeightCount(layer)));
    CHECK(weights[i].affine.scale.size() ==
          (HasBatchNorm(layer) ? weights[i].affine.bias.size() : 0));
  }
  CHECK(weights[6].affine.bias.size() == 10);
  CHECK(weights[4].weight.empty());
}

}  // namespace dynofa::engine::chain
