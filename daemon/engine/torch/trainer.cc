#include "daemon/engine/torch/trainer.h"

#include <ATen/Parallel.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <exception>
#include <numeric>
#include <random>
#include <span>
#include <utility>

#include "daemon/base/range.h"
#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/engine/safetensors.h"
#include "daemon/engine/sha256.h"
#include "daemon/engine/torch/augment.h"
#include "daemon/engine/torch/channel_sorting.h"
#include "daemon/engine/torch/initial_weights.h"
#include "daemon/engine/torch/sgd.h"
#include "daemon/engine/torch/statistics.h"
#include "daemon/engine/torch/training_checkpoint.h"

namespace dynofa::engine::torch_backend {
namespace {

using base::CheckRange;

constexpr int kReportSteps = 50;
constexpr std::uint32_t kNoStep = ~std::uint32_t{0};

bool IsRunningStatistic(std::string_view key) { return key.find(".running_") != key.npos; }

int Draw(const std::vector<int>& choices, std::mt19937_64& random) {
  return choices[std::uniform_int_distribution<std::size_t>(0, choices.size() - 1)(random)];
}

// Every choice independently and uniformly, as sample_active_subnet of the reference.
ofa::SubnetConfig DrawSubnet(const ofa::Architecture& a, const TrainingPhase& phase,
                             std::mt19937_64& random) {
  ofa::SubnetConfig config = ofa::LargestSubnet(a, 0);
  for (int& kernel : config.kernels) kernel = Draw(phase.kernels, random);
  for (int& expand : config.expands) expand = Draw(phase.expands, random);
  for (int& depth : config.depths) depth = Draw(phase.depths, random);
  return config;
}

// Random numbers that depend on nothing but the seed and the place.
std::mt19937_64 RandomAt(std::uint64_t seed, std::uint32_t phase, std::uint32_t epoch,
                         std::uint32_t step) {
  std::seed_seq sequence = {static_cast<std::uint32_t>(seed),
                            static_cast<std::uint32_t>(seed >> 32), phase, epoch, step};
  return std::mt19937_64(sequence);
}

// What a step of `phase` costs, the full net being 1: a forward pass of the teacher is a third of
// a step, and a drawn subnet on average somewhat more than half of the full net.
double StepCost(const TrainingPhase& phase) {
  return phase.distil ? 1.0 / 3 + 0.6 * phase.subnets_per_step : phase.subnets_per_step;
}

NamedTensors Copies(const NamedTensors& tensors) {
  NamedTensors copies;
  for (const auto& [key, tensor] : tensors) copies[key] = tensor.detach().clone();
  return copies;
}

// The tensors that learn.
NamedTensors Parameters(NamedTensors tensors) {
  std::erase_if(tensors, [](const auto& entry) { return IsRunningStatistic(entry.first); });
  for (auto& [key, tensor] : tensors) tensor.requires_grad_(true);
  return tensors;
}

// A run that goes on from weights draws anew: the same seed must not show it the very batches that
// those weights have seen.
std::uint64_t DrawSeed(std::uint64_t seed, const std::string& start) {
  return start.empty() ? seed : seed ^ std::stoull(start.substr(0, 16), nullptr, 16);
}

class SgdTrainer final : public Trainer {
 public:
  // `start` names the weights that it begins with.
  SgdTrainer(const TrainingOptions& options, const std::string& start, at::Device device,
             NamedTensors tensors)
      : options_(options),
        options_text_(OptionsText(options, start)),
        seed_(DrawSeed(options.seed, start)),
        device_(device),
        net_(tensors, options.architecture),
        sgd_(Parameters(std::move(tensors)), options.momentum, options.weight_decay) {}

  TrainingPosition position() const override { return position_; }
  bool done() const override { return position_.phase == static_cast<int>(options_.phases.size()); }

  absl::Status RunEpoch(const ImageSet& images,
                        const std::function<bool(const TrainingProgress&)>& report) override {
    if (done()) return absl::FailedPreconditionError("all phases are through");
    if (images.size() < static_cast<std::size_t>(options_.batch)) {
      return absl::InvalidArgumentError("there are fewer images than one batch needs");
    }
    try {
      if (position_.epoch == 0 && position_.step == 0) DYNOFA_RETURN_IF_ERROR(BeginPhase());
      return RunSteps(images, report);
    } catch (const std::exception& error) {
      return absl::InternalError(base::StrCat("libtorch: ", error.what()));
    }
  }

  absl::Status SaveCheckpoint(const std::string& path) const override {
    return WriteCheckpoint(path, {position_, net_.tensors(), sgd_.buffers(), teacher_},
                           options_text_);
  }

  absl::Status LoadCheckpoint(const std::string& path) override {
    TrainingState state{{}, net_.tensors(), sgd_.buffers(), {}};
    DYNOFA_RETURN_IF_ERROR(ReadCheckpoint(path, options_text_, options_.phases, state));
    position_ = state.position;
    teacher_ = std::move(state.teacher);
    return absl::OkStatus();
  }

  absl::Status SaveWeights(const std::string& path, const ImageSet& calibration,
                           int resolution) override {
    DYNOFA_RETURN_IF_ERROR(TakeRunningStatistics(calibration, resolution));
    return WriteWeights(path, net_.tensors());
  }

 private:
  // Sums over the steps since the last report.
  struct Sums {
    double loss = 0.0;
    double accuracy = 0.0;
    int steps = 0;
  };

  const TrainingPhase& phase() const {
    return options_.phases[static_cast<std::size_t>(position_.phase)];
  }

  absl::Status BeginPhase() {
    if (phase().distil && teacher_.empty()) teacher_ = Copies(net_.tensors());
    if (!phase().sort_within.empty()) {
      DYNOFA_RETURN_IF_ERROR(
          SortMiddleChannels(net_.tensors(), options_.architecture, phase().sort_within));
    }
    sgd_.Forget();
    return absl::OkStatus();
  }

  std::mt19937_64 RandomHere() const {
    return RandomAt(seed_, static_cast<std::uint32_t>(position_.phase),
                    static_cast<std::uint32_t>(position_.epoch),
                    static_cast<std::uint32_t>(position_.step));
  }

  // The order of the images in the present epoch, drawn where no step draws.
  std::vector<std::size_t> Order(std::size_t images) const {
    std::vector<std::size_t> order(images);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::mt19937_64 random = RandomAt(seed_, static_cast<std::uint32_t>(position_.phase),
                                      static_cast<std::uint32_t>(position_.epoch), kNoStep);
    std::shuffle(order.begin(), order.end(), random);
    return order;
  }

  absl::Status RunSteps(const ImageSet& images,
                        const std::function<bool(const TrainingProgress&)>& report) {
    at::set_num_threads(options_.threads);
    const std::vector<std::size_t> order = Order(images.size());
    const auto batch = static_cast<std::size_t>(options_.batch);
    const int steps = static_cast<int>(order.size() / batch);
    Sums sums;
    while (position_.step < steps) {
      const double rate = LearningRate(phase(), position_.epoch + (position_.step + 1.0) / steps);
      Step(images,
           std::span(order).subspan(static_cast<std::size_t>(position_.step) * batch, batch), rate,
           sums);
      const TrainingProgress progress = Advance(steps, rate, sums);
      const bool last = progress.step == steps;
      if (sums.steps < kReportSteps && !last) continue;
      if (!report(progress)) return absl::CancelledError("the training was stopped");
      sums = {};
      if (last) break;
    }
    return absl::OkStatus();
  }

  // Moves the position behind the step that was taken.
  TrainingProgress Advance(int steps, double rate, const Sums& sums) {
    TrainingProgress progress{.phase = &phase(),
                              .epoch = position_.epoch,
                              .step = position_.step + 1,
                              .steps = steps,
                              .loss = sums.loss / sums.steps,
                              .accuracy = sums.accuracy / sums.steps,
                              .learning_rate = rate};
    double total = 0.0, done = 0.0;
    for (std::size_t i = 0; i < options_.phases.size(); ++i) {
      const double epoch = StepCost(options_.phases[i]);
      total += epoch * options_.phases[i].epochs;
      if (static_cast<int>(i) < position_.phase) done += epoch * options_.phases[i].epochs;
    }
    done += StepCost(phase()) * (position_.epoch + static_cast<double>(progress.step) / steps);
    progress.done = done / total;
    if (++position_.step == steps) position_ = {position_.phase, position_.epoch + 1, 0};
    if (position_.epoch == progress.phase->epochs) position_ = {position_.phase + 1, 0, 0};
    return progress;
  }

  ofa::SubnetConfig DrawConfig(std::mt19937_64& random) const {
    const bool largest =
        !phase().distil || std::uniform_real_distribution<>()(random) < phase().largest_share;
    return largest ? ofa::LargestSubnet(options_.architecture, 0)
                   : DrawSubnet(options_.architecture, phase(), random);
  }

  ofa::NetPlan Plan(ofa::SubnetConfig config, int resolution) const {
    config.resolution = resolution;
    return ofa::MakePlan(options_.architecture, config).value();  // Create() has tried them
  }

  // The answers of the full net as it was, for the statistics of this batch.
  at::Tensor TeacherAnswers(const at::Tensor& images, int resolution) const {
    const c10::AutoGradMode no_gradients(false);
    const ofa::NetPlan plan = Plan(ofa::LargestSubnet(options_.architecture, 0), resolution);
    BatchStatistics norm(plan.bn_epsilon);
    const ElasticNet teacher(teacher_, options_.architecture);
    return teacher.Forward(images, plan, norm).softmax(1);
  }

  at::Tensor Loss(const at::Tensor& logits, const at::Tensor& labels,
                  const at::Tensor& answers) const {
    const at::Tensor loss = at::cross_entropy_loss(logits, labels, {}, at::Reduction::Mean, -100,
                                                   options_.label_smoothing);
    if (!answers.defined()) return loss;
    return loss + options_.distillation * at::cross_entropy_loss(logits, answers);
  }

  void Step(const ImageSet& images, std::span<const std::size_t> indices, double rate, Sums& sums) {
    std::mt19937_64 random = RandomHere();
    const int resolution = Draw(options_.resolutions, random);
    Batch batch = AugmentedBatch(images, indices, options_.preprocessing, options_.crop_padding,
                                 resolution, random);
    batch.images = batch.images.to(device_);
    batch.labels = batch.labels.to(device_);
    const bool distil = phase().distil && options_.distillation > 0;
    const at::Tensor answers = distil ? TeacherAnswers(batch.images, resolution) : at::Tensor();
    const int subnets = phase().subnets_per_step;
    for (int i = 0; i < subnets; ++i) {
      const ofa::NetPlan plan = Plan(DrawConfig(random), resolution);
      BatchStatistics norm(plan.bn_epsilon);
      const at::Tensor logits = net_.Forward(batch.images, plan, norm);
      const at::Tensor loss = Loss(logits, batch.labels, answers);
      loss.backward();
      sums.loss += loss.item<double>() / subnets;
      const at::Tensor right = logits.argmax(1).eq(batch.labels).to(at::kFloat).mean();
      sums.accuracy += right.item<double>() / subnets;
    }
    sgd_.Step(rate);
    ++sums.steps;
  }

  absl::Status TakeRunningStatistics(const ImageSet& images, int resolution) {
    const ofa::SubnetConfig largest = ofa::LargestSubnet(options_.architecture, resolution);
    DYNOFA_ASSIGN_OR_RETURN(const ofa::NetPlan plan, ofa::MakePlan(options_.architecture, largest));
    try {
      const c10::AutoGradMode no_gradients(false);
      const CalibrationOptions calibration{.crop_padding = options_.crop_padding,
                                           .threads = options_.threads};
      const ofa::SubnetStatistics statistics =
          AverageOver(net_, plan, options_.preprocessing, images, calibration);
      for (const auto& [prefix, stats] : statistics) {
        CopyVector(stats.mean, net_.tensors().at(prefix + ".running_mean"));
        CopyVector(stats.variance, net_.tensors().at(prefix + ".running_var"));
      }
      return absl::OkStatus();
    } catch (const std::exception& error) {
      return absl::InternalError(base::StrCat("libtorch: ", error.what()));
    }
  }

  static void CopyVector(const std::vector<float>& values, at::Tensor target) {
    target.copy_(at::from_blob(const_cast<float*>(values.data()), target.sizes(), at::kFloat));
  }

  const TrainingOptions options_;
  const std::string options_text_;
  const std::uint64_t seed_;
  const at::Device device_;
  ElasticNet net_;
  Sgd sgd_;
  NamedTensors teacher_;
  TrainingPosition position_;
};

absl::Status CheckOptions(const TrainingOptions& options) {
  if (options.phases.empty()) return absl::InvalidArgumentError("training needs a phase");
  for (const TrainingPhase& phase : options.phases) {
    DYNOFA_RETURN_IF_ERROR(CheckPhase(phase, options.architecture));
  }
  if (options.phases.front().distil) {
    return absl::InvalidArgumentError("the first phase cannot distil: there is no teacher yet");
  }
  if (options.resolutions.empty()) {
    return absl::InvalidArgumentError("training needs at least one resolution");
  }
  DYNOFA_RETURN_IF_ERROR(CheckRange("batch", options.batch, 2, 65536));
  DYNOFA_RETURN_IF_ERROR(CheckRange("threads", options.threads, 1, 1024));
  DYNOFA_RETURN_IF_ERROR(CheckRange("momentum", options.momentum, 0, 0.9999));
  DYNOFA_RETURN_IF_ERROR(CheckRange("weight_decay", options.weight_decay, 0, 1));
  DYNOFA_RETURN_IF_ERROR(CheckRange("label_smoothing", options.label_smoothing, 0, 0.99));
  DYNOFA_RETURN_IF_ERROR(CheckRange("distillation", options.distillation, 0, 100));
  DYNOFA_RETURN_IF_ERROR(CheckRange("crop_padding", options.crop_padding, 0, 1024));
  for (int resolution : options.resolutions) {
    DYNOFA_RETURN_IF_ERROR(
        ofa::MakePlan(options.architecture, ofa::LargestSubnet(options.architecture, resolution))
            .status());
  }
  return absl::OkStatus();
}

// Moves the weights to where they learn.
absl::StatusOr<at::Device> MoveTo(const std::string& name, NamedTensors& tensors) {
  try {
    const at::Device device(name);
    for (auto& [key, tensor] : tensors) tensor = tensor.to(device);
    return device;
  } catch (const std::exception& error) {
    return absl::UnavailableError(
        base::StrCat("device \"", name, "\" cannot be used by this libtorch: ", error.what()));
  }
}

// Of everything in the file, tensors in the order of their names.
absl::StatusOr<std::string> Digest(const SafetensorsFile& file) {
  std::vector<std::span<const std::byte>> parts;
  for (const auto& [name, entry] : file.entries()) {
    parts.push_back(std::as_bytes(std::span(name)));
    parts.push_back(entry.bytes);
  }
  return Sha256Hex(parts);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Trainer>> Trainer::Create(const TrainingOptions& options) {
  DYNOFA_RETURN_IF_ERROR(CheckOptions(options));
  DYNOFA_ASSIGN_OR_RETURN(NamedTensors tensors, InitialWeights(options.architecture, options.seed));
  std::string start;
  if (!options.start_from.empty()) {
    DYNOFA_ASSIGN_OR_RETURN(const SafetensorsFile file, SafetensorsFile::Read(options.start_from));
    DYNOFA_RETURN_IF_ERROR(StartFrom(file, tensors));
    DYNOFA_ASSIGN_OR_RETURN(start, Digest(file));
  }
  DYNOFA_ASSIGN_OR_RETURN(const at::Device device, MoveTo(options.device, tensors));
  return std::make_unique<SgdTrainer>(options, start, device, std::move(tensors));
}

}  // namespace dynofa::engine::torch_backend
