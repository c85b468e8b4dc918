#include <algorithm>
#include <memory>
#include <string>

#include "daemon/base/status.h"
#include "daemon/tools/dataset.h"
#include "daemon/tools/model_commands.h"
#include "daemon/tools/model_directory.h"
#include "daemon/tools/photographs.h"

namespace dynofa::tools {
namespace {

struct CalibrateArguments {
  std::string model;
  std::string data;
  engine::torch_backend::CalibrationOptions options;
};

// Calibrates on crops of photographs, made anew where the resolution changes.
absl::Status CalibrateOnPhotographs(const CalibrateArguments& arguments,
                                    const engine::ofa::Manifest& manifest) {
  const auto count = static_cast<std::size_t>(std::max(arguments.options.images, 0));
  DYNOFA_ASSIGN_OR_RETURN(const PhotographSample sample,
                          PhotographSample::Draw(arguments.data, count, arguments.options.seed));
  engine::torch_backend::ImageSet crops;
  const auto source = [&](int side) -> absl::StatusOr<const engine::torch_backend::ImageSet*> {
    if (crops.side != side) {
      DYNOFA_ASSIGN_OR_RETURN(crops, sample.Crops(side));
    }
    return &crops;
  };
  engine::torch_backend::CalibrationOptions options = arguments.options;
  options.crop_padding = 0;  // the crops are random already
  return CalibrateModel(arguments.model, manifest, source, options);
}

absl::Status CalibrateCommand(const CalibrateArguments& arguments) {
  DYNOFA_ASSIGN_OR_RETURN(const engine::ofa::Manifest manifest, ReadModelManifest(arguments.model));
  // A net that sees the middle of images is one for photographs of any size.
  if (manifest.preprocessing.crop_ratio < 1) return CalibrateOnPhotographs(arguments, manifest);
  DYNOFA_ASSIGN_OR_RETURN(const Dataset dataset, ReadDataset(arguments.data));
  return CalibrateModel(arguments.model, manifest, dataset.images, arguments.options);
}

}  // namespace

void AddCalibrateCommand(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<CalibrateArguments>();
  CLI::App* command = app.add_subcommand(
      "calibrate", "Takes the batch-norm statistics of every subnet in model.toml anew");
  command->add_option("--model", arguments->model, "Model directory")->required();
  command
      ->add_option("--data", arguments->data,
                   "Training images: DIR/<class>/*.jpg or .png of any size where the model takes "
                   "crops (crop_ratio below 1), else as for train")
      ->required();
  command->add_option("--images", arguments->options.images, "How many to draw")
      ->capture_default_str();
  command->add_option("--batch", arguments->options.batch, "Images per pass")
      ->capture_default_str();
  command->add_option("--seed", arguments->options.seed, "Of the draw")->capture_default_str();
  command->add_option("--threads", arguments->options.threads, "Threads on CPUs")
      ->capture_default_str();
  command->callback(
      [arguments, &action]() { action = [arguments]() { return CalibrateCommand(*arguments); }; });
}

}  // namespace dynofa::tools
