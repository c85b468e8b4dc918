#include "daemon/engine/torch/initial_weights.h"

#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <span>
#include <string_view>
#include <vector>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"

namespace dynofa::engine::torch_backend {
namespace {

constexpr std::string_view kClassifier = "classifier.";

// he_fout: normal with variance 2 / (kernel area * output channels of a group).
at::Tensor InitialConvolution(const std::vector<std::int64_t>& shape, at::Generator& generator) {
  const bool depthwise = shape[1] == 1;
  const double outputs = static_cast<double>((depthwise ? 1 : shape[0]) * shape[2] * shape[3]);
  return at::randn(shape, generator) * std::sqrt(2.0 / outputs);
}

at::Tensor InitialValue(const ofa::TensorShape& tensor, at::Generator& generator) {
  const std::string& key = tensor.key;
  if (key.ends_with("_matrix")) return at::eye(tensor.shape[0]);
  if (key.ends_with(".running_var") || key.ends_with(".bn.weight")) return at::ones(tensor.shape);
  if (tensor.shape.size() == 1) return at::zeros(tensor.shape);
  if (tensor.shape.size() == 4) return InitialConvolution(tensor.shape, generator);
  return at::randn(tensor.shape, generator) / std::sqrt(static_cast<double>(tensor.shape[1]));
}

}  // namespace

absl::StatusOr<NamedTensors> InitialWeights(const ofa::Architecture& architecture,
                                            std::uint64_t seed) {
  DYNOFA_ASSIGN_OR_RETURN(const std::vector<ofa::TensorShape> shapes,
                          ofa::StateDictShapes(architecture));
  try {
    at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(seed);
    NamedTensors tensors;
    for (const ofa::TensorShape& shape : shapes) {
      tensors[shape.key] = InitialValue(shape, generator);
    }
    return tensors;
  } catch (const std::exception& error) {
    return absl::InternalError(base::StrCat("libtorch: ", error.what()));
  }
}

absl::Status StartFrom(const SafetensorsFile& file, NamedTensors& tensors) {
  for (auto& [key, tensor] : tensors) {
    const SafetensorsEntry* entry = file.Find(key);
    const bool other_classes = entry != nullptr && key.starts_with(kClassifier) &&
                               !entry->shape.empty() && entry->shape.front() != tensor.size(0);
    if (other_classes) continue;
    DYNOFA_ASSIGN_OR_RETURN(
        const std::span<const float> values,
        file.Floats(key, std::span(tensor.sizes().data(), static_cast<std::size_t>(tensor.dim()))));
    std::ranges::copy(values, tensor.data_ptr<float>());
  }
  return absl::OkStatus();
}

}  // namespace dynofa::engine::torch_backend
