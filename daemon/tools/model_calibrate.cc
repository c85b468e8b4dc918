#include <memory>
#include <string>

#include "daemon/base/status.h"
#include "daemon/tools/dataset.h"
#include "daemon/tools/model_commands.h"
#include "daemon/tools/model_directory.h"

namespace dynofa::tools {
namespace {

struct CalibrateArguments {
  std::string model;
  std::string data;
  engine::torch_backend::CalibrationOptions options;
};

absl::Status CalibrateCommand(const CalibrateArguments& arguments) {
  DYNOFA_ASSIGN_OR_RETURN(const engine::ofa::Manifest manifest, ReadModelManifest(arguments.model));
  DYNOFA_ASSIGN_OR_RETURN(const Dataset dataset, ReadDataset(arguments.data));
  return CalibrateModel(arguments.model, manifest, dataset.images, arguments.options);
}

}  // namespace

void AddCalibrateCommand(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<CalibrateArguments>();
  CLI::App* command = app.add_subcommand(
      "calibrate", "Takes the batch-norm statistics of every subnet in model.toml anew");
  command->add_option("--model", arguments->model, "Model directory")->required();
  command->add_option("--data", arguments->data, "Training images, as for train")->required();
  command->add_option("--images", arguments->options.images, "How many to draw")
      ->capture_default_str();
  command->add_option("--batch", arguments->options.batch)->capture_default_str();
  command->add_option("--seed", arguments->options.seed)->capture_default_str();
  command->add_option("--threads", arguments->options.threads)->capture_default_str();
  command->callback(
      [arguments, &action]() { action = [arguments]() { return CalibrateCommand(*arguments); }; });
}

}  // namespace dynofa::tools
