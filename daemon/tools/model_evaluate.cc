#include <algorithm>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/engine/loader/loader.h"
#include "daemon/engine/preprocess.h"
#include "daemon/engine/supernet.h"
#include "daemon/tools/class_folders.h"
#include "daemon/tools/images.h"
#include "daemon/tools/model_commands.h"
#include "daemon/tools/model_directory.h"
#include "daemon/tools/skipped_images.h"

namespace dynofa::tools {
namespace {

struct EvaluateArguments {
  std::string model;
  std::string data;
  std::string level = "all";
  std::string backend;    ///< empty: the fastest there is
  std::size_t limit = 0;  ///< images per class; 0 means all
  int threads = 1;
  bool json = false;
  bool update = false;
};

struct Result {
  engine::SubnetInfo subnet;
  std::size_t correct = 0;
  std::size_t images = 0;

  double top1() const { return static_cast<double>(correct) / static_cast<double>(images); }
};

// Keeps the first `limit` files of each class.
void Limit(std::size_t limit, ClassFolders& folders) {
  if (limit == 0) return;
  std::vector<std::size_t> taken(folders.classes.size(), 0);
  std::erase_if(folders.files, [&](const LabelledFile& file) {
    return ++taken[static_cast<std::size_t>(file.label)] > limit;
  });
}

absl::StatusOr<engine::Tensor> ReadTensor(const std::string& path) {
  DYNOFA_ASSIGN_OR_RETURN(const Image image, ReadImage(path));
  engine::Tensor tensor{.type = engine::DataType::kUint8,
                        .shape = {1, image.height, image.width, 3}};
  const auto bytes = std::as_bytes(std::span(image.pixels));
  tensor.bytes.assign(bytes.begin(), bytes.end());
  return tensor;
}

// Runs subnets on images exactly as a request does: the same resize, the same backend.
class Evaluation {
 public:
  static absl::StatusOr<Evaluation> Create(const EvaluateArguments& arguments) {
    const std::vector<std::string_view> backends = engine::BackendNames();
    const std::string backend =
        arguments.backend.empty() ? std::string(backends.front()) : arguments.backend;
    DYNOFA_ASSIGN_OR_RETURN(auto supernet, engine::LoadSupernet(arguments.model, backend));
    Evaluation evaluation(std::move(supernet));
    for (const engine::SubnetInfo& info : evaluation.supernet_->info().catalogue) {
      if (arguments.level != "all" && arguments.level != info.id) continue;
      DYNOFA_ASSIGN_OR_RETURN(evaluation.subnets_.emplace_back(),
                              evaluation.supernet_->Prepare(info.id));
      evaluation.results_.push_back({.subnet = info});
    }
    if (evaluation.subnets_.empty()) {
      return absl::NotFoundError(base::StrCat("there is no subnet \"", arguments.level, "\""));
    }
    DYNOFA_ASSIGN_OR_RETURN(evaluation.workspace_,
                            evaluation.supernet_->NewWorkspace(arguments.threads));
    return evaluation;
  }

  absl::Status Add(const engine::Tensor& image, std::size_t label) {
    for (std::size_t i = 0; i < subnets_.size(); ++i) {
      const int resolution = subnets_[i]->info().resolution;
      std::vector<float> input(static_cast<std::size_t>(resolution) * resolution * 3);
      DYNOFA_RETURN_IF_ERROR(
          engine::MakeInput(image, supernet_->info().preprocessing, resolution, input));
      std::vector<float> logits(static_cast<std::size_t>(supernet_->info().classes));
      DYNOFA_RETURN_IF_ERROR(subnets_[i]->Run(input, logits, *workspace_));
      const auto best = std::max_element(logits.begin(), logits.end()) - logits.begin();
      results_[i].correct += static_cast<std::size_t>(best) == label ? 1 : 0;
      ++results_[i].images;
    }
    return absl::OkStatus();
  }

  const engine::Supernet& supernet() const { return *supernet_; }
  const std::vector<Result>& results() const { return results_; }

 private:
  explicit Evaluation(std::shared_ptr<engine::Supernet> supernet)
      : supernet_(std::move(supernet)) {}

  std::shared_ptr<engine::Supernet> supernet_;
  std::vector<std::shared_ptr<const engine::PreparedSubnet>> subnets_;
  std::unique_ptr<engine::Workspace> workspace_;
  std::vector<Result> results_;
};

void PrintText(const Evaluation& evaluation) {
  std::printf("model %s, backend %s; top-1 measured on the given images\n",
              evaluation.supernet().info().name.c_str(),
              std::string(evaluation.supernet().backend()).c_str());
  for (const Result& result : evaluation.results()) {
    std::printf("%-20s %8.2f MMACs  top-1 %.4f  (%zu of %zu)\n", result.subnet.id.c_str(),
                1e-6 * static_cast<double>(result.subnet.macs), result.top1(), result.correct,
                result.images);
  }
}

void PrintJson(const Evaluation& evaluation) {
  nlohmann::json subnets = nlohmann::json::array();
  for (const Result& result : evaluation.results()) {
    subnets.push_back({{"id", result.subnet.id},
                       {"macs", result.subnet.macs},
                       {"top1", result.top1()},
                       {"correct", result.correct},
                       {"images", result.images},
                       {"evidence", "measured"}});
  }
  const nlohmann::json json = {{"model", evaluation.supernet().info().name},
                               {"backend", std::string(evaluation.supernet().backend())},
                               {"weights", evaluation.supernet().info().weights_digest},
                               {"subnets", subnets}};
  std::puts(json.dump(2).c_str());
}

absl::Status UpdateManifest(const std::string& directory, const std::vector<Result>& results) {
  DYNOFA_ASSIGN_OR_RETURN(engine::ofa::Manifest manifest, ReadModelManifest(directory));
  for (engine::ofa::Subnet& subnet : manifest.subnets) {
    for (const Result& result : results) {
      if (result.subnet.id != subnet.id) continue;
      subnet.accuracy = result.top1();
      subnet.accuracy_evidence = policies::Evidence::kMeasured;
    }
  }
  return WriteModelManifest(directory, manifest);
}

absl::Status Evaluate(const EvaluateArguments& arguments) {
  DYNOFA_ASSIGN_OR_RETURN(ClassFolders folders, ListClassFolders(arguments.data));
  Limit(arguments.limit, folders);
  DYNOFA_ASSIGN_OR_RETURN(Evaluation evaluation, Evaluation::Create(arguments));
  DYNOFA_ASSIGN_OR_RETURN(const std::vector<std::size_t> labels,
                          MatchLabels(folders, evaluation.supernet().info().labels));
  SkippedImages skipped;
  for (const LabelledFile& file : folders.files) {
    const absl::StatusOr<engine::Tensor> image = ReadTensor(file.path);
    DYNOFA_RETURN_IF_ERROR(
        image.ok() ? evaluation.Add(*image, labels[static_cast<std::size_t>(file.label)])
                   : skipped.Add(image.status()));
  }
  DYNOFA_RETURN_IF_ERROR(skipped.Finish(folders.files.size()));
  arguments.json ? PrintJson(evaluation) : PrintText(evaluation);
  if (!arguments.update) return absl::OkStatus();
  return UpdateManifest(arguments.model, evaluation.results());
}

}  // namespace

void AddEvaluateCommand(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<EvaluateArguments>();
  CLI::App* command = app.add_subcommand(
      "evaluate",
      "Measures the top-1 of subnets on class folders of images, prepared and run as "
      "requests are");
  command->add_option("--model", arguments->model, "Model directory")->required();
  command->add_option("--data", arguments->data, "Images: DIR/<label>/*.jpg or .png")->required();
  command->add_option("--level", arguments->level, "A subnet's id, or all")->capture_default_str();
  command->add_option("--limit", arguments->limit, "Images per class; 0 means all")
      ->capture_default_str();
  command->add_option("--backend", arguments->backend, "cpu or torch (default: the fastest)")
      ->check(CLI::IsMember({"cpu", "torch"}));
  command->add_option("--threads", arguments->threads, "Threads on CPUs")->capture_default_str();
  command->add_flag("--json", arguments->json, "Print JSON");
  command->add_flag("--update", arguments->update, "Write the figures into model.toml");
  command->callback(
      [arguments, &action]() { action = [arguments]() { return Evaluate(*arguments); }; });
}

}  // namespace dynofa::tools
