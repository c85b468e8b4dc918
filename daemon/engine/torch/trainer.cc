#include "daemon/engine/torch/trainer.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <exception>
#include <numbers>
#include <numeric>
#include <random>
#include <span>
#include <utility>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/engine/safetensors.h"
#include "daemon/engine/torch/augment.h"
#include "daemon/engine/torch/sgd.h"
#include "daemon/engine/torch/statistics.h"

namespace dynofa::engine::torch_backend {
namespace {

constexpr int kReportSteps = 50;
constexpr std::string_view kWeightPrefix = "weight/";
constexpr std::string_view kMomentumPrefix = "momentum/";
constexpr char kEpochKey[] = "epoch";

bool IsRunningStatistic(std::string_view key) { return key.find(".running_") != key.npos; }

// he_fout: normal with variance 2 / (kernel area * output channels of a group).
at::Tensor InitialConvolution(const std::vector<std::int64_t>& shape, at::Generator& generator) {
  const bool depthwise = shape[1] == 1;
  const double outputs = static_cast<double>((depthwise ? 1 : shape[0]) * shape[2] * shape[3]);
  return at::randn(shape, generator) * std::sqrt(2.0 / outputs);
}

at::Tensor InitialValue(const ofa::TensorShape& tensor, at::Generator& generator) {
  const std::string& key = tensor.key;
  if (key.ends_with("_matrix")) return at::eye(tensor.shape[0]);
  if (key.ends_with(".running_var") || key.ends_with(".bn.weight")) return at::ones(tensor.shape);
  if (tensor.shape.size() == 1) return at::zeros(tensor.shape);
  if (tensor.shape.size() == 4) return InitialConvolution(tensor.shape, generator);
  return at::randn(tensor.shape, generator) / std::sqrt(static_cast<double>(tensor.shape[1]));
}

int Draw(const std::vector<int>& choices, std::mt19937_64& random) {
  return choices[std::uniform_int_distribution<std::size_t>(0, choices.size() - 1)(random)];
}

// Every choice independently and uniformly, as sample_active_subnet of the reference.
ofa::SubnetConfig DrawSubnet(const ofa::Architecture& a, std::mt19937_64& random) {
  ofa::SubnetConfig config = ofa::LargestSubnet(a, 0);
  for (int& kernel : config.kernels) kernel = Draw(a.kernels, random);
  for (int& expand : config.expands) expand = Draw(a.expands, random);
  for (int& depth : config.depths) depth = Draw(a.depths, random);
  return config;
}

SafetensorsTensor View(std::string name, const at::Tensor& tensor) {
  return {
      std::move(name), SafetensorsType::kF32, tensor.sizes().vec(),
      std::as_bytes(std::span(tensor.data_ptr<float>(), static_cast<std::size_t>(tensor.numel())))};
}

absl::Status CopyInto(const SafetensorsFile& file, const std::string& name, at::Tensor tensor) {
  DYNOFA_ASSIGN_OR_RETURN(const std::span<const float> values,
                          file.Floats(name, tensor.sizes().vec()));
  std::memcpy(tensor.data_ptr<float>(), values.data(), values.size_bytes());
  return absl::OkStatus();
}

class SgdTrainer final : public Trainer {
 public:
  SgdTrainer(const TrainingOptions& options, NamedTensors tensors)
      : options_(options),
        net_(tensors, options.architecture),
        sgd_(Parameters(std::move(tensors)), options.momentum, options.weight_decay) {}

  int epoch() const override { return epoch_; }

  absl::Status RunEpoch(const ImageSet& images,
                        const std::function<void(const TrainingProgress&)>& report) override {
    if (images.size() < static_cast<std::size_t>(options_.batch)) {
      return absl::InvalidArgumentError("there are fewer images than one batch needs");
    }
    try {
      RunSteps(images, report);
      ++epoch_;
      return absl::OkStatus();
    } catch (const std::exception& error) {
      return absl::InternalError(base::StrCat("libtorch: ", error.what()));
    }
  }

  absl::Status SaveCheckpoint(const std::string& path) const override {
    std::vector<SafetensorsTensor> tensors;
    for (const auto& [key, tensor] : net_.tensors()) {
      tensors.push_back(View(base::StrCat(kWeightPrefix, key), tensor));
    }
    for (const auto& [key, tensor] : sgd_.buffers()) {
      tensors.push_back(View(base::StrCat(kMomentumPrefix, key), tensor));
    }
    return WriteSafetensors(path, tensors, {{kEpochKey, std::to_string(epoch_)}});
  }

  absl::Status LoadCheckpoint(const std::string& path) override {
    DYNOFA_ASSIGN_OR_RETURN(const SafetensorsFile file, SafetensorsFile::Read(path));
    const auto epoch = file.metadata().find(kEpochKey);
    if (epoch == file.metadata().end() ||
        epoch->second.find_first_not_of("0123456789") != std::string::npos ||
        epoch->second.empty() || epoch->second.size() > 6) {
      return absl::InvalidArgumentError(base::StrCat(path, ": is not a checkpoint"));
    }
    for (const auto& [key, tensor] : net_.tensors()) {
      DYNOFA_RETURN_IF_ERROR(CopyInto(file, base::StrCat(kWeightPrefix, key), tensor));
    }
    for (const auto& [key, tensor] : sgd_.buffers()) {
      DYNOFA_RETURN_IF_ERROR(CopyInto(file, base::StrCat(kMomentumPrefix, key), tensor));
    }
    epoch_ = std::stoi(epoch->second);
    return absl::OkStatus();
  }

  absl::Status SaveWeights(const std::string& path, const ImageSet& calibration,
                           int resolution) override {
    DYNOFA_RETURN_IF_ERROR(TakeRunningStatistics(calibration, resolution));
    std::vector<SafetensorsTensor> tensors;
    for (const auto& [key, tensor] : net_.tensors()) tensors.push_back(View(key, tensor));
    return WriteSafetensors(path, tensors);
  }

 private:
  // The tensors that learn.
  static NamedTensors Parameters(NamedTensors tensors) {
    std::erase_if(tensors, [](const auto& entry) { return IsRunningStatistic(entry.first); });
    for (auto& [key, tensor] : tensors) tensor.requires_grad_(true);
    return tensors;
  }

  double LearningRate(double epoch) const {
    if (epoch < options_.warmup_epochs) {
      return options_.learning_rate * epoch / options_.warmup_epochs;
    }
    const double done =
        (epoch - options_.warmup_epochs) / (options_.epochs - options_.warmup_epochs);
    return options_.learning_rate * 0.5 * (1.0 + std::cos(std::numbers::pi * std::min(done, 1.0)));
  }

  void RunSteps(const ImageSet& images,
                const std::function<void(const TrainingProgress&)>& report) {
    at::set_num_threads(options_.threads);
    // A seed for each epoch: a run that was resumed draws what an unbroken one draws.
    std::seed_seq seed = {options_.seed, options_.seed >> 32, std::uint64_t(epoch_)};
    std::mt19937_64 random(seed);
    std::vector<std::size_t> order(images.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::shuffle(order.begin(), order.end(), random);
    const auto batch = static_cast<std::size_t>(options_.batch);
    const int steps = static_cast<int>(order.size() / batch);
    TrainingProgress progress{.epoch = epoch_, .steps = steps};
    int since_report = 0;
    for (int step = 0; step < steps; ++step) {
      progress.step = step + 1;
      progress.learning_rate = LearningRate(epoch_ + static_cast<double>(step + 1) / steps);
      const std::span<const std::size_t> indices(order.data() + step * batch, batch);
      Step(images, indices, random, progress);
      if (++since_report < kReportSteps && step + 1 < steps) continue;
      progress.loss /= since_report;
      progress.accuracy /= since_report;
      report(progress);
      progress.loss = progress.accuracy = since_report = 0;
    }
  }

  // One step; adds its loss and accuracy to `progress`.
  void Step(const ImageSet& images, std::span<const std::size_t> indices, std::mt19937_64& random,
            TrainingProgress& progress) {
    const bool largest = std::uniform_real_distribution<>()(random) < options_.largest_share;
    ofa::SubnetConfig config = largest ? ofa::LargestSubnet(options_.architecture, 0)
                                       : DrawSubnet(options_.architecture, random);
    config.resolution = Draw(options_.resolutions, random);
    const ofa::NetPlan plan = ofa::MakePlan(options_.architecture, config).value();
    const Batch batch = AugmentedBatch(images, indices, options_.preprocessing,
                                       options_.crop_padding, config.resolution, random);
    BatchStatistics norm(plan.bn_epsilon);
    const at::Tensor logits = net_.Forward(batch.images, plan, norm);
    const at::Tensor loss = at::cross_entropy_loss(logits, batch.labels, {}, at::Reduction::Mean,
                                                   -100, options_.label_smoothing);
    loss.backward();
    sgd_.Step(progress.learning_rate);
    progress.loss += loss.item<double>();
    progress.accuracy += logits.argmax(1).eq(batch.labels).to(at::kDouble).mean().item<double>();
  }

  absl::Status TakeRunningStatistics(const ImageSet& images, int resolution) {
    const ofa::SubnetConfig largest = ofa::LargestSubnet(options_.architecture, resolution);
    DYNOFA_ASSIGN_OR_RETURN(const ofa::NetPlan plan, ofa::MakePlan(options_.architecture, largest));
    try {
      const CalibrationOptions calibration{.crop_padding = options_.crop_padding,
                                           .threads = options_.threads};
      const ofa::SubnetStatistics statistics =
          AverageOver(net_, plan, options_.preprocessing, images, calibration);
      for (const auto& [prefix, stats] : statistics) {
        std::copy(stats.mean.begin(), stats.mean.end(),
                  net_.tensors().at(prefix + ".running_mean").data_ptr<float>());
        std::copy(stats.variance.begin(), stats.variance.end(),
                  net_.tensors().at(prefix + ".running_var").data_ptr<float>());
      }
      return absl::OkStatus();
    } catch (const std::exception& error) {
      return absl::InternalError(base::StrCat("libtorch: ", error.what()));
    }
  }

  const TrainingOptions options_;
  ElasticNet net_;
  Sgd sgd_;
  int epoch_ = 0;
};

absl::Status CheckRange(std::string_view option, double value, double low, double high) {
  if (value >= low && value <= high) return absl::OkStatus();
  return absl::InvalidArgumentError(
      base::StrCat(option, " is ", value, "; it must lie in [", low, ", ", high, "]"));
}

absl::Status CheckOptions(const TrainingOptions& options) {
  if (options.epochs < 1 || options.batch < 2 || options.threads < 1) {
    return absl::InvalidArgumentError("epochs and threads must be at least 1, batch at least 2");
  }
  if (options.resolutions.empty()) {
    return absl::InvalidArgumentError("training needs at least one resolution");
  }
  DYNOFA_RETURN_IF_ERROR(CheckRange("learning_rate", options.learning_rate, 1e-9, 100));
  DYNOFA_RETURN_IF_ERROR(
      CheckRange("warmup_epochs", options.warmup_epochs, 0, options.epochs - 0.1));
  DYNOFA_RETURN_IF_ERROR(CheckRange("momentum", options.momentum, 0, 0.9999));
  DYNOFA_RETURN_IF_ERROR(CheckRange("weight_decay", options.weight_decay, 0, 1));
  DYNOFA_RETURN_IF_ERROR(CheckRange("label_smoothing", options.label_smoothing, 0, 0.99));
  DYNOFA_RETURN_IF_ERROR(CheckRange("largest_share", options.largest_share, 0, 1));
  DYNOFA_RETURN_IF_ERROR(CheckRange("crop_padding", options.crop_padding, 0, 1024));
  for (int resolution : options.resolutions) {
    DYNOFA_RETURN_IF_ERROR(
        ofa::MakePlan(options.architecture, ofa::LargestSubnet(options.architecture, resolution))
            .status());
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Trainer>> Trainer::Create(const TrainingOptions& options) {
  DYNOFA_RETURN_IF_ERROR(CheckOptions(options));
  DYNOFA_ASSIGN_OR_RETURN(const std::vector<ofa::TensorShape> shapes,
                          ofa::StateDictShapes(options.architecture));
  try {
    at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(options.seed);
    NamedTensors tensors;
    for (const ofa::TensorShape& shape : shapes) {
      tensors[shape.key] = InitialValue(shape, generator);
    }
    return std::make_unique<SgdTrainer>(options, std::move(tensors));
  } catch (const std::exception& error) {
    return absl::InternalError(base::StrCat("libtorch: ", error.what()));
  }
}

}  // namespace dynofa::engine::torch_backend
