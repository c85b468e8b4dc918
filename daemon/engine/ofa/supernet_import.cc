#include "daemon/engine/ofa/supernet_import.h"

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/engine/checkpoint/byte_reader.h"
#include "daemon/engine/ofa/model.h"

namespace dynofa::engine::ofa {
namespace {

using checkpoint::Quoted;
using checkpoint::StateDict;
using checkpoint::TensorView;

constexpr std::string_view kFirstWeight = "first_conv.conv.weight";
constexpr std::string_view kLastWeight = "classifier.linear.weight";
constexpr std::array<double, 2> kWidths = {1.0, 1.2};

std::string ShapeText(const std::vector<std::int64_t>& shape) {
  std::string text;
  for (const std::int64_t extent : shape) text += base::StrCat(text.empty() ? "" : ",", extent);
  return base::StrCat("[", text, "]");
}

std::string Replaced(std::string_view text, std::string_view from, std::string_view to) {
  std::string result(text);
  for (std::size_t at = result.find(from); at != std::string::npos;
       at = result.find(from, at + to.size())) {
    result.replace(at, from.size(), to);
  }
  return result;
}

using Expected = std::map<std::string, const TensorShape*, std::less<>>;

// The key of `expected` that `key` is a spelling of, or `key` itself. The rules and their order
// are those of the reference's load_state_dict.
std::string HeadKey(const std::string& key, const Expected& expected) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kRules = {{
      {".bn.bn.", ".bn."},
      {".conv.conv.weight", ".conv.weight"},
      {".linear.linear.", ".linear."},
      {".linear.", ".linear.linear."},
      {"bn.", "bn.bn."},
      {"conv.weight", "conv.conv.weight"},
  }};
  std::string renamed = Replaced(key, ".mobile_inverted_conv.", ".conv.");
  if (expected.contains(renamed)) return renamed;
  for (const auto& [from, to] : kRules) {
    std::string candidate = Replaced(renamed, from, to);
    if (expected.contains(candidate)) return candidate;
  }
  return key;
}

absl::StatusOr<Tensor> TakeTensor(const std::string& file, const TensorShape& wanted,
                                  const TensorView& view) {
  if (view.type != SafetensorsType::kF32 || view.shape != wanted.shape) {
    return absl::InvalidArgumentError(
        base::StrCat(file, ": tensor \"", wanted.key, "\" is ",
                     view.type == SafetensorsType::kF32 ? "" : "not float32 and ",
                     ShapeText(view.shape), "; it must be float32 ", ShapeText(wanted.shape)));
  }
  Tensor tensor{wanted.key, DataType::kFloat32, wanted.shape, view.Dense()};
  const std::span<const float> values(tensor.data<float>(), tensor.bytes.size() / sizeof(float));
  DYNOFA_RETURN_IF_ERROR(CheckValues(file, wanted.key, values));
  return tensor;
}

// The tensors of `dict` that are wanted, by HEAD key.
absl::StatusOr<std::map<std::string_view, const TensorView*>> Match(const Expected& expected,
                                                                    const StateDict& dict) {
  std::map<std::string_view, const TensorView*> matched;
  for (const auto& [key, view] : dict.tensors()) {
    if (key.ends_with(".num_batches_tracked")) continue;
    const auto found = expected.find(HeadKey(key, expected));
    if (found == expected.end()) {
      return absl::InvalidArgumentError(
          base::StrCat(dict.name(), ": tensor ", Quoted(key), " is not part of this supernet"));
    }
    if (!matched.emplace(found->first, &view).second) {
      return absl::InvalidArgumentError(
          base::StrCat(dict.name(), ": tensor \"", found->first, "\" is there in two spellings"));
    }
  }
  return matched;
}

}  // namespace

absl::StatusOr<Architecture> RecogniseArchitecture(const StateDict& dict) {
  const auto first = dict.tensors().find(kFirstWeight);
  const auto last = dict.tensors().find(kLastWeight);
  if (first == dict.tensors().end() || last == dict.tensors().end() ||
      first->second.shape.size() != 4 || last->second.shape.size() != 2) {
    return absl::InvalidArgumentError(
        base::StrCat(dict.name(), ": is no OFA MobileNetV3 supernet: ", kFirstWeight, " or ",
                     kLastWeight, " is missing or of another rank"));
  }
  const std::int64_t stem = first->second.shape[0], features = last->second.shape[1];
  for (const double width : kWidths) {
    Architecture architecture = Architecture::MobileNetV3(width);
    if (stem != MakeDivisible(architecture.stem_width * width) ||
        features != MakeDivisible(architecture.last_width * width)) {
      continue;
    }
    // A number that does not fit is refused with the shapes.
    architecture.classes = static_cast<int>(std::min<std::int64_t>(last->second.shape[0], 1 << 20));
    return architecture;
  }
  return absl::InvalidArgumentError(base::StrCat(
      dict.name(), ": has ", stem, " channels in its first layer and ", features,
      " before its last; OFA MobileNetV3 has 16 and 1280 (width 1.0) or 24 and 1536 (width 1.2)"));
}

absl::StatusOr<std::vector<Tensor>> TakeTensors(const Architecture& architecture,
                                                const StateDict& dict) {
  DYNOFA_ASSIGN_OR_RETURN(const std::vector<TensorShape> shapes, StateDictShapes(architecture));
  Expected expected;
  for (const TensorShape& shape : shapes) expected.emplace(shape.key, &shape);
  DYNOFA_ASSIGN_OR_RETURN(const auto matched, Match(expected, dict));
  std::vector<Tensor> tensors;
  for (const TensorShape& shape : shapes) {
    const auto found = matched.find(shape.key);
    if (found == matched.end()) {
      return absl::InvalidArgumentError(
          base::StrCat(dict.name(), ": tensor \"", shape.key, "\" is missing"));
    }
    DYNOFA_ASSIGN_OR_RETURN(tensors.emplace_back(), TakeTensor(dict.name(), shape, *found->second));
  }
  return tensors;
}

}  // namespace dynofa::engine::ofa
