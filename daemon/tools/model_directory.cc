#include "daemon/tools/model_directory.h"

#include <cstdio>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/engine/files.h"
#include "daemon/engine/ofa/model.h"
#include "daemon/engine/safetensors.h"
#include "daemon/engine/toml_file.h"

namespace dynofa::tools {
namespace {

using engine::SafetensorsFile;
using engine::SafetensorsTensor;
using engine::SafetensorsType;
using engine::ofa::Manifest;
using engine::ofa::SubnetStatistics;

SafetensorsTensor View(std::string name, const std::vector<float>& values) {
  return {std::move(name),
          SafetensorsType::kF32,
          {static_cast<std::int64_t>(values.size())},
          std::as_bytes(std::span(values))};
}

std::size_t BytesOf(const SubnetStatistics& statistics) {
  std::size_t floats = 0;
  for (const auto& [prefix, stats] : statistics)
    floats += stats.mean.size() + stats.variance.size();
  return floats * sizeof(float);
}

absl::StatusOr<std::size_t> WeightBytes(const engine::ofa::OfaModel& model) {
  DYNOFA_ASSIGN_OR_RETURN(const auto shapes, engine::ofa::StateDictShapes(model.architecture()));
  std::size_t bytes = 0;
  for (const engine::ofa::TensorShape& shape : shapes) {
    bytes += model.Weight(shape.key).size_bytes();
  }
  return bytes;
}

}  // namespace

absl::StatusOr<Manifest> ReadModelManifest(const std::string& directory) {
  DYNOFA_ASSIGN_OR_RETURN(const base::TomlTable table,
                          engine::ReadTomlFile(directory + "/" + engine::ofa::kManifestFile));
  return engine::ofa::ReadManifest(table);
}

absl::Status WriteModelManifest(const std::string& directory, const Manifest& manifest) {
  const std::string text = engine::ofa::ManifestText(manifest);
  const std::span<const std::byte> parts[] = {std::as_bytes(std::span(text))};
  return engine::WriteWholeFile(directory + "/" + engine::ofa::kManifestFile, parts);
}

absl::StatusOr<std::shared_ptr<const engine::ofa::OfaModel>> LoadUncalibrated(
    const std::string& directory, const Manifest& manifest) {
  DYNOFA_ASSIGN_OR_RETURN(SafetensorsFile weights,
                          SafetensorsFile::Read(directory + "/" + engine::ofa::kWeightsFile));
  return engine::ofa::MakeModel(manifest, std::move(weights), std::nullopt);
}

absl::Status CalibrateModel(const std::string& directory, const Manifest& manifest,
                            const engine::torch_backend::ImageSet& images,
                            const engine::torch_backend::CalibrationOptions& options) {
  return CalibrateModel(
      directory, manifest, [&images](int) { return &images; }, options);
}

absl::Status CalibrateModel(const std::string& directory, const Manifest& manifest,
                            const ImageSource& source,
                            const engine::torch_backend::CalibrationOptions& options) {
  DYNOFA_ASSIGN_OR_RETURN(const auto model, LoadUncalibrated(directory, manifest));
  std::map<std::string, SubnetStatistics> statistics;
  std::size_t total = 0;
  for (const engine::ofa::Subnet& subnet : manifest.subnets) {
    DYNOFA_ASSIGN_OR_RETURN(const auto* images, source(subnet.config.resolution));
    DYNOFA_ASSIGN_OR_RETURN(statistics[subnet.id], engine::torch_backend::Calibrate(
                                                       *model, subnet.config, *images, options));
    const std::size_t bytes = BytesOf(statistics[subnet.id]);
    total += bytes;
    std::printf("calibrated %s: %zu bytes of statistics\n", subnet.id.c_str(), bytes);
    std::fflush(stdout);
  }
  DYNOFA_ASSIGN_OR_RETURN(const std::size_t weights, WeightBytes(*model));
  std::printf("%zu subnets: %zu bytes of statistics, %.1f %% over %zu bytes of weights\n",
              statistics.size(), total,
              100.0 * static_cast<double>(total) / static_cast<double>(weights), weights);
  std::vector<SafetensorsTensor> tensors;
  for (const auto& [id, layers] : statistics) {
    for (const auto& [prefix, stats] : layers) {
      tensors.push_back(View(base::StrCat(id, "/", prefix, ".running_mean"), stats.mean));
      tensors.push_back(View(base::StrCat(id, "/", prefix, ".running_var"), stats.variance));
    }
  }
  return engine::WriteSafetensors(directory + "/" + engine::ofa::kStatisticsFile, tensors);
}

absl::Status KeepSubnets(const std::string& directory, const Manifest& manifest) {
  const std::string path = directory + "/" + engine::ofa::kStatisticsFile;
  DYNOFA_ASSIGN_OR_RETURN(const SafetensorsFile file, SafetensorsFile::Read(path));
  std::set<std::string> ids;
  for (const engine::ofa::Subnet& subnet : manifest.subnets) ids.insert(subnet.id);
  std::vector<SafetensorsTensor> kept;
  for (const auto& [key, entry] : file.entries()) {
    if (!ids.contains(key.substr(0, key.find('/')))) continue;
    kept.push_back({key, entry.type, entry.shape, entry.bytes});
  }
  DYNOFA_RETURN_IF_ERROR(engine::WriteSafetensors(path, kept));
  return WriteModelManifest(directory, manifest);
}

}  // namespace dynofa::tools
