#include "daemon/engine/torch/elastic_net.h"

#include <cmath>

#include "daemon/engine/ofa/synthetic.h"
#include "daemon/engine/ofa/tiny_manifest_testing.h"
#include "daemon/engine/torch/batch_norm.h"
#include "daemon/engine/torch/statistics.h"
#include "tests/support/catch.h"

namespace dynofa::engine::torch_backend {
namespace {

ofa::SubnetConfig MixedConfig(const ofa::Architecture& a) {
  ofa::SubnetConfig config = ofa::LargestSubnet(a, 21);
  config.kernels = {3, 5, 7, 3};
  config.expands = {3, 6, 4, 4};
  config.depths = {2, 1};
  return config;
}

// The net with what lies beyond the active channels, kernels and blocks of `plan` overwritten.
at::Tensor OutputWithRestOf(const NamedTensors& weights, const ofa::Architecture& a,
                            const ofa::NetPlan& plan, const at::Tensor& images) {
  NamedTensors changed;
  for (const auto& [key, tensor] : weights) changed[key] = tensor.clone();
  for (const ofa::BlockPlan& block : plan.blocks) {
    if (block.supernet_index == 0 || block.mid == block.max_mid) continue;
    const std::string conv = "blocks." + std::to_string(block.supernet_index) + ".conv";
    const std::int64_t rest = block.max_mid - block.mid;
    changed[conv + ".inverted_bottleneck.conv.conv.weight"].narrow(0, block.mid, rest).fill_(9);
    changed[conv + ".depth_conv.conv.conv.weight"].narrow(0, block.mid, rest).fill_(9);
    changed[conv + ".point_linear.conv.conv.weight"].narrow(1, block.mid, rest).fill_(9);
  }
  changed["blocks.4.conv.point_linear.conv.conv.weight"].fill_(9);  // skipped
  BatchStatistics norm(a.bn_epsilon);
  return ElasticNet(changed, a).Forward(images, plan, norm);
}

TEST_CASE("a subnet depends on the first channels of active blocks and on nothing else") {
  const ofa::Manifest manifest = ofa::TinyManifest();
  const ofa::Architecture& a = manifest.architecture;
  const auto model = *ofa::SyntheticModel(a, manifest.subnets);
  const ofa::NetPlan plan = *ofa::MakePlan(a, MixedConfig(a));
  const at::Tensor images = at::linspace(-1, 1, 2 * 3 * 21 * 21).reshape({2, 3, 21, 21});
  const NamedTensors weights = BorrowWeights(*model);
  BatchStatistics norm(a.bn_epsilon);
  const at::Tensor expected = ElasticNet(weights, a).Forward(images, plan, norm);
  CHECK(expected.sizes() == at::IntArrayRef({2, 3}));
  CHECK(at::allclose(OutputWithRestOf(weights, a, plan, images), expected));
  // Every active part matters: the matrices of a block that runs a smaller kernel, say.
  NamedTensors changed = weights;
  changed["blocks.1.conv.depth_conv.conv.7to5_matrix"] = at::eye(25).flip(0);
  CHECK_FALSE(at::allclose(ElasticNet(changed, a).Forward(images, plan, norm), expected));
}

TEST_CASE("gradients reach active weights only") {
  const ofa::Manifest manifest = ofa::TinyManifest();
  const ofa::Architecture& a = manifest.architecture;
  const auto model = *ofa::SyntheticModel(a, manifest.subnets);
  NamedTensors weights = BorrowWeights(*model);
  for (auto& [key, tensor] : weights) tensor = tensor.clone().requires_grad_(true);
  const ofa::NetPlan plan = *ofa::MakePlan(a, MixedConfig(a));
  BatchStatistics norm(a.bn_epsilon);
  const at::Tensor images = at::linspace(-1, 1, 2 * 3 * 21 * 21).reshape({2, 3, 21, 21});
  ElasticNet(weights, a).Forward(images, plan, norm).square().sum().backward();
  CHECK(weights["blocks.1.conv.depth_conv.conv.5to3_matrix"].grad().defined());
  CHECK_FALSE(weights["blocks.4.conv.depth_conv.conv.conv.weight"].grad().defined());
  const at::Tensor gradient = weights["blocks.1.conv.inverted_bottleneck.conv.conv.weight"].grad();
  const int mid = plan.blocks[1].mid;
  CHECK(gradient.narrow(0, 0, mid).abs().sum().item<float>() > 0);
  CHECK(gradient.narrow(0, mid, gradient.size(0) - mid).abs().sum().item<float>() == 0);
}

TEST_CASE("calibration averages means and biased variances by batch size") {
  AveragedStatistics norm(1e-5);
  const at::Tensor weight = at::ones({1}), bias = at::zeros({1});
  const auto image = [](float a, float b) { return at::tensor({a, b}).reshape({1, 1, 1, 2}); };
  norm.Apply("x", at::cat({image(0, 2), image(0, 2)}), weight, bias);  // mean 1, variance 1
  const at::Tensor y = norm.Apply("x", image(3, 9), weight, bias);     // mean 6, variance 9
  // Normalised with its own batch: (9 - 6) / 3.
  CHECK(y.flatten()[1].item<float>() == Approx(1.0).epsilon(1e-4));
  const ofa::SubnetStatistics result = norm.Result();
  CHECK(result.at("x").mean[0] == Approx((2 * 1.0 + 6.0) / 3));
  CHECK(result.at("x").variance[0] == Approx((2 * 1.0 + 9.0) / 3));
}

TEST_CASE("fixed statistics normalise the first channels") {
  FixedStatistics norm({{"x", {at::tensor({1.0f, 5.0f}), at::tensor({4.0f, 1.0f})}}}, 0.0);
  const at::Tensor y =
      norm.Apply("x", at::full({1, 1, 1, 1}, 7.0f), at::full({1}, 2.0f), at::full({1}, 0.5f));
  CHECK(y.item<float>() == Approx((7.0 - 1.0) / 2.0 * 2.0 + 0.5));
}

TEST_CASE("a subnet without statistics of its own runs with the supernet's") {
  const ofa::Manifest manifest = ofa::TinyManifest();
  const auto own = *ofa::SyntheticModel(manifest.architecture, manifest.subnets);
  const at::Tensor x = at::full({1, 8, 1, 1}, 1.0f);
  FixedStatistics statistics = StatisticsOf(*own, "small");
  const at::Tensor y = statistics.Apply("first_conv.bn", x, at::ones({8}), at::zeros({8}));
  const ofa::BatchNormStats& expected = own->Statistics("small").at("first_conv.bn");
  for (int c = 0; c < 8; ++c) {
    const auto i = static_cast<std::size_t>(c);
    CHECK(y.flatten()[c].item<float>() ==
          Approx((1.0 - expected.mean[i]) / std::sqrt(expected.variance[i] + 1e-5)).margin(1e-5));
  }
}

}  // namespace
}  // namespace dynofa::engine::torch_backend
