#include "daemon/engine/ofa/model.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <set>
#include <utility>
#include <vector>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/engine/sha256.h"
#include "daemon/engine/toml_file.h"

namespace dynofa::engine::ofa {
namespace {

using StatisticsBySubnet = std::map<std::string, SubnetStatistics, std::less<>>;

class LoadedModel final : public OfaModel {
 public:
  LoadedModel(ModelInfo info, Architecture architecture, WeightSet weights,
              std::map<std::string, SubnetConfig, std::less<>> configs,
              StatisticsBySubnet statistics)
      : info_(std::move(info)),
        architecture_(std::move(architecture)),
        weights_(std::move(weights)),
        configs_(std::move(configs)),
        statistics_(std::move(statistics)) {}

  const ModelInfo& info() const override { return info_; }
  const Architecture& architecture() const override { return architecture_; }
  const SubnetConfig* Config(std::string_view subnet) const override {
    const auto found = configs_.find(subnet);
    return found == configs_.end() ? nullptr : &found->second;
  }
  const SubnetStatistics& Statistics(std::string_view subnet) const override {
    static const SubnetStatistics kNone;
    const auto found = statistics_.find(subnet);
    return found == statistics_.end() ? kNone : found->second;
  }
  std::span<const float> Weight(std::string_view key) const override {
    const auto found = weights_.tensors.find(key);
    return found == weights_.tensors.end() ? std::span<const float>() : found->second;
  }

 private:
  const ModelInfo info_;
  const Architecture architecture_;
  const WeightSet weights_;
  const std::map<std::string, SubnetConfig, std::less<>> configs_;
  const StatisticsBySubnet statistics_;
};

bool AllFinite(std::span<const float> values) {
  return std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); });
}

absl::StatusOr<WeightSet> CollectWeights(const Architecture& architecture, SafetensorsFile file) {
  auto owner = std::make_shared<const SafetensorsFile>(std::move(file));
  WeightSet weights{{}, owner};
  DYNOFA_ASSIGN_OR_RETURN(const std::vector<TensorShape> shapes, StateDictShapes(architecture));
  for (const TensorShape& tensor : shapes) {
    DYNOFA_ASSIGN_OR_RETURN(const std::span<const float> values,
                            owner->Floats(tensor.key, tensor.shape));
    DYNOFA_RETURN_IF_ERROR(CheckValues(owner->name(), tensor.key, values));
    weights.tensors.emplace(tensor.key, values);
  }
  for (const auto& [key, entry] : owner->entries()) {
    // The reference counts batches in tensors that inference has no use for.
    if (weights.tensors.contains(key) || key.ends_with(".num_batches_tracked")) continue;
    return absl::InvalidArgumentError(base::StrCat(
        owner->name(), ": tensor \"", key, "\" is not part of the architecture in model.toml"));
  }
  return weights;
}

absl::StatusOr<std::vector<float>> Vector(const SafetensorsFile& file, const std::string& key,
                                          int channels) {
  const std::array<std::int64_t, 1> shape = {channels};
  DYNOFA_ASSIGN_OR_RETURN(const std::span<const float> values, file.Floats(key, shape));
  DYNOFA_RETURN_IF_ERROR(CheckValues(file.name(), key, values));
  return std::vector<float>(values.begin(), values.end());
}

// Reads what `file` has for one subnet and strikes it off `unread`.
absl::StatusOr<SubnetStatistics> ReadSubnetStatistics(const Architecture& architecture,
                                                      const Subnet& subnet,
                                                      const SafetensorsFile& file,
                                                      std::set<std::string_view>& unread) {
  DYNOFA_ASSIGN_OR_RETURN(const NetPlan plan, MakePlan(architecture, subnet.config));
  SubnetStatistics statistics;
  for (const BatchNormLayer& layer : BatchNormLayers(plan)) {
    const std::string mean = base::StrCat(subnet.id, "/", layer.prefix, ".running_mean");
    const std::string variance = base::StrCat(subnet.id, "/", layer.prefix, ".running_var");
    if (file.Find(mean) == nullptr && file.Find(variance) == nullptr) continue;
    BatchNormStats& stats = statistics[layer.prefix];
    DYNOFA_ASSIGN_OR_RETURN(stats.mean, Vector(file, mean, layer.channels));
    DYNOFA_ASSIGN_OR_RETURN(stats.variance, Vector(file, variance, layer.channels));
    unread.erase(mean);
    unread.erase(variance);
  }
  return statistics;
}

absl::StatusOr<StatisticsBySubnet> CollectStatistics(const Manifest& manifest,
                                                     const SafetensorsFile& file) {
  std::set<std::string_view> unread;
  for (const auto& [key, entry] : file.entries()) unread.insert(key);
  StatisticsBySubnet statistics;
  for (const Subnet& subnet : manifest.subnets) {
    DYNOFA_ASSIGN_OR_RETURN(statistics[subnet.id],
                            ReadSubnetStatistics(manifest.architecture, subnet, file, unread));
  }
  if (!unread.empty()) {
    return absl::InvalidArgumentError(base::StrCat(
        file.name(), ": tensor \"", *unread.begin(),
        "\" belongs to no subnet of model.toml, or to a layer that the subnet does not run"));
  }
  return statistics;
}

// Absent statistics are allowed; unreadable ones are not.
absl::StatusOr<std::optional<SafetensorsFile>> ReadStatisticsFile(const std::string& path) {
  absl::StatusOr<SafetensorsFile> file = SafetensorsFile::Read(path);
  if (absl::IsNotFound(file.status())) return std::optional<SafetensorsFile>();
  if (!file.ok()) return file.status();
  return std::optional<SafetensorsFile>(*std::move(file));
}

absl::Status CheckStatistics(const Manifest& manifest, const OfaModel& model) {
  for (const Subnet& subnet : manifest.subnets) {
    DYNOFA_ASSIGN_OR_RETURN(const NetPlan plan, MakePlan(manifest.architecture, subnet.config));
    const SubnetStatistics& statistics = model.Statistics(subnet.id);
    for (const BatchNormLayer& layer : BatchNormLayers(plan)) {
      if (statistics.contains(layer.prefix)) continue;
      return absl::FailedPreconditionError(
          base::StrCat("subnet \"", subnet.id, "\" has no batch-norm statistics for \"",
                       layer.prefix, "\" in ", kStatisticsFile, ", and ", kManifestFile,
                       " requires them; run dynofa-model calibrate on the directory"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckValues(const std::string& file, const std::string& key,
                         std::span<const float> values) {
  if (!AllFinite(values)) {
    return absl::InvalidArgumentError(
        base::StrCat(file, ": tensor \"", key, "\" has a value that is not a finite number"));
  }
  const bool variance = key.ends_with(".running_var");
  if (variance && std::any_of(values.begin(), values.end(), [](float v) { return v < 0; })) {
    return absl::InvalidArgumentError(
        base::StrCat(file, ": tensor \"", key, "\" has a negative variance"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<const OfaModel>> LoadModel(const std::string& directory) {
  DYNOFA_ASSIGN_OR_RETURN(const base::TomlTable table,
                          ReadTomlFile(base::StrCat(directory, "/", kManifestFile)));
  DYNOFA_ASSIGN_OR_RETURN(const Manifest manifest, ReadManifest(table));
  DYNOFA_ASSIGN_OR_RETURN(SafetensorsFile weights,
                          SafetensorsFile::Read(base::StrCat(directory, "/", kWeightsFile)));
  DYNOFA_ASSIGN_OR_RETURN(std::optional<SafetensorsFile> statistics,
                          ReadStatisticsFile(base::StrCat(directory, "/", kStatisticsFile)));
  absl::StatusOr<std::shared_ptr<const OfaModel>> model =
      MakeModel(manifest, std::move(weights), std::move(statistics));
  if (!model.ok()) return base::Annotate(model.status(), directory);
  if (manifest.require_statistics) {
    const absl::Status status = CheckStatistics(manifest, **model);
    if (!status.ok()) return base::Annotate(status, directory);
  }
  return model;
}

absl::StatusOr<std::shared_ptr<const OfaModel>> MakeModel(
    const Manifest& manifest, SafetensorsFile weights, std::optional<SafetensorsFile> statistics) {
  std::vector<std::span<const std::byte>> contents = {weights.contents()};
  StatisticsBySubnet by_subnet;
  if (statistics) {
    contents.push_back(statistics->contents());
    DYNOFA_ASSIGN_OR_RETURN(by_subnet, CollectStatistics(manifest, *statistics));
  }
  DYNOFA_ASSIGN_OR_RETURN(std::string digest, Sha256Hex(contents));
  DYNOFA_ASSIGN_OR_RETURN(WeightSet set, CollectWeights(manifest.architecture, std::move(weights)));
  return MakeModel(manifest, std::move(set), std::move(by_subnet), std::move(digest));
}

absl::StatusOr<std::shared_ptr<const OfaModel>> MakeModel(const Manifest& manifest,
                                                          WeightSet weights,
                                                          StatisticsBySubnet statistics,
                                                          std::string digest) {
  DYNOFA_ASSIGN_OR_RETURN(ModelInfo info, Describe(manifest));
  info.weights_digest = std::move(digest);
  std::map<std::string, SubnetConfig, std::less<>> configs;
  for (const Subnet& subnet : manifest.subnets) configs.emplace(subnet.id, subnet.config);
  return std::make_shared<const LoadedModel>(std::move(info), manifest.architecture,
                                             std::move(weights), std::move(configs),
                                             std::move(statistics));
}

}  // namespace dynofa::engine::ofa
