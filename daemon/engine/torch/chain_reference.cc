#include "daemon/engine/torch/chain_reference.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <cstddef>
#include <cstdint>

#include "daemon/base/strings.h"
#include "daemon/engine/torch/activation.h"

namespace dynofa::engine::torch_backend {
namespace {

using chain::Kind;
using chain::Layer;
using chain::LayerWeights;

at::Tensor Doubles(std::span<const float> values, at::IntArrayRef shape) {
  return at::from_blob(const_cast<float*>(values.data()), shape, at::kFloat).to(at::kDouble);
}

at::Tensor Convolve(const Layer& layer, const LayerWeights& weights, const at::Tensor& x) {
  const bool depthwise = layer.kind == Kind::kDepthwise;
  const at::Tensor weight =
      Doubles(weights.weight, {layer.out, depthwise ? 1 : layer.in, layer.kernel, layer.kernel});
  const at::Tensor y =
      at::conv2d(x, weight, {}, layer.stride, layer.kernel / 2, 1, depthwise ? layer.in : 1);
  const std::int64_t per_channel[] = {1, layer.out, 1, 1};
  const at::Tensor normalised =
      y * Doubles(weights.affine.scale, per_channel) + Doubles(weights.affine.bias, per_channel);
  return Activate(normalised, layer.activation);
}

at::Tensor Apply(const Layer& layer, const LayerWeights& weights,
                 const std::vector<at::Tensor>& outputs, const at::Tensor& x) {
  switch (layer.kind) {
    case Kind::kConvolution:
    case Kind::kDepthwise:
      return Convolve(layer, weights, x);
    case Kind::kGlobalPool:
      return x.mean(at::IntArrayRef({2, 3}), true);
    case Kind::kLinear:
      return at::linear(x.flatten(), Doubles(weights.weight, {layer.out, layer.in}),
                        Doubles(weights.affine.bias, {layer.out}));
    case Kind::kAdd:
      break;
  }
  return x + outputs[static_cast<std::size_t>(layer.residual_from)];
}

}  // namespace

absl::StatusOr<std::vector<double>> ChainReferenceLogits(const chain::Chain& chain,
                                                         const chain::Weights& weights,
                                                         std::span<const float> image) try {
  const std::int64_t side = chain.resolution;
  if (image.size() != static_cast<std::size_t>(side * side * 3)) {
    return absl::InvalidArgumentError("the image has the wrong size");
  }
  const c10::InferenceMode inference;
  at::Tensor x = Doubles(image, {1, side, side, 3}).permute({0, 3, 1, 2}).contiguous();
  std::vector<at::Tensor> outputs;
  for (std::size_t i = 0; i < chain.layers.size(); ++i) {
    x = Apply(chain.layers[i], weights[i], outputs, x);
    outputs.push_back(x);
  }
  const at::Tensor logits = x.contiguous();
  const auto* first = logits.data_ptr<double>();
  return std::vector<double>(first, first + logits.numel());
} catch (const std::exception& error) {
  return absl::InternalError(base::StrCat("libtorch: ", error.what()));
}

}  // namespace dynofa::engine::torch_backend
