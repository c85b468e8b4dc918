#include "daemon/engine/cpu/chain_net.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <utility>

#include "daemon/engine/cpu/reference_testing.h"
#include "daemon/engine/ofa/synthetic.h"
#include "daemon/engine/torch/chain_reference.h"
#include "tests/support/catch.h"

namespace dynofa::engine::cpu {
namespace {

using chain::Kind;
using chain::Layer;
using ofa::Activation;

// As for the supernets: of the largest logit.
constexpr double kTolerance = 3e-5;

std::vector<float> Image(int side) {
  return ofa::SyntheticValues("image", static_cast<std::size_t>(side) * side * 3, 2.0);
}

// Every kind of layer, kernel, stride and activation; two shortcuts in a row; a convolution of
// 1x1 with a stride; channels that fill no vector.
std::vector<Layer> Everything() {
  return {{Kind::kConvolution, 12, 3, 2, Activation::kRelu6},    // 0
          {Kind::kDepthwise, 0, 3, 1, Activation::kRelu6},       // 1
          {Kind::kConvolution, 20, 1, 1, Activation::kNone},     // 2
          {Kind::kConvolution, 44, 1, 1, Activation::kRelu6},    // 3
          {Kind::kDepthwise, 0, 5, 1, Activation::kRelu},        // 4
          {Kind::kConvolution, 20, 1, 1, Activation::kNone},     // 5
          {Kind::kAdd, 0, 1, 1, Activation::kNone, 2},           // 6
          {Kind::kConvolution, 33, 1, 1, Activation::kHSwish},   // 7
          {Kind::kDepthwise, 0, 7, 1, Activation::kHSwish},      // 8
          {Kind::kConvolution, 20, 1, 1, Activation::kNone},     // 9
          {Kind::kAdd, 0, 1, 1, Activation::kNone, 6},           // 10
          {Kind::kDepthwise, 0, 5, 2, Activation::kNone},        // 11
          {Kind::kConvolution, 24, 3, 1, Activation::kRelu},     // 12
          {Kind::kConvolution, 40, 1, 2, Activation::kRelu6},    // 13
          {Kind::kConvolution, 1000, 1, 1, Activation::kRelu6},  // 14
          {Kind::kGlobalPool},
          {Kind::kLinear, 11}};
}

}  // namespace

TEST_CASE("A chain of every layer computes what libtorch computes in double precision") {
  for (int side : {32, 37, 64}) {
    const chain::Chain chain = chain::MakeChain(side, Everything()).value();
    const auto weights = std::make_shared<const chain::Weights>(SyntheticWeights(chain));
    const std::vector<float> image = Image(side);
    const std::vector<double> expected =
        torch_backend::ChainReferenceLogits(chain, *weights, image).value();
    for (int threads : {1, 2}) {
      for (BatchNormForm form : {BatchNormForm::kApplied, BatchNormForm::kFolded}) {
        const auto net = ChainNet::Create(chain, weights, form, threads);
        INFO(net.status().ToString());
        REQUIRE(net.ok());
        std::vector<float> logits(11, NAN);
        // The second run shows that the first left nothing behind.
        for (int run = 0; run < 2; ++run) {
          std::fill(logits.begin(), logits.end(), NAN);
          REQUIRE((*net)->Run(image, logits).ok());
          INFO("side " << side << ", threads " << threads << ", form " << static_cast<int>(form));
          CHECK(Difference(logits, expected) <= kTolerance);
        }
      }
    }
  }
}

TEST_CASE("The reference feels each layer") {
  const chain::Chain chain = chain::MakeChain(32, Everything()).value();
  const chain::Weights weights = SyntheticWeights(chain);
  const auto expected = torch_backend::ChainReferenceLogits(chain, weights, Image(32)).value();
  for (std::size_t i = 0; i < chain.layers.size(); ++i) {
    if (weights[i].weight.empty()) continue;
    chain::Weights changed = weights;
    changed[i].affine.bias[0] += 1.0f;
    const auto logits = torch_backend::ChainReferenceLogits(chain, changed, Image(32)).value();
    INFO("layer " << i);
    CHECK(logits != expected);
  }
}

TEST_CASE("A chain net checks the sizes of what it is given") {
  const chain::Chain chain = chain::MakeChain(32, Everything()).value();
  const auto weights = std::make_shared<const chain::Weights>(SyntheticWeights(chain));
  CHECK(ChainNet::Create(chain, weights, BatchNormForm::kApplied, 0).status().code() ==
        absl::StatusCode::kInvalidArgument);
  const auto net = ChainNet::Create(chain, weights, BatchNormForm::kApplied, 1).value();
  std::vector<float> logits(11);
  CHECK(net->Run(Image(31), logits).code() == absl::StatusCode::kInvalidArgument);
  CHECK(net->Run(Image(32), std::span(logits).first(10)).code() ==
        absl::StatusCode::kInvalidArgument);
}

}  // namespace dynofa::engine::cpu
