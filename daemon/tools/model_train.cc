#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/engine/ofa/model.h"
#include "daemon/engine/torch/calibration.h"
#include "daemon/engine/torch/trainer.h"
#include "daemon/tools/dataset.h"
#include "daemon/tools/model_commands.h"
#include "daemon/tools/model_directory.h"
#include "daemon/tools/small_net.h"

namespace dynofa::tools {
namespace {

using engine::ofa::Manifest;
using engine::torch_backend::ImageSet;
using engine::torch_backend::Trainer;
using engine::torch_backend::TrainingOptions;
using engine::torch_backend::TrainingProgress;

// Mean and standard deviation of CIFAR-10's training images.
constexpr engine::Preprocessing kCifarPreprocessing = {
    1.0, {0.4914f, 0.4822f, 0.4465f}, {0.2470f, 0.2435f, 0.2616f}};

struct TrainArguments {
  std::string data;
  std::string output;
  std::string name = "small-ofa";
  std::string provenance = "trained by dynofa-model train";
  std::size_t holdout = 5000;
  TrainingOptions options;
};

// Prints progress with the time that is left at the speed since the start.
class ProgressPrinter {
 public:
  ProgressPrinter(int epochs, int first_epoch)
      : epochs_(epochs), first_epoch_(first_epoch), start_(clock_.Now()) {}

  void operator()(const TrainingProgress& progress) const {
    const double done =
        progress.epoch - first_epoch_ + static_cast<double>(progress.step) / progress.steps;
    const double elapsed = base::ToSeconds(clock_.Now() - start_);
    const double left = elapsed / done * (epochs_ - first_epoch_ - done);
    std::printf("epoch %3d/%d  step %4d/%d  loss %.3f  train top-1 %.3f  lr %.4f  %.0f s left\n",
                progress.epoch + 1, epochs_, progress.step, progress.steps, progress.loss,
                progress.accuracy, progress.learning_rate, left);
    std::fflush(stdout);
  }

 private:
  base::SteadyClock clock_;
  int epochs_;
  int first_epoch_;
  base::TimePoint start_;
};

// Runs the epochs that are left, with a checkpoint after each.
absl::Status RunEpochs(Trainer& trainer, const TrainingOptions& options, const ImageSet& images,
                       const std::string& checkpoint) {
  if (std::filesystem::exists(checkpoint)) {
    DYNOFA_RETURN_IF_ERROR(trainer.LoadCheckpoint(checkpoint));
    std::printf("resumed after epoch %d from %s\n", trainer.epoch(), checkpoint.c_str());
  }
  const ProgressPrinter printer(options.epochs, trainer.epoch());
  while (trainer.epoch() < options.epochs) {
    DYNOFA_RETURN_IF_ERROR(trainer.RunEpoch(images, printer));
    DYNOFA_RETURN_IF_ERROR(trainer.SaveCheckpoint(checkpoint));
  }
  return absl::OkStatus();
}

// Fills in each subnet's accuracy on `holdout`.
absl::Status MeasureOnHoldout(const std::string& directory, const ImageSet& holdout, int threads,
                              Manifest& manifest) {
  DYNOFA_ASSIGN_OR_RETURN(const auto model, engine::ofa::LoadModel(directory));
  for (engine::ofa::Subnet& subnet : manifest.subnets) {
    DYNOFA_ASSIGN_OR_RETURN(subnet.accuracy,
                            engine::torch_backend::Accuracy(*model, subnet.id, holdout, threads));
    subnet.accuracy_evidence = policies::Evidence::kMeasured;
    std::printf("%-16s %6.2f MMACs  top-1 %.4f on %zu held-out images (measured)\n",
                subnet.id.c_str(), 1e-6 * static_cast<double>(model->info().Find(subnet.id)->macs),
                subnet.accuracy, holdout.size());
    std::fflush(stdout);
  }
  return absl::OkStatus();
}

// Drops the subnets that a cheaper one matches: a ladder climbs with every rung. `manifest` is
// sorted by cost, as SmallNetLadder() is.
void DropDominated(Manifest& manifest) {
  double best = -1.0;
  std::erase_if(manifest.subnets, [&best](const engine::ofa::Subnet& subnet) {
    if (subnet.accuracy <= best) {
      std::printf("dropped %s: a cheaper subnet is as good\n", subnet.id.c_str());
      return true;
    }
    best = subnet.accuracy;
    return false;
  });
}

absl::Status Train(const TrainArguments& arguments) {
  std::error_code error;
  std::filesystem::create_directories(arguments.output, error);
  if (error) return base::ErrnoStatus(error.value(), arguments.output);
  DYNOFA_ASSIGN_OR_RETURN(Dataset dataset, ReadDataset(arguments.data));
  if (dataset.images.size() <= arguments.holdout) {
    return absl::InvalidArgumentError(base::StrCat(arguments.data, ": has ", dataset.images.size(),
                                                   " images, not more than are held out"));
  }
  const ImageSet holdout = TakeHoldout(dataset.images, arguments.holdout, arguments.options.seed);
  std::printf("%zu images for training, %zu held out, %zu classes\n", dataset.images.size(),
              holdout.size(), dataset.classes.size());

  TrainingOptions options = arguments.options;
  options.architecture = SmallNet(static_cast<int>(dataset.classes.size()));
  options.resolutions = SmallNetResolutions();
  options.preprocessing = kCifarPreprocessing;
  options.warmup_epochs = std::min(1.0, 0.2 * options.epochs);
  DYNOFA_ASSIGN_OR_RETURN(const std::unique_ptr<Trainer> trainer, Trainer::Create(options));
  DYNOFA_RETURN_IF_ERROR(
      RunEpochs(*trainer, options, dataset.images, arguments.output + "/checkpoint.safetensors"));
  DYNOFA_RETURN_IF_ERROR(trainer->SaveWeights(arguments.output + "/" + engine::ofa::kWeightsFile,
                                              dataset.images, options.resolutions.back()));

  Manifest manifest{.name = arguments.name,
                    .provenance = arguments.provenance,
                    .labels = dataset.classes,
                    .preprocessing = kCifarPreprocessing,
                    .architecture = options.architecture,
                    .subnets = SmallNetLadder(options.architecture)};
  DYNOFA_RETURN_IF_ERROR(
      CalibrateModel(arguments.output, manifest, dataset.images, {.threads = options.threads}));
  DYNOFA_RETURN_IF_ERROR(WriteModelManifest(arguments.output, manifest));
  DYNOFA_RETURN_IF_ERROR(MeasureOnHoldout(arguments.output, holdout, options.threads, manifest));
  DropDominated(manifest);
  return KeepSubnets(arguments.output, manifest);
}

}  // namespace

void AddTrainCommand(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<TrainArguments>();
  TrainingOptions& options = arguments->options;
  CLI::App* command = app.add_subcommand(
      "train",
      "Trains a small supernet for 32x32 images, calibrates a ladder of subnets and "
      "writes a model directory. Resumes where a run with the same output stopped");
  command
      ->add_option("--data", arguments->data,
                   "Training images: DIR/<class>/*.jpg, or CIFAR-10's data_batch_*.bin")
      ->required();
  command->add_option("--output", arguments->output, "Model directory to write")->required();
  command->add_option("--name", arguments->name, "Name of the model")->capture_default_str();
  command->add_option("--provenance", arguments->provenance, "Where the weights come from");
  command->add_option("--holdout", arguments->holdout, "Images kept apart for measuring")
      ->capture_default_str();
  command->add_option("--epochs", options.epochs)->capture_default_str();
  command->add_option("--batch", options.batch)->capture_default_str();
  command->add_option("--learning-rate", options.learning_rate, "Peak")->capture_default_str();
  command->add_option("--weight-decay", options.weight_decay)->capture_default_str();
  command->add_option("--label-smoothing", options.label_smoothing)->capture_default_str();
  command
      ->add_option("--largest-share", options.largest_share,
                   "Share of the steps that train the largest subnet")
      ->capture_default_str();
  command->add_option("--seed", options.seed)->capture_default_str();
  command->add_option("--threads", options.threads)->capture_default_str();
  command->callback(
      [arguments, &action]() { action = [arguments]() { return Train(*arguments); }; });
}

}  // namespace dynofa::tools
