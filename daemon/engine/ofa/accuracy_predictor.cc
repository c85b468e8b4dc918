#include "daemon/engine/ofa/accuracy_predictor.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/engine/ofa/model.h"

namespace dynofa::engine::ofa {
namespace {

using checkpoint::StateDict;
using checkpoint::TensorView;

constexpr std::size_t kLayers = 4;
constexpr std::int64_t kMaxWidth = 1 << 16;
constexpr std::array<int, 3> kKernels = {3, 5, 7};
constexpr std::array<int, 3> kExpands = {3, 4, 6};
constexpr std::size_t kStages = 5;
constexpr std::size_t kStageBlocks = 4;
constexpr std::size_t kExpandInputs = kStages * kStageBlocks * kKernels.size();
constexpr std::size_t kResolutionInputs = 2 * kExpandInputs;
constexpr int kFirstResolution = 112;
constexpr int kLastResolution = 224;
constexpr int kResolutionStep = 16;

// The values of a float32 tensor of the given rank.
absl::StatusOr<std::vector<float>> TakeValues(const StateDict& dict, const std::string& key,
                                              std::size_t rank, std::vector<std::int64_t>& shape) {
  const auto found = dict.tensors().find(key);
  if (found == dict.tensors().end()) {
    return absl::InvalidArgumentError(
        base::StrCat(dict.name(), ": is no accuracy predictor: tensor \"", key, "\" is missing"));
  }
  const TensorView& view = found->second;
  if (view.type != SafetensorsType::kF32 || view.shape.size() != rank) {
    return absl::InvalidArgumentError(
        base::StrCat(dict.name(), ": tensor \"", key, "\" is not float32 or not of rank ", rank));
  }
  shape = view.shape;
  const std::vector<std::byte> bytes = view.Dense();
  std::vector<float> values(bytes.size() / sizeof(float));
  if (!bytes.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
  DYNOFA_RETURN_IF_ERROR(CheckValues(dict.name(), key, values));
  return values;
}

template <std::size_t kCount>
absl::StatusOr<std::size_t> ChoiceOf(const std::array<int, kCount>& choices, int value) {
  const auto found = std::find(choices.begin(), choices.end(), value);
  if (found == choices.end()) {
    return absl::InvalidArgumentError(
        base::StrCat("the accuracy predictor knows no kernel or expand of ", value));
  }
  return static_cast<std::size_t>(found - choices.begin());
}

absl::Status CheckConfig(const SubnetConfig& config) {
  constexpr std::size_t kBlocks = kStages * kStageBlocks;
  if (config.kernels.size() != kBlocks || config.expands.size() != kBlocks ||
      config.depths.size() != kStages) {
    return absl::InvalidArgumentError("the accuracy predictor is for nets of 5 stages of 4 blocks");
  }
  for (const int depth : config.depths) {
    if (depth < 2 || depth > static_cast<int>(kStageBlocks)) {
      return absl::InvalidArgumentError(
          base::StrCat("the accuracy predictor knows no depth of ", depth));
    }
  }
  if (config.resolution < kFirstResolution || config.resolution > kLastResolution ||
      config.resolution % kResolutionStep != 0) {
    return absl::InvalidArgumentError(base::StrCat("the accuracy predictor knows no resolution of ",
                                                   config.resolution, " pixels"));
  }
  return absl::OkStatus();
}

void Rectify(std::vector<float>& values) {
  for (float& value : values) value = std::max(value, 0.0f);
}

}  // namespace

absl::StatusOr<AccuracyPredictor> AccuracyPredictor::Create(const StateDict& dict) {
  AccuracyPredictor predictor;
  std::int64_t inputs = kInputs;
  for (std::size_t i = 0; i < kLayers; ++i) {
    const std::string prefix = std::to_string(2 * i);  // the ReLUs between have the odd numbers
    Layer& layer = predictor.layers_.emplace_back();
    std::vector<std::int64_t> shape, bias_shape;
    DYNOFA_ASSIGN_OR_RETURN(layer.weight, TakeValues(dict, prefix + ".weight", 2, shape));
    DYNOFA_ASSIGN_OR_RETURN(layer.bias, TakeValues(dict, prefix + ".bias", 1, bias_shape));
    const bool last = i + 1 == kLayers;
    if (shape[1] != inputs || shape[0] != bias_shape[0] || shape[0] < 1 || shape[0] > kMaxWidth ||
        (last && shape[0] != 1)) {
      return absl::InvalidArgumentError(base::StrCat(
          dict.name(), ": layer ", prefix, " is ", shape[0], "x", shape[1], " with ", bias_shape[0],
          " biases; it must take ", inputs, last ? " inputs to 1 output" : " inputs"));
    }
    inputs = shape[0];
    layer.outputs = static_cast<std::size_t>(inputs);
  }
  if (dict.tensors().size() != 2 * kLayers) {
    return absl::InvalidArgumentError(
        base::StrCat(dict.name(), ": has more tensors than an accuracy predictor"));
  }
  return predictor;
}

absl::StatusOr<std::vector<std::size_t>> AccuracyPredictor::Encode(const SubnetConfig& config) {
  DYNOFA_RETURN_IF_ERROR(CheckConfig(config));
  std::vector<std::size_t> ones;
  for (std::size_t block = 0; block < config.kernels.size(); ++block) {
    const auto depth = static_cast<std::size_t>(config.depths[block / kStageBlocks]);
    if (block % kStageBlocks >= depth) continue;
    DYNOFA_ASSIGN_OR_RETURN(const std::size_t kernel, ChoiceOf(kKernels, config.kernels[block]));
    DYNOFA_ASSIGN_OR_RETURN(const std::size_t expand, ChoiceOf(kExpands, config.expands[block]));
    ones.push_back(kKernels.size() * block + kernel);
    ones.push_back(kExpandInputs + kExpands.size() * block + expand);
  }
  const int step = (config.resolution - kFirstResolution) / kResolutionStep;
  ones.push_back(kResolutionInputs + static_cast<std::size_t>(step));
  std::sort(ones.begin(), ones.end());
  return ones;
}

absl::StatusOr<float> AccuracyPredictor::Predict(const SubnetConfig& config) const {
  DYNOFA_ASSIGN_OR_RETURN(const std::vector<std::size_t> ones, Encode(config));
  std::vector<float> values(kInputs);
  for (const std::size_t one : ones) values[one] = 1.0f;
  for (const Layer& layer : layers_) {
    if (&layer != &layers_.front()) Rectify(values);
    std::vector<float> outputs = layer.bias;
    for (std::size_t o = 0; o < layer.outputs; ++o) {
      const float* row = layer.weight.data() + o * values.size();
      for (std::size_t i = 0; i < values.size(); ++i) outputs[o] += row[i] * values[i];
    }
    values = std::move(outputs);
  }
  return values.front();
}

}  // namespace dynofa::engine::ofa
