#include "daemon/engine/torch/channel_sorting.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <c10/core/GradMode.h>

#include <algorithm>

#include "daemon/engine/ofa/keys.h"
#include "daemon/engine/ofa/tiny_manifest_testing.h"
#include "daemon/engine/torch/batch_norm.h"
#include "daemon/engine/torch/initial_weights.h"
#include "tests/support/catch.h"

namespace dynofa::engine::torch_backend {
namespace {

// Weights in which every channel differs from every other, batch norm included.
NamedTensors Weights(const ofa::Architecture& architecture) {
  NamedTensors tensors = *InitialWeights(architecture, 3);
  at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(7);
  for (auto& [key, tensor] : tensors) {
    if (tensor.dim() == 1) tensor.add_(at::rand(tensor.sizes(), generator));
  }
  return tensors;
}

at::Tensor Logits(const NamedTensors& tensors, const ofa::Architecture& architecture, int expand) {
  const c10::AutoGradMode no_gradients(false);
  ofa::SubnetConfig config = ofa::LargestSubnet(architecture, 16);
  std::fill(config.expands.begin(), config.expands.end(), expand);
  const ofa::NetPlan plan = *ofa::MakePlan(architecture, config);
  BatchStatistics norm(plan.bn_epsilon);
  at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(11);
  const at::Tensor images = at::randn({2, 3, 16, 16}, generator);
  return ElasticNet(tensors, architecture).Forward(images, plan, norm);
}

double Difference(const at::Tensor& a, const at::Tensor& b) {
  return ((a - b).abs().max() / a.abs().max()).item<double>();
}

TEST_CASE("sorted channels leave the supported subnets as they were") {
  const ofa::Architecture a = ofa::TinyManifest().architecture;
  REQUIRE(a.expands.size() >= 2);
  const int large = a.expands.back();
  const int middle = a.expands[a.expands.size() - 2];
  NamedTensors tensors = Weights(a);
  const at::Tensor full = Logits(tensors, a, large);
  const at::Tensor narrow = Logits(tensors, a, middle);

  REQUIRE(SortMiddleChannels(tensors, a, {large}).ok());
  CHECK(Difference(full, Logits(tensors, a, large)) < 1e-4);
  CHECK(Difference(narrow, Logits(tensors, a, middle)) > 1e-3);  // other channels than before

  // Within the groups of both, neither changes.
  const at::Tensor before = Logits(tensors, a, middle);
  for (auto& [key, tensor] : tensors) {
    if (key.ends_with("point_linear.conv.conv.weight")) tensor = tensor.flip(1).contiguous();
  }
  const at::Tensor flipped_full = Logits(tensors, a, large);
  const at::Tensor flipped = Logits(tensors, a, middle);
  REQUIRE(SortMiddleChannels(tensors, a, {middle, large}).ok());
  CHECK(Difference(flipped_full, Logits(tensors, a, large)) < 1e-4);
  CHECK(Difference(flipped, Logits(tensors, a, middle)) < 1e-4);
  CHECK(Difference(before, flipped) > 1e-3);
}

TEST_CASE("the most important channels come first") {
  const ofa::Architecture a = ofa::TinyManifest().architecture;
  NamedTensors tensors = Weights(a);
  REQUIRE(SortMiddleChannels(tensors, a, {a.expands.back()}).ok());
  const ofa::NetPlan plan = *ofa::MakePlan(a, ofa::LargestSubnet(a, 16));
  for (const ofa::BlockPlan& block : plan.blocks) {
    if (block.supernet_index == 0) continue;
    const at::Tensor importance =
        tensors.at(ofa::ProjectKey(block)).abs().sum(at::IntArrayRef({0, 2, 3}));
    for (std::int64_t i = 1; i < importance.size(0); ++i) {
      CHECK(importance[i].item<float>() <= importance[i - 1].item<float>());
    }
  }
}

}  // namespace
}  // namespace dynofa::engine::torch_backend
