#include "daemon/tools/families/memory.h"

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <vector>

namespace dynofa::tools::families {
namespace {

using engine::chain::Chain;
using engine::chain::Layer;

// The supernet's tensors; every width and every configuration uses some of them.
StoredValues Supernet(double width) {
  StoredValues values;
  const auto shapes = StateDictShapes(engine::ofa::Architecture::MobileNetV3(width));
  for (const engine::ofa::TensorShape& tensor : *shapes) {
    std::int64_t count = 1;
    for (const std::int64_t extent : tensor.shape) count *= extent;
    const std::string_view key = tensor.key;
    if (key.find(".running_") != key.npos) continue;
    (key.find(".bn.") != key.npos ? values.batch_norms : values.weights) += count;
  }
  return values;
}

// Weights and biases of one layer.
std::int64_t Values(const Layer& layer) {
  const std::int64_t weights = WeightCount(layer);
  return weights == 0 || HasBatchNorm(layer) ? weights : weights + layer.out;
}

StoredValues LargestLayers(const Family& family) {
  std::vector<std::int64_t> largest;
  StoredValues values;
  for (const Member& member : family.members) {
    const Chain& chain = std::get<Chain>(member.network.graph);
    largest.resize(std::max(largest.size(), chain.layers.size()));
    for (std::size_t i = 0; i < chain.layers.size(); ++i) {
      largest[i] = std::max(largest[i], Values(chain.layers[i]));
    }
    values.batch_norms = std::max(values.batch_norms, 2 * member.network.cost.batch_norm_channels);
  }
  for (const std::int64_t layer : largest) values.weights += layer;
  return values;
}

}  // namespace

StoredValues SharedValues(const Family& family) {
  if (family.sharing == Sharing::kNothing) return SeparateValues(family);
  const auto* ofa = std::get_if<OfaNetwork>(&family.members.front().network.graph);
  StoredValues values = ofa != nullptr ? Supernet(ofa->width) : LargestLayers(family);
  // A mean and a variance per channel and member; channels that all have in common once.
  const std::int64_t fixed = family.fixed_batch_norm_channels;
  values.statistics = 2 * fixed;
  for (const Member& member : family.members) {
    values.statistics += 2 * (member.network.cost.batch_norm_channels - fixed);
  }
  if (family.sharing == Sharing::kWeights) values.batch_norms = values.statistics;
  return values;
}

StoredValues SeparateValues(const Family& family) {
  StoredValues values;
  for (const Member& member : family.members) {
    const std::int64_t channels = 2 * member.network.cost.batch_norm_channels;
    values.weights += member.network.cost.parameters - channels;
    values.batch_norms += channels;
    values.statistics += channels;
  }
  return values;
}

}  // namespace dynofa::tools::families
