#include "daemon/tools/golden_set.h"

#include <cmath>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <utility>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/engine/files.h"
#include "daemon/engine/ofa/model.h"
#include "daemon/engine/ofa/synthetic.h"
#include "daemon/engine/safetensors.h"

namespace dynofa::tools {
namespace {

using engine::SafetensorsEntry;
using engine::SafetensorsFile;
using engine::SafetensorsType;
using engine::ofa::Architecture;
using Json = nlohmann::json;

constexpr std::int64_t kMaxJson = std::int64_t{64} << 20;
constexpr std::string_view kSynthetic = "synthetic:";

std::vector<float> ToNhwc(std::span<const float> nchw, int batch, int side) {
  const auto area = static_cast<std::size_t>(side) * static_cast<std::size_t>(side);
  std::vector<float> nhwc(static_cast<std::size_t>(batch) * area * 3);
  for (std::size_t i = 0; i < nhwc.size(); ++i) {
    const std::size_t image = i / (area * 3), pixel = i / 3 % area, channel = i % 3;
    nhwc[i] = nchw[(image * 3 + channel) * area + pixel];
  }
  return nhwc;
}

absl::StatusOr<std::vector<float>> Images(const SafetensorsFile& file, const std::string& input,
                                          int batch, int side) {
  const std::size_t needed = static_cast<std::size_t>(batch) * 3 * static_cast<std::size_t>(side) *
                             static_cast<std::size_t>(side);
  if (input.starts_with(kSynthetic)) {
    const std::string key = input.substr(kSynthetic.size());
    return ToNhwc(engine::ofa::SyntheticValues(key, needed, std::sqrt(3.0)), batch, side);
  }
  const SafetensorsEntry* entry = file.Find(input);
  const std::int64_t stored = entry == nullptr || entry->shape.empty() ? 0 : entry->shape[0];
  if (stored < batch) {
    return absl::InvalidArgumentError(
        base::StrCat(file.name(), ": tensor \"", input, "\" is missing or has too few images"));
  }
  const std::vector<std::int64_t> shape = {stored, 3, side, side};
  DYNOFA_ASSIGN_OR_RETURN(const std::span<const float> values, file.Floats(input, shape));
  return ToNhwc(values, batch, side);
}

template <typename T>
std::vector<double> Widened(std::span<const std::byte> bytes) {
  std::vector<T> values(bytes.size() / sizeof(T));
  std::memcpy(values.data(), bytes.data(), bytes.size());
  return {values.begin(), values.end()};
}

absl::StatusOr<std::vector<double>> Logits(const SafetensorsFile& file, const std::string& name,
                                           int batch) {
  const SafetensorsEntry* entry = file.Find(name);
  if (entry == nullptr || entry->shape.size() != 2 || entry->shape[0] != batch) {
    return absl::InvalidArgumentError(
        base::StrCat(file.name(), ": tensor \"", name, "\" is missing or not one row per image"));
  }
  if (entry->type == SafetensorsType::kF32) return Widened<float>(entry->bytes);
  if (entry->type == SafetensorsType::kF64) return Widened<double>(entry->bytes);
  return absl::InvalidArgumentError(
      base::StrCat(file.name(), ": tensor \"", name, "\" must be F32 or F64"));
}

absl::StatusOr<GoldenSubnet> ReadSubnet(const Json& json, const SafetensorsFile& file,
                                        const Architecture& architecture) {
  GoldenSubnet subnet;
  subnet.id = json.at("id").get<std::string>();
  subnet.config = {json.at("ks").get<std::vector<int>>(), json.at("e").get<std::vector<int>>(),
                   json.at("d").get<std::vector<int>>(), json.at("resolution").get<int>()};
  subnet.batch = json.at("batch").get<int>();
  if (subnet.batch < 1 || subnet.batch > 64) {
    return absl::InvalidArgumentError("batch must lie in [1, 64]");
  }
  DYNOFA_RETURN_IF_ERROR(engine::ofa::MakePlan(architecture, subnet.config).status());
  DYNOFA_ASSIGN_OR_RETURN(subnet.images, Images(file, json.at("input").get<std::string>(),
                                                subnet.batch, subnet.config.resolution));
  DYNOFA_ASSIGN_OR_RETURN(subnet.logits,
                          Logits(file, json.at("logits").get<std::string>(), subnet.batch));
  const auto classes = static_cast<std::size_t>(architecture.classes);
  if (subnet.logits.size() != static_cast<std::size_t>(subnet.batch) * classes) {
    return absl::InvalidArgumentError(base::StrCat("the net has ", classes, " classes"));
  }
  return subnet;
}

absl::StatusOr<GoldenSet> ParseGoldenSet(const std::vector<std::byte>& text,
                                         const SafetensorsFile& file) {
  const auto* begin = reinterpret_cast<const char*>(text.data());
  try {
    const Json json = Json::parse(begin, begin + text.size());
    GoldenSet set;
    set.width_mult = json.value("width_mult", 1.0);
    const Architecture architecture = Architecture::MobileNetV3(set.width_mult);
    for (const Json& subnet : json.at("subnets")) {
      DYNOFA_ASSIGN_OR_RETURN(set.subnets.emplace_back(), ReadSubnet(subnet, file, architecture));
    }
    return set;
  } catch (const Json::exception& error) {
    return absl::InvalidArgumentError(error.what());
  }
}

}  // namespace

absl::StatusOr<GoldenSet> ReadGoldenSet(const std::string& directory) {
  const std::string path = directory + "/subnets.json";
  DYNOFA_ASSIGN_OR_RETURN(const std::vector<std::byte> text, engine::ReadWholeFile(path, kMaxJson));
  DYNOFA_ASSIGN_OR_RETURN(const SafetensorsFile file,
                          SafetensorsFile::Read(directory + "/subnets.safetensors"));
  absl::StatusOr<GoldenSet> set = ParseGoldenSet(text, file);
  if (!set.ok()) return base::Annotate(set.status(), path);
  return set;
}

absl::StatusOr<std::shared_ptr<const engine::ofa::OfaModel>> GoldenModel(
    const GoldenSet& set, const std::string& weights) {
  engine::ofa::Manifest manifest;
  manifest.name = "golden";
  manifest.architecture = Architecture::MobileNetV3(set.width_mult);
  for (const GoldenSubnet& subnet : set.subnets) {
    manifest.subnets.push_back({.id = subnet.id, .config = subnet.config});
  }
  if (weights == "synthetic") {
    return engine::ofa::SyntheticModel(manifest.architecture, manifest.subnets);
  }
  DYNOFA_ASSIGN_OR_RETURN(SafetensorsFile file, SafetensorsFile::Read(weights));
  return engine::ofa::MakeModel(manifest, std::move(file), std::nullopt);
}

}  // namespace dynofa::tools
