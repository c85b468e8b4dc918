#include "daemon/engine/ofa/synthetic.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "daemon/base/hash.h"
#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/engine/ofa/model.h"

namespace dynofa::engine::ofa {
namespace {

// Value `index` of the tensor whose key hashes to `hash`, in [-1, 1).
double Unit(std::uint64_t hash, std::size_t index) {
  return static_cast<double>(base::SplitMix(hash + (index + 1) * base::kSplitMixStep) >> 40) /
             8388608.0 -
         1.0;
}

std::vector<float> Values(std::string_view key, std::size_t count, double centre, double scale) {
  const std::uint64_t hash = base::Fnv1a(key);
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) {
    values[i] = static_cast<float>(centre + scale * Unit(hash, i));
  }
  return values;
}

std::vector<float> TransformMatrix(std::string_view key, std::size_t side) {
  const double scale = 0.5 / static_cast<double>(side);
  std::vector<float> values = Values(key, side * side, 0.0, scale);
  for (std::size_t i = 0; i < values.size(); i += side + 1) {
    values[i] = static_cast<float>(1.0 + scale * Unit(base::Fnv1a(key), i));
  }
  return values;
}

double WeightScale(const TensorShape& tensor) {
  double inputs = 1.0;
  for (std::size_t i = 1; i < tensor.shape.size(); ++i) {
    inputs *= static_cast<double>(tensor.shape[i]);
  }
  const bool depthwise = tensor.shape.size() == 4 && tensor.shape[1] == 1;
  if (depthwise) return std::sqrt(6.0 / std::min(inputs, 25.0));
  const bool project = tensor.key.find(".point_linear.") != std::string::npos;
  return std::sqrt((project ? 1.5 : 6.0) / inputs);
}

std::vector<float> TensorValues(const TensorShape& tensor) {
  std::size_t count = 1;
  for (std::int64_t extent : tensor.shape) count *= static_cast<std::size_t>(extent);
  const std::string& key = tensor.key;
  if (key.ends_with("_matrix")) {
    return TransformMatrix(key, static_cast<std::size_t>(tensor.shape[0]));
  }
  if (key.ends_with(".running_var")) return Values(key, count, 1.0, 0.5);
  if (key.ends_with(".bn.weight")) return Values(key, count, 1.0, 0.25);
  if (tensor.shape.size() == 1) return Values(key, count, 0.0, 0.1);
  return Values(key, count, 0.0, WeightScale(tensor));
}

using Tensors = std::map<std::string, std::vector<float>, std::less<>>;

WeightSet Share(Tensors tensors) {
  auto owner = std::make_shared<const Tensors>(std::move(tensors));
  WeightSet weights{{}, owner};
  for (const auto& [key, values] : *owner) weights.tensors.emplace(key, values);
  return weights;
}

absl::StatusOr<SubnetStatistics> SyntheticStatistics(const Architecture& architecture,
                                                     const Subnet& subnet) {
  DYNOFA_ASSIGN_OR_RETURN(const NetPlan plan, MakePlan(architecture, subnet.config));
  SubnetStatistics statistics;
  for (const BatchNormLayer& layer : BatchNormLayers(plan)) {
    const std::string prefix = base::StrCat(subnet.id, "/", layer.prefix);
    const std::vector<std::int64_t> shape = {layer.channels};
    statistics[layer.prefix] = {TensorValues({prefix + ".running_mean", shape}),
                                TensorValues({prefix + ".running_var", shape})};
  }
  return statistics;
}

}  // namespace

std::vector<float> SyntheticValues(std::string_view key, std::size_t count, double scale) {
  return Values(key, count, 0.0, scale);
}

absl::StatusOr<std::shared_ptr<const OfaModel>> SyntheticModel(const Architecture& architecture,
                                                               const std::vector<Subnet>& subnets) {
  Manifest manifest;
  manifest.name = "synthetic";
  manifest.provenance = "synthetic weights from a hash; the accuracy means nothing";
  manifest.architecture = architecture;
  manifest.subnets = subnets;
  DYNOFA_ASSIGN_OR_RETURN(const std::vector<TensorShape> shapes, StateDictShapes(architecture));
  Tensors tensors;
  for (const TensorShape& shape : shapes) tensors.emplace(shape.key, TensorValues(shape));
  std::map<std::string, SubnetStatistics, std::less<>> statistics;
  for (const Subnet& subnet : subnets) {
    DYNOFA_ASSIGN_OR_RETURN(statistics[subnet.id], SyntheticStatistics(architecture, subnet));
  }
  return MakeModel(manifest, Share(std::move(tensors)), std::move(statistics), "synthetic");
}

}  // namespace dynofa::engine::ofa
