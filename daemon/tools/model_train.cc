#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <set>
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
#include "daemon/tools/stop_signal.h"

namespace dynofa::tools {
namespace {

using engine::ofa::Manifest;
using engine::torch_backend::ImageSet;
using engine::torch_backend::ShrinkingOptions;
using engine::torch_backend::Trainer;
using engine::torch_backend::TrainingOptions;
using engine::torch_backend::TrainingPosition;
using engine::torch_backend::TrainingProgress;

// Mean and standard deviation of CIFAR-10's training images.
constexpr engine::Preprocessing kCifarPreprocessing = {
    1.0, {0.4914f, 0.4822f, 0.4465f}, {0.2470f, 0.2435f, 0.2616f}};

struct TrainArguments {
  std::string data;
  std::string output;
  std::string like;  // a model directory, or empty
  std::string from;  // likewise
  std::string name = "small-ofa";
  std::string provenance = "trained by dynofa-model train";
  std::size_t holdout = 5000;
  TrainingOptions options;
  ShrinkingOptions shrinking;
};

constexpr double kCheckpointSeconds = 120.0;

// Runs what is left of the training, with checkpoints on the way.
class TrainingRun {
 public:
  TrainingRun(Trainer& trainer, const ImageSet& images, std::string checkpoint)
      : trainer_(trainer), images_(images), checkpoint_(std::move(checkpoint)) {}

  absl::Status Run() {
    if (std::filesystem::exists(checkpoint_)) {
      DYNOFA_RETURN_IF_ERROR(trainer_.LoadCheckpoint(checkpoint_));
      const TrainingPosition position = trainer_.position();
      std::printf("resumed from %s in phase %d, epoch %d, step %d\n", checkpoint_.c_str(),
                  position.phase + 1, position.epoch + 1, position.step);
    }
    start_ = saved_ = clock_.Now();
    while (!trainer_.done()) {
      const absl::Status status = trainer_.RunEpoch(
          images_, [this](const TrainingProgress& progress) { return Report(progress); });
      DYNOFA_RETURN_IF_ERROR(save_status_);
      if (absl::IsCancelled(status)) {
        return absl::CancelledError(
            base::StrCat("stopped; the same command goes on from ", checkpoint_));
      }
      DYNOFA_RETURN_IF_ERROR(status);
    }
    return absl::OkStatus();
  }

 private:
  bool Report(const TrainingProgress& progress) {
    const base::TimePoint now = clock_.Now();
    if (first_done_ < 0) first_done_ = progress.done;
    // The first report only tells where this run begins.
    const double share = progress.done - first_done_;
    const double left =
        share > 0 ? base::ToSeconds(now - start_) / share * (1.0 - progress.done) : 0.0;
    std::printf("%-8s epoch %2d/%d  step %3d/%d  loss %.3f  train top-1 %.3f  lr %.4f  ",
                progress.phase->name.c_str(), progress.epoch + 1, progress.phase->epochs,
                progress.step, progress.steps, progress.loss, progress.accuracy,
                progress.learning_rate);
    if (share > 0) {
      std::printf("%.1f %% done, %.0f s left\n", 100.0 * progress.done, left);
    } else {
      start_ = now;
      std::printf("%.1f %% done\n", 100.0 * progress.done);
    }
    std::fflush(stdout);
    return SaveIfDue(progress, now);
  }

  bool SaveIfDue(const TrainingProgress& progress, base::TimePoint now) {
    const bool epoch_ends = progress.step == progress.steps;
    const bool stop = stop_.requested();
    if (!stop && !epoch_ends && base::ToSeconds(now - saved_) < kCheckpointSeconds) return true;
    saved_ = now;
    save_status_ = trainer_.SaveCheckpoint(checkpoint_);
    return save_status_.ok() && !stop;
  }

  Trainer& trainer_;
  const ImageSet& images_;
  const std::string checkpoint_;
  base::SteadyClock clock_;
  base::TimePoint start_;
  base::TimePoint saved_;
  double first_done_ = -1.0;
  StopSignal stop_;
  absl::Status save_status_;
};

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

// What is trained: everything of a model but weights, statistics and accuracies.
absl::StatusOr<Manifest> WhatToTrain(const TrainArguments& arguments,
                                     const std::vector<std::string>& classes) {
  Manifest manifest{.preprocessing = kCifarPreprocessing,
                    .architecture = SmallNet(static_cast<int>(classes.size()))};
  if (arguments.like.empty()) {
    manifest.subnets = SmallNetLadder(manifest.architecture);
  } else {
    DYNOFA_ASSIGN_OR_RETURN(manifest, ReadModelManifest(arguments.like));
    manifest.architecture.classes = static_cast<int>(classes.size());
  }
  manifest.name = arguments.name;
  manifest.provenance = arguments.provenance;
  manifest.labels = classes;
  return manifest;
}

std::vector<int> Resolutions(const Manifest& manifest) {
  std::set<int> resolutions;
  for (const engine::ofa::Subnet& subnet : manifest.subnets) {
    resolutions.insert(subnet.config.resolution);
  }
  return {resolutions.begin(), resolutions.end()};
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

  DYNOFA_ASSIGN_OR_RETURN(Manifest manifest, WhatToTrain(arguments, dataset.classes));
  TrainingOptions options = arguments.options;
  options.architecture = manifest.architecture;
  options.preprocessing = manifest.preprocessing;
  options.resolutions = Resolutions(manifest);
  if (!arguments.from.empty()) {
    options.start_from = arguments.from + "/" + engine::ofa::kWeightsFile;
  }
  options.phases =
      engine::torch_backend::ProgressiveShrinking(options.architecture, arguments.shrinking);
  DYNOFA_ASSIGN_OR_RETURN(const std::unique_ptr<Trainer> trainer, Trainer::Create(options));
  DYNOFA_RETURN_IF_ERROR(
      TrainingRun(*trainer, dataset.images, arguments.output + "/checkpoint.safetensors").Run());
  DYNOFA_RETURN_IF_ERROR(trainer->SaveWeights(arguments.output + "/" + engine::ofa::kWeightsFile,
                                              dataset.images, options.resolutions.back()));

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
      "Trains a supernet by progressive shrinking, calibrates a ladder of subnets and "
      "writes a model directory. Resumes where a run with the same output stopped");
  command
      ->add_option("--data", arguments->data,
                   "Training images: DIR/<class>/*.jpg, or CIFAR-10's data_batch_*.bin")
      ->required();
  command->add_option("--output", arguments->output, "Model directory to write")->required();
  command->add_option("--like", arguments->like,
                      "Model directory whose architecture, input and subnets are trained anew for "
                      "the classes of the data; "
                      "the resolutions are those of its subnets (default: a small net for 32x32)");
  command->add_option("--from", arguments->from,
                      "Model directory whose weights are the beginning (default: fresh weights). "
                      "A classifier for another number of classes begins afresh");
  command->add_option("--name", arguments->name, "Name of the model")->capture_default_str();
  command->add_option("--provenance", arguments->provenance, "Where the weights come from");
  command->add_option("--holdout", arguments->holdout, "Images kept apart for measuring")
      ->capture_default_str();
  ShrinkingOptions& shrinking = arguments->shrinking;
  command->add_option("--full-epochs", shrinking.full_epochs, "Of the full net")
      ->capture_default_str();
  command->add_option("--kernel-epochs", shrinking.kernel_epochs, "Of elastic kernels")
      ->capture_default_str();
  command->add_option("--depth-epochs", shrinking.depth_epochs, "Of each depth phase")
      ->capture_default_str();
  command->add_option("--expand-epochs", shrinking.expand_epochs, "Of each expansion phase")
      ->capture_default_str();
  command
      ->add_option("--polish-epochs", shrinking.polish_epochs,
                   "Of each last phase, with every choice open and the largest subnet in every "
                   "other step")
      ->capture_default_str();
  command
      ->add_option("--polish-rounds", shrinking.polish_rounds,
                   "Such phases; more may be added to a run that is through")
      ->capture_default_str();
  command->add_option("--learning-rate", shrinking.full_learning_rate, "Peak for the full net")
      ->capture_default_str();
  command
      ->add_option("--elastic-learning-rate", shrinking.elastic_learning_rate,
                   "Peak of the phases after it")
      ->capture_default_str();
  command
      ->add_option("--subnets-per-step", shrinking.subnets_per_step,
                   "Subnets that see each batch, from the first depth phase on")
      ->capture_default_str();
  command->add_option("--batch", options.batch, "Images per step")->capture_default_str();
  command->add_option("--weight-decay", options.weight_decay, "On convolutions and the classifier")
      ->capture_default_str();
  command->add_option("--label-smoothing", options.label_smoothing, "Share spread over all classes")
      ->capture_default_str();
  command
      ->add_option("--distillation", options.distillation,
                   "Weight of the full net's answers beside the labels")
      ->capture_default_str();
  command
      ->add_option("--largest-share", shrinking.largest_share,
                   "Share of the draws after the first phase that are the largest subnet")
      ->capture_default_str();
  command->add_option("--seed", options.seed, "Of every draw")->capture_default_str();
  command->add_option("--threads", options.threads, "Threads on CPUs")->capture_default_str();
  command->add_option("--device", options.device, "cpu, cuda or cuda:N, as this libtorch can")
      ->capture_default_str();
  command->callback(
      [arguments, &action]() { action = [arguments]() { return Train(*arguments); }; });
}

}  // namespace dynofa::tools
