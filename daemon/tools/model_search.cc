#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/engine/files.h"
#include "daemon/engine/ofa/model.h"
#include "daemon/tools/class_folders.h"
#include "daemon/tools/dataset.h"
#include "daemon/tools/model_commands.h"
#include "daemon/tools/model_directory.h"
#include "daemon/tools/search/report.h"
#include "daemon/tools/search/search.h"

namespace dynofa::tools {
namespace {

using engine::ofa::Manifest;

struct SearchArguments {
  std::string model;
  std::string data;
  std::string output;  ///< empty: the model itself
  std::string report;
  std::vector<int> resolutions;  ///< empty: those of the catalogue
  std::size_t holdout = 5000;
  std::uint64_t holdout_seed = 1;
  search::SearchOptions options;
};

// Each resolution that a subnet of the catalogue has.
std::vector<int> ResolutionsOf(const Manifest& manifest) {
  std::vector<int> resolutions;
  for (const engine::ofa::Subnet& subnet : manifest.subnets) {
    resolutions.push_back(subnet.config.resolution);
  }
  std::sort(resolutions.begin(), resolutions.end());
  resolutions.erase(std::unique(resolutions.begin(), resolutions.end()), resolutions.end());
  return resolutions;
}

absl::StatusOr<search::Space> SpaceOf(const SearchArguments& arguments, const Manifest& manifest) {
  search::Space space{manifest.architecture, arguments.resolutions};
  if (space.resolutions.empty()) space.resolutions = ResolutionsOf(manifest);
  std::sort(space.resolutions.begin(), space.resolutions.end());
  for (int resolution : space.resolutions) {
    DYNOFA_RETURN_IF_ERROR(
        engine::ofa::MakePlan(space.architecture, LargestSubnet(space.architecture, resolution))
            .status());
  }
  return space;
}

// The levels of every number of threads, cheapest first, each once.
std::vector<engine::ofa::Subnet> LevelsOf(const search::SearchResult& result) {
  std::vector<engine::ofa::Subnet> levels;
  for (const search::ThreadsResult& target : result.by_threads) {
    for (const search::MeasuredSubnet& subnet : target.candidates) {
      const std::string id = search::SubnetId(subnet.config);
      const bool known = std::any_of(levels.begin(), levels.end(),
                                     [&](const auto& level) { return level.id == id; });
      if (!subnet.level || known) continue;
      levels.push_back({id, subnet.config, subnet.accuracy, policies::Evidence::kMeasured});
    }
  }
  return levels;
}

absl::Status WriteLadder(const SearchArguments& arguments, Manifest manifest,
                         const search::SearchResult& result,
                         const engine::torch_backend::ImageSet& training) {
  manifest.subnets = LevelsOf(result);
  if (manifest.subnets.empty()) {
    return absl::FailedPreconditionError(
        "no subnet reaches the accuracy floor; the model directory is as it was");
  }
  const std::string& output = arguments.output.empty() ? arguments.model : arguments.output;
  if (output != arguments.model) {
    std::error_code error;
    std::filesystem::create_directories(output, error);
    const auto weights = std::string("/") + engine::ofa::kWeightsFile;
    if (!error) {
      std::filesystem::copy_file(arguments.model + weights, output + weights,
                                 std::filesystem::copy_options::overwrite_existing, error);
    }
    if (error) return base::ErrnoStatus(error.value(), output);
  }
  DYNOFA_RETURN_IF_ERROR(
      CalibrateModel(output, manifest, training,
                     {.images = arguments.options.final_protocol.calibration_images, .batch = 64}));
  return WriteModelManifest(output, manifest);
}

// Beside the model directory: what is in it gets installed.
std::string WorkFolderOf(std::string model) {
  while (model.size() > 1 && model.back() == '/') model.pop_back();
  return model + ".search";
}

// Numbers the images as the model numbers its classes. Without labels in the model the order of the
// folders has to be right.
absl::Status UseLabelsOf(const Manifest& manifest, Dataset& dataset) {
  if (manifest.labels.empty()) return absl::OkStatus();
  DYNOFA_ASSIGN_OR_RETURN(const std::vector<std::size_t> index,
                          MatchLabels({.classes = dataset.classes}, manifest.labels));
  for (std::int64_t& label : dataset.images.labels) {
    label = static_cast<std::int64_t>(index[static_cast<std::size_t>(label)]);
  }
  return absl::OkStatus();
}

absl::Status SearchCommand(SearchArguments arguments) {
  DYNOFA_ASSIGN_OR_RETURN(const Manifest manifest, ReadModelManifest(arguments.model));
  DYNOFA_ASSIGN_OR_RETURN(const search::Space space, SpaceOf(arguments, manifest));
  DYNOFA_ASSIGN_OR_RETURN(const auto model, LoadUncalibrated(arguments.model, manifest));
  DYNOFA_ASSIGN_OR_RETURN(Dataset dataset, ReadDataset(arguments.data));
  DYNOFA_RETURN_IF_ERROR(UseLabelsOf(manifest, dataset));
  if (dataset.images.size() <= arguments.holdout || arguments.holdout == 0) {
    return absl::InvalidArgumentError(base::StrCat(arguments.data, ": has ", dataset.images.size(),
                                                   " images; more are needed than are held out (",
                                                   arguments.holdout, ")"));
  }
  arguments.options.images_key = base::StrCat(arguments.data, " ", dataset.images.size(), " ",
                                              arguments.holdout, " ", arguments.holdout_seed);
  const auto holdout = TakeHoldout(dataset.images, arguments.holdout, arguments.holdout_seed);
  if (arguments.options.work.empty()) arguments.options.work = WorkFolderOf(arguments.model);

  const search::AccuracyMeter meter(model, dataset.images, holdout);
  const base::SteadyClock clock;
  const auto progress = [](const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); };
  DYNOFA_ASSIGN_OR_RETURN(const search::SearchResult result,
                          search::Search(model, space, meter, arguments.options, clock, progress));
  std::fputs(search::ReportText(result, arguments.options).c_str(), stdout);
  if (!arguments.report.empty()) {
    const std::string text = search::ReportJson(*model, result, arguments.options) + "\n";
    const std::span<const std::byte> parts[] = {std::as_bytes(std::span(text))};
    DYNOFA_RETURN_IF_ERROR(engine::WriteWholeFile(arguments.report, parts));
  }
  return WriteLadder(arguments, manifest, result, dataset.images);
}

void AddEffortOptions(CLI::App& command, search::SearchOptions& options) {
  command
      .add_option("--samples", options.samples, "Subnets that the accuracy predictor learns from")
      ->capture_default_str();
  command
      .add_option("--refinements", options.refinements,
                  "Subnets of the predicted front that are added to them")
      ->capture_default_str();
  command
      .add_option("--candidates", options.candidates,
                  "Subnets of the final front to measure in full")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command
      .add_option("--sample-calibration", options.sample_protocol.calibration_images,
                  "Training images that calibrate a sample")
      ->capture_default_str();
  command
      .add_option("--sample-images", options.sample_protocol.images,
                  "Held-out images that measure a sample")
      ->capture_default_str();
  command
      .add_option("--calibration", options.final_protocol.calibration_images,
                  "Training images that calibrate a candidate")
      ->capture_default_str();
  command.add_option("--population", options.evolution.population, "Subnets of a generation")
      ->check(CLI::Range(4, 100000))
      ->capture_default_str();
  command.add_option("--generations", options.evolution.generations, "Of each evolution")
      ->capture_default_str();
  command
      .add_option("--budget-seconds", options.budget_seconds,
                  "Finish within about this time with what there is; 0: take what it takes")
      ->capture_default_str();
}

void AddLadderOptions(CLI::App& command, search::LadderOptions& ladder) {
  command.add_option("--levels", ladder.levels, "Levels of the ladder, at most")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  command.add_option("--accuracy-floor", ladder.accuracy_floor, "No level below this top-1")
      ->capture_default_str();
  command.add_option("--accuracy-step", ladder.accuracy_step, "Least gain of a level, top-1")
      ->capture_default_str();
  command
      .add_option("--latency-step", ladder.latency_step,
                  "Least ratio of the latencies of two levels")
      ->capture_default_str();
}

}  // namespace

void AddSearchCommand(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<SearchArguments>();
  search::SearchOptions& options = arguments->options;
  CLI::App* command = app.add_subcommand(
      "search",
      "Searches a supernet for the subnets that are worth having on this machine's CPU, and makes "
      "them the model's ladder. Goes on where a search with the same images stopped");
  command->add_option("--model", arguments->model, "Model directory")->required();
  command->add_option("--data", arguments->data, "Training images, as for train")->required();
  command->add_option("--output", arguments->output,
                      "Model directory to write (default: the model itself)");
  command->add_option("--work", options.work, "Folder for measurements (default: MODEL.search)");
  command->add_option("--report", arguments->report, "File for everything that was found, JSON");
  command->add_option("--resolutions", arguments->resolutions,
                      "Sides to choose from (default: those of the catalogue)");
  command->add_option("--holdout", arguments->holdout, "Training images that measure")
      ->capture_default_str();
  command->add_option("--holdout-seed", arguments->holdout_seed, "The --seed of train")
      ->capture_default_str();
  command->add_option("--threads", options.threads, "Numbers of threads to search for")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  command->add_option("--workers", options.workers, "CPUs that measure accuracy")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  command->add_option("--seed", options.seed, "Of everything that is drawn")->capture_default_str();
  AddEffortOptions(*command, options);
  AddLadderOptions(*command, options.ladder);
  command->callback(
      [arguments, &action]() { action = [arguments]() { return SearchCommand(*arguments); }; });
}

}  // namespace dynofa::tools
