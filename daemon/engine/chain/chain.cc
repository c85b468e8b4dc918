#include "daemon/engine/chain/chain.h"

#include <set>
#include <string_view>
#include <utility>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"

namespace dynofa::engine::chain {
namespace {

// Bounds that keep every count far inside 64 bits.
constexpr int kMaxResolution = 1024;
constexpr int kMaxChannels = 65536;
constexpr int kMaxKernel = 15;
constexpr int kMaxStride = 4;
constexpr std::size_t kMaxLayers = 4096;

absl::Status Refuse(std::size_t index, std::string_view problem) {
  return absl::InvalidArgumentError(base::StrCat("layer ", index, " ", problem));
}

bool IsConvolution(const Layer& layer) {
  return layer.kind == Kind::kConvolution || layer.kind == Kind::kDepthwise;
}

// Fills in what follows from the layer before.
absl::Status Resolve(std::size_t index, int in, int in_size, Layer& layer) {
  layer.in = in;
  layer.in_size = layer.out_size = in_size;
  const bool widens = layer.kind == Kind::kConvolution || layer.kind == Kind::kLinear;
  if (!widens) layer.out = in;
  if (layer.out < 1 || layer.out > kMaxChannels) {
    return Refuse(index, base::StrCat("has ", layer.out, " channels"));
  }
  if (IsConvolution(layer)) {
    if (layer.kernel < 1 || layer.kernel > kMaxKernel || layer.kernel % 2 == 0) {
      return Refuse(index, base::StrCat("has a kernel of ", layer.kernel, "; it must be odd"));
    }
    if (layer.stride < 1 || layer.stride > kMaxStride) {
      return Refuse(index, base::StrCat("has a stride of ", layer.stride));
    }
    layer.out_size = (in_size - 1) / layer.stride + 1;
  }
  if (layer.kind == Kind::kGlobalPool) layer.out_size = 1;
  if (layer.kind == Kind::kLinear && in_size != 1) {
    return Refuse(index, "is linear and must follow a pool");
  }
  return absl::OkStatus();
}

absl::Status CheckAddition(const std::vector<Layer>& layers, std::size_t index) {
  const Layer& layer = layers[index];
  const auto from = static_cast<std::size_t>(layer.residual_from);
  if (layer.residual_from < 0 || from + 2 >= index) {
    return Refuse(index, "must add a layer at least three before it");
  }
  const Layer& before = layers[index - 1];
  if (before.kind != Kind::kConvolution || before.kernel != 1 || before.stride != 1 ||
      before.activation != ofa::Activation::kNone) {
    return Refuse(index, "must follow a 1x1 convolution without activation");
  }
  if (layers[from].out != layer.out || layers[from].out_size != layer.out_size) {
    return Refuse(index, base::StrCat("adds layer ", from, ", which has another shape"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Chain> MakeChain(int resolution, std::vector<Layer> layers) {
  if (resolution < 1 || resolution > kMaxResolution) {
    return absl::InvalidArgumentError(base::StrCat("the resolution is ", resolution));
  }
  if (layers.empty() || layers.size() > kMaxLayers || layers.back().kind != Kind::kLinear) {
    return absl::InvalidArgumentError("a chain ends in a linear layer");
  }
  if (layers.front().kind != Kind::kConvolution) {
    return absl::InvalidArgumentError("a chain begins with a convolution");
  }
  constexpr int kColours = 3;
  int in = kColours;
  int size = resolution;
  std::set<int> added;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    DYNOFA_RETURN_IF_ERROR(Resolve(i, in, size, layers[i]));
    if (layers[i].kind == Kind::kAdd) {
      DYNOFA_RETURN_IF_ERROR(CheckAddition(layers, i));
      if (!added.insert(layers[i].residual_from).second) {
        return Refuse(i, "adds a layer that another one adds already");
      }
    }
    in = layers[i].out;
    size = layers[i].out_size;
  }
  return Chain{resolution, std::move(layers)};
}

std::int64_t WeightCount(const Layer& layer) {
  const std::int64_t area = std::int64_t{layer.kernel} * layer.kernel;
  switch (layer.kind) {
    case Kind::kConvolution:
      return area * layer.in * layer.out;
    case Kind::kDepthwise:
      return area * layer.out;
    case Kind::kLinear:
      return std::int64_t{layer.in} * layer.out;
    case Kind::kGlobalPool:
    case Kind::kAdd:
      break;
  }
  return 0;
}

bool HasBatchNorm(const Layer& layer) { return IsConvolution(layer); }

Cost CostOf(const Chain& chain) {
  Cost cost;
  for (const Layer& layer : chain.layers) {
    const std::int64_t weights = WeightCount(layer);
    if (weights == 0) continue;
    cost.macs += weights * layer.out_size * layer.out_size;
    // A scale and a shift, or a bias.
    cost.parameters += weights + (HasBatchNorm(layer) ? 2 : 1) * layer.out;
    if (HasBatchNorm(layer)) cost.batch_norm_channels += layer.out;
    ++cost.layers;
  }
  return cost;
}

}  // namespace dynofa::engine::chain
