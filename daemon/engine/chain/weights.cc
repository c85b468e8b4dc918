#include "daemon/engine/chain/weights.h"

#include <cmath>
#include <cstddef>
#include <string>

#include "daemon/base/strings.h"
#include "daemon/engine/ofa/synthetic.h"

namespace dynofa::engine::chain {
namespace {

// Keeps the variance through a rectifier. What a shortcut is added to gets less, so that the sums
// do not pile up.
double WeightScale(const Layer& layer) {
  const auto inputs = static_cast<double>(WeightCount(layer)) / layer.out;
  const bool linear = layer.activation == ofa::Activation::kNone;
  return std::sqrt((linear ? 1.5 : 6.0) / inputs);
}

}  // namespace

Weights SyntheticWeights(const Chain& chain) {
  Weights weights(chain.layers.size());
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const Layer& layer = chain.layers[i];
    if (WeightCount(layer) == 0) continue;
    const std::string key = base::StrCat("layer.", i);
    const auto outputs = static_cast<std::size_t>(layer.out);
    weights[i].weight = ofa::SyntheticValues(
        key + ".weight", static_cast<std::size_t>(WeightCount(layer)), WeightScale(layer));
    weights[i].affine.bias = ofa::SyntheticValues(key + ".bias", outputs, 0.1);
    if (!HasBatchNorm(layer)) continue;
    weights[i].affine.scale = ofa::SyntheticValues(key + ".scale", outputs, 0.25);
    for (float& scale : weights[i].affine.scale) scale += 1.0f;
  }
  return weights;
}

}  // namespace dynofa::engine::chain
