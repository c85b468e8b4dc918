#include <cstdio>
#include <filesystem>
#include <memory>
#include <span>
#include <sstream>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/engine/checkpoint/git_blob.h"
#include "daemon/engine/checkpoint/state_dict.h"
#include "daemon/engine/files.h"
#include "daemon/engine/ofa/model.h"
#include "daemon/engine/ofa/published.h"
#include "daemon/engine/ofa/supernet_import.h"
#include "daemon/engine/safetensors.h"
#include "daemon/engine/toml_file.h"
#include "daemon/tools/model_commands.h"
#include "daemon/tools/model_directory.h"

namespace dynofa::tools {
namespace {

namespace fs = std::filesystem;
using engine::checkpoint::StateDict;
using engine::ofa::Architecture;
using engine::ofa::Manifest;
using engine::ofa::PublishedCatalogue;

constexpr int kImageNetClasses = 1000;

struct ImportArguments {
  std::string file;
  std::string output;
  std::string name;  ///< empty: by the width
  std::string labels;
  std::string subnets;
  std::string expected_blob;
};

// What the file is, as far as its contents tell.
struct Origin {
  bool published = false;  ///< one of the known files
  std::string text;
};

absl::StatusOr<Origin> Identify(const StateDict& dict, const std::string& expected_blob) {
  DYNOFA_ASSIGN_OR_RETURN(const std::string blob, engine::checkpoint::GitBlobId(dict.contents()));
  if (!expected_blob.empty() && blob != expected_blob) {
    return absl::InvalidArgumentError(base::StrCat(dict.name(), ": has git blob id ", blob,
                                                   ", not ", expected_blob, ": another file"));
  }
  const auto* published = engine::ofa::FindPublishedCheckpoint(blob);
  if (published != nullptr) {
    return Origin{true, base::StrCat("imported from han-cai/files ofa/ofa_nets/", published->file,
                                     " (git blob ", blob, ")")};
  }
  return Origin{false, base::StrCat("imported from ", fs::path(dict.name()).filename().string(),
                                    " (git blob ", blob, ", none of the published supernets)")};
}

absl::StatusOr<std::vector<std::string>> ReadLabels(const std::string& path) {
  constexpr std::int64_t kMaxLabels = std::int64_t{16} << 20;
  DYNOFA_ASSIGN_OR_RETURN(const std::vector<std::byte> text,
                          engine::ReadWholeFile(path, kMaxLabels));
  std::istringstream lines(std::string(reinterpret_cast<const char*>(text.data()), text.size()));
  std::vector<std::string> labels;
  for (std::string line; std::getline(lines, line);) {
    if (line.ends_with('\r')) line.pop_back();
    labels.push_back(std::move(line));
  }
  return labels;
}

absl::StatusOr<PublishedCatalogue> Catalogue(const ImportArguments& arguments, bool published,
                                             const Architecture& architecture) {
  if (!arguments.subnets.empty()) {
    DYNOFA_ASSIGN_OR_RETURN(const base::TomlTable table, engine::ReadTomlFile(arguments.subnets));
    DYNOFA_RETURN_IF_ERROR(table.CheckKeys({"subnet"}));
    DYNOFA_ASSIGN_OR_RETURN(auto subnets, engine::ofa::ReadSubnets(table, architecture));
    return PublishedCatalogue{std::move(subnets), base::StrCat("subnets of ", arguments.subnets)};
  }
  if (architecture.classes != kImageNetClasses) {
    return absl::InvalidArgumentError(
        base::StrCat(arguments.file, ": has ", architecture.classes,
                     " classes; the published subnets are for ImageNet's 1000: give --subnets"));
  }
  PublishedCatalogue catalogue = engine::ofa::PublishedSubnets(architecture.width_mult);
  if (published) return catalogue;
  // The figures say nothing about other weights of the same shape.
  for (engine::ofa::Subnet& subnet : catalogue.subnets) {
    subnet.accuracy_evidence = policies::Evidence::kUnknown;
  }
  catalogue.source += "; for weights other than the published ones that top-1 means nothing";
  return catalogue;
}

absl::StatusOr<Manifest> MakeManifest(const ImportArguments& arguments, const Origin& origin,
                                      const Architecture& architecture) {
  DYNOFA_ASSIGN_OR_RETURN(PublishedCatalogue catalogue,
                          Catalogue(arguments, origin.published, architecture));
  Manifest manifest{.name = arguments.name,
                    .provenance = base::StrCat(origin.text, "; ", catalogue.source),
                    // The supernet's own statistics are of no subnet in particular.
                    .require_statistics = true,
                    .architecture = architecture,
                    .subnets = std::move(catalogue.subnets)};
  if (manifest.name.empty()) {
    manifest.name = architecture.width_mult == 1.0 ? "ofa-mbv3-w1.0" : "ofa-mbv3-w1.2";
  }
  if (!arguments.labels.empty()) {
    DYNOFA_ASSIGN_OR_RETURN(manifest.labels, ReadLabels(arguments.labels));
  }
  // What could not be read back is not written.
  const std::string path = arguments.output + "/" + engine::ofa::kManifestFile;
  DYNOFA_ASSIGN_OR_RETURN(const base::TomlTable table,
                          base::TomlTable::Parse(engine::ofa::ManifestText(manifest), path));
  return engine::ofa::ReadManifest(table);
}

// Statistics that lie there would be taken for those of the new weights.
absl::Status PrepareDirectory(const std::string& directory) {
  for (const char* file : {engine::ofa::kManifestFile, engine::ofa::kStatisticsFile}) {
    const std::string path = directory + "/" + file;
    std::error_code unknown;  // what cannot be looked at cannot be written either
    if (fs::exists(path, unknown)) {
      return absl::AlreadyExistsError(
          base::StrCat(path, ": is there already; import into another directory"));
    }
  }
  std::error_code error;
  fs::create_directories(directory, error);
  return error ? base::ErrnoStatus(error.value(), directory) : absl::OkStatus();
}

absl::Status WriteWeights(const std::string& directory,
                          const std::vector<engine::Tensor>& tensors) {
  std::vector<engine::SafetensorsTensor> views;
  for (const engine::Tensor& tensor : tensors) {
    views.push_back(
        {tensor.name, engine::SafetensorsType::kF32, tensor.shape, std::span(tensor.bytes)});
  }
  return engine::WriteSafetensors(directory + "/" + engine::ofa::kWeightsFile, views);
}

void PrintSubnets(const engine::ModelInfo& info) {
  for (const engine::SubnetInfo& subnet : info.catalogue) {
    std::printf("%-20s %3d px  %7.2f MMACs  %5.2f M parameters  top-1 %.4f (%s)\n",
                subnet.id.c_str(), subnet.resolution, 1e-6 * static_cast<double>(subnet.macs),
                1e-6 * static_cast<double>(subnet.parameters), subnet.accuracy,
                std::string(policies::EvidenceName(subnet.accuracy_evidence)).c_str());
  }
}

absl::Status Import(const ImportArguments& arguments) {
  DYNOFA_ASSIGN_OR_RETURN(const StateDict dict, StateDict::Read(arguments.file));
  DYNOFA_ASSIGN_OR_RETURN(const Origin origin, Identify(dict, arguments.expected_blob));
  DYNOFA_ASSIGN_OR_RETURN(const Architecture architecture,
                          engine::ofa::RecogniseArchitecture(dict));
  DYNOFA_ASSIGN_OR_RETURN(const std::vector<engine::Tensor> tensors,
                          engine::ofa::TakeTensors(architecture, dict));
  DYNOFA_ASSIGN_OR_RETURN(const Manifest manifest, MakeManifest(arguments, origin, architecture));
  DYNOFA_ASSIGN_OR_RETURN(const engine::ModelInfo info, engine::ofa::Describe(manifest));
  DYNOFA_RETURN_IF_ERROR(PrepareDirectory(arguments.output));
  DYNOFA_RETURN_IF_ERROR(WriteWeights(arguments.output, tensors));
  DYNOFA_RETURN_IF_ERROR(WriteModelManifest(arguments.output, manifest));
  std::printf("%s\nOFA MobileNetV3, width %.1f, %d classes, %zu tensors; %zu subnets:\n",
              manifest.provenance.c_str(), architecture.width_mult, architecture.classes,
              tensors.size(), info.catalogue.size());
  PrintSubnets(info);
  std::printf(
      "The subnets need batch-norm statistics before the model can be loaded:\n"
      "  dynofa-model calibrate --model %s --data TRAINING-IMAGES\n",
      arguments.output.c_str());
  return absl::OkStatus();
}

}  // namespace

void AddImportCommand(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<ImportArguments>();
  CLI::App* command = app.add_subcommand(
      "import",
      "Makes a model directory of a published OFA MobileNetV3 supernet (width 1.0 or 1.2)");
  command
      ->add_option("file", arguments->file,
                   "Checkpoint: .pth of torch.save, of both formats, or .safetensors")
      ->required();
  command->add_option("--out", arguments->output, "Model directory to write")->required();
  command->add_option("--name", arguments->name, "Name of the model (default: by its width)");
  command->add_option("--labels", arguments->labels,
                      "File with a label per line, in the order of the classes");
  command->add_option("--subnets", arguments->subnets,
                      "File with [[subnet]] tables as in model.toml, in place of the published "
                      "subnets");
  command->add_option("--expect-blob", arguments->expected_blob,
                      "Refuse the file unless git's blob id of it is this one");
  command->callback(
      [arguments, &action]() { action = [arguments]() { return Import(*arguments); }; });
}

}  // namespace dynofa::tools
