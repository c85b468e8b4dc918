#include "daemon/engine/ofa/manifest.h"

#include <algorithm>
#include <set>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"

namespace dynofa::engine::ofa {
namespace {

using base::TomlTable;

constexpr std::size_t kMaxSubnets = 4096;
constexpr std::size_t kMaxIdLength = 64;
constexpr int kMaxInt = 1 << 20;  // loose: MakePlan() knows the real bounds

bool IsId(std::string_view id) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  };
  return !id.empty() && id.size() <= kMaxIdLength && std::all_of(id.begin(), id.end(), allowed);
}

absl::StatusOr<std::string> IdOf(const TomlTable& table, std::string_view key) {
  DYNOFA_ASSIGN_OR_RETURN(std::string id, table.String(key));
  if (!IsId(id)) return table.Error(key, "must be 1 to 64 of a-z, 0-9, '.', '_' and '-'");
  return id;
}

absl::Status ReadPreprocessing(const TomlTable& input, Preprocessing& preprocessing) {
  DYNOFA_ASSIGN_OR_RETURN(preprocessing.crop_ratio, input.Number("crop_ratio", 0.1, 1.0));
  DYNOFA_ASSIGN_OR_RETURN(const std::vector<double> mean, input.Numbers("mean", 3));
  DYNOFA_ASSIGN_OR_RETURN(const std::vector<double> stddev, input.Numbers("stddev", 3));
  for (std::size_t channel = 0; channel < 3; ++channel) {
    if (!(stddev[channel] >= 1e-6 && stddev[channel] <= 1e6)) {
      return input.Error("stddev", "must be above zero");
    }
    if (!(mean[channel] >= -1e6 && mean[channel] <= 1e6)) {
      return input.Error("mean", "must be finite");
    }
    preprocessing.mean[channel] = static_cast<float>(mean[channel]);
    preprocessing.stddev[channel] = static_cast<float>(stddev[channel]);
  }
  return absl::OkStatus();
}

absl::StatusOr<StageSpec> ReadStage(const TomlTable& table) {
  DYNOFA_RETURN_IF_ERROR(
      table.CheckKeys({"width", "stride", "activation", "squeeze_excite", "max_depth"}));
  StageSpec stage;
  DYNOFA_ASSIGN_OR_RETURN(stage.width, table.Int("width", 1, kMaxInt));
  DYNOFA_ASSIGN_OR_RETURN(stage.stride, table.Int("stride", 1, 2));
  DYNOFA_ASSIGN_OR_RETURN(const std::string activation, table.String("activation"));
  if (activation != "relu" && activation != "h_swish") {
    return table.Error("activation", "must be \"relu\" or \"h_swish\"");
  }
  stage.activation = activation == "relu" ? Activation::kRelu : Activation::kHSwish;
  DYNOFA_ASSIGN_OR_RETURN(stage.squeeze_excite, table.Bool("squeeze_excite"));
  DYNOFA_ASSIGN_OR_RETURN(stage.max_depth, table.Int("max_depth", 1, kMaxInt));
  return stage;
}

absl::StatusOr<Architecture> ReadArchitecture(const TomlTable& table) {
  DYNOFA_RETURN_IF_ERROR(table.CheckKeys({"width_mult", "classes", "stem_width", "stem_stride",
                                          "first_block_width", "final_expand_width", "last_width",
                                          "kernels", "expands", "depths", "bn_epsilon", "stage"}));
  Architecture a;
  DYNOFA_ASSIGN_OR_RETURN(a.width_mult, table.Number("width_mult", 0, kMaxInt));
  DYNOFA_ASSIGN_OR_RETURN(a.classes, table.Int("classes", 1, kMaxInt));
  DYNOFA_ASSIGN_OR_RETURN(a.stem_width, table.Int("stem_width", 1, kMaxInt));
  DYNOFA_ASSIGN_OR_RETURN(a.stem_stride, table.Int("stem_stride", 1, 2));
  DYNOFA_ASSIGN_OR_RETURN(a.first_block_width, table.Int("first_block_width", 1, kMaxInt));
  DYNOFA_ASSIGN_OR_RETURN(a.final_expand_width, table.Int("final_expand_width", 1, kMaxInt));
  DYNOFA_ASSIGN_OR_RETURN(a.last_width, table.Int("last_width", 1, kMaxInt));
  DYNOFA_ASSIGN_OR_RETURN(a.kernels, table.Ints("kernels"));
  DYNOFA_ASSIGN_OR_RETURN(a.expands, table.Ints("expands"));
  DYNOFA_ASSIGN_OR_RETURN(a.depths, table.Ints("depths"));
  DYNOFA_ASSIGN_OR_RETURN(a.bn_epsilon, table.Number("bn_epsilon", 0, 1));
  DYNOFA_ASSIGN_OR_RETURN(const std::vector<TomlTable> stages, table.Tables("stage"));
  for (const TomlTable& stage : stages) {
    DYNOFA_ASSIGN_OR_RETURN(a.stages.emplace_back(), ReadStage(stage));
  }
  return a;
}

absl::StatusOr<Subnet> ReadSubnet(const TomlTable& table, const Architecture& architecture) {
  DYNOFA_RETURN_IF_ERROR(table.CheckKeys(
      {"id", "resolution", "kernels", "expands", "depths", "accuracy", "accuracy_evidence"}));
  Subnet subnet;
  DYNOFA_ASSIGN_OR_RETURN(subnet.id, IdOf(table, "id"));
  DYNOFA_ASSIGN_OR_RETURN(subnet.config.resolution, table.Int("resolution", 1, kMaxInt));
  DYNOFA_ASSIGN_OR_RETURN(subnet.config.kernels, table.Ints("kernels"));
  DYNOFA_ASSIGN_OR_RETURN(subnet.config.expands, table.Ints("expands"));
  DYNOFA_ASSIGN_OR_RETURN(subnet.config.depths, table.Ints("depths"));
  DYNOFA_ASSIGN_OR_RETURN(subnet.accuracy, table.Number("accuracy", 0, 1));
  DYNOFA_ASSIGN_OR_RETURN(const std::string evidence, table.String("accuracy_evidence"));
  subnet.accuracy_evidence = policies::EvidenceFromName(evidence);
  if (policies::EvidenceName(subnet.accuracy_evidence) != evidence) {
    return table.Error("accuracy_evidence",
                       "must be unknown, measured, emulated, published or modelled");
  }
  const absl::StatusOr<NetPlan> plan = MakePlan(architecture, subnet.config);
  if (!plan.ok()) {
    return table.Error("id", base::StrCat("\"", subnet.id, "\": ", plan.status().message()));
  }
  return subnet;
}

absl::Status ReadHead(const TomlTable& table, Manifest& manifest) {
  DYNOFA_RETURN_IF_ERROR(
      table.CheckKeys({"name", "version", "family", "provenance", "labels", "require_statistics",
                       "input", "output", "architecture", "subnet"}));
  DYNOFA_ASSIGN_OR_RETURN(const std::string family, table.String("family"));
  if (family != kFamily) {
    return table.Error("family", base::StrCat("must be \"", kFamily, "\""));
  }
  DYNOFA_ASSIGN_OR_RETURN(manifest.name, IdOf(table, "name"));
  DYNOFA_ASSIGN_OR_RETURN(manifest.version, table.String("version"));
  const std::string& version = manifest.version;
  if (version.empty() || version.size() > 18 ||
      version.find_first_not_of("0123456789") != std::string::npos) {
    return table.Error("version", "must be a whole number in quotes, such as \"1\"");
  }
  DYNOFA_ASSIGN_OR_RETURN(manifest.provenance, table.String("provenance"));
  DYNOFA_ASSIGN_OR_RETURN(manifest.labels, table.Strings("labels"));
  if (table.Has("require_statistics")) {
    DYNOFA_ASSIGN_OR_RETURN(manifest.require_statistics, table.Bool("require_statistics"));
  }
  return absl::OkStatus();
}

absl::Status ReadInputAndOutput(const TomlTable& table, Manifest& manifest) {
  DYNOFA_ASSIGN_OR_RETURN(const TomlTable input, table.Table("input"));
  DYNOFA_RETURN_IF_ERROR(input.CheckKeys({"name", "crop_ratio", "mean", "stddev"}));
  DYNOFA_ASSIGN_OR_RETURN(manifest.input_name, IdOf(input, "name"));
  DYNOFA_RETURN_IF_ERROR(ReadPreprocessing(input, manifest.preprocessing));
  DYNOFA_ASSIGN_OR_RETURN(const TomlTable output, table.Table("output"));
  DYNOFA_RETURN_IF_ERROR(output.CheckKeys({"name"}));
  DYNOFA_ASSIGN_OR_RETURN(manifest.output_name, IdOf(output, "name"));
  return absl::OkStatus();
}

absl::StatusOr<SubnetInfo> DescribeSubnet(const Subnet& subnet, const Architecture& architecture) {
  if (!IsId(subnet.id)) {
    return absl::InvalidArgumentError(base::StrCat(
        "subnet id \"", subnet.id, "\" must be 1 to 64 of a-z, 0-9, '.', '_' and '-'"));
  }
  const absl::StatusOr<NetPlan> plan = MakePlan(architecture, subnet.config);
  if (!plan.ok()) {
    return base::Annotate(plan.status(), base::StrCat("subnet \"", subnet.id, "\""));
  }
  return SubnetInfo{subnet.id,  subnet.config.resolution, subnet.accuracy, subnet.accuracy_evidence,
                    plan->macs, plan->parameters,         plan->layers};
}

}  // namespace

absl::StatusOr<Manifest> ReadManifest(const TomlTable& table) {
  Manifest manifest;
  DYNOFA_RETURN_IF_ERROR(ReadHead(table, manifest));
  DYNOFA_RETURN_IF_ERROR(ReadInputAndOutput(table, manifest));
  DYNOFA_ASSIGN_OR_RETURN(const TomlTable architecture, table.Table("architecture"));
  DYNOFA_ASSIGN_OR_RETURN(manifest.architecture, ReadArchitecture(architecture));
  const absl::Status shapes = StateDictShapes(manifest.architecture).status();
  if (!shapes.ok()) return table.Error("architecture", base::FromAbsl(shapes.message()));
  const std::size_t labels = manifest.labels.size();
  if (labels != 0 && labels != static_cast<std::size_t>(manifest.architecture.classes)) {
    return table.Error("labels", base::StrCat("has ", labels, " entries, but there are ",
                                              manifest.architecture.classes, " classes"));
  }
  DYNOFA_ASSIGN_OR_RETURN(manifest.subnets, ReadSubnets(table, manifest.architecture));
  return manifest;
}

absl::StatusOr<std::vector<Subnet>> ReadSubnets(const TomlTable& table,
                                                const Architecture& architecture) {
  DYNOFA_ASSIGN_OR_RETURN(const std::vector<TomlTable> tables, table.Tables("subnet"));
  if (tables.size() > kMaxSubnets) {
    return table.Error("subnet", base::StrCat("has more than ", kMaxSubnets, " entries"));
  }
  std::vector<Subnet> subnets;
  for (const TomlTable& subnet : tables) {
    DYNOFA_ASSIGN_OR_RETURN(subnets.emplace_back(), ReadSubnet(subnet, architecture));
  }
  return subnets;
}

absl::StatusOr<ModelInfo> Describe(const Manifest& manifest) {
  if (manifest.subnets.empty()) return absl::InvalidArgumentError("there is no subnet");
  ModelInfo info{.name = manifest.name,
                 .version = manifest.version,
                 .family = std::string(kFamily),
                 .input_name = manifest.input_name,
                 .output_name = manifest.output_name,
                 .classes = manifest.architecture.classes,
                 .labels = manifest.labels,
                 .preprocessing = manifest.preprocessing,
                 .provenance = manifest.provenance};
  std::set<std::string_view> ids;
  for (const Subnet& subnet : manifest.subnets) {
    if (!ids.insert(subnet.id).second) {
      return absl::InvalidArgumentError(base::StrCat("subnet \"", subnet.id, "\" is there twice"));
    }
    DYNOFA_ASSIGN_OR_RETURN(info.catalogue.emplace_back(),
                            DescribeSubnet(subnet, manifest.architecture));
  }
  std::stable_sort(info.catalogue.begin(), info.catalogue.end(),
                   [](const SubnetInfo& a, const SubnetInfo& b) { return a.macs < b.macs; });
  return info;
}

}  // namespace dynofa::engine::ofa
