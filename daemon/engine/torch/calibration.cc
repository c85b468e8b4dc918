#include "daemon/engine/torch/calibration.h"

#include <ATen/Parallel.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <exception>
#include <numeric>
#include <random>
#include <span>
#include <utility>
#include <vector>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/engine/torch/augment.h"
#include "daemon/engine/torch/statistics.h"

namespace dynofa::engine::torch_backend {
namespace {

constexpr std::size_t kEvaluationBatch = 250;

at::Tensor CopyOf(std::span<const float> values) {
  // from_blob cannot take constant memory; the clone ends the loan.
  return at::from_blob(const_cast<float*>(values.data()),
                       {static_cast<std::int64_t>(values.size())}, at::kFloat)
      .clone();
}

std::vector<std::size_t> Indices(std::size_t count) {
  std::vector<std::size_t> indices(count);
  std::iota(indices.begin(), indices.end(), std::size_t{0});
  return indices;
}

// Calls `use` with consecutive pieces of `indices` of at most `size`.
template <typename Use>
void ForEachPiece(std::span<const std::size_t> indices, std::size_t size, Use use) {
  while (!indices.empty()) {
    const std::size_t count = std::min(size, indices.size());
    use(indices.first(count));
    indices = indices.subspan(count);
  }
}

}  // namespace

FixedStatistics StatisticsOf(const ofa::OfaModel& model, std::string_view subnet) {
  std::map<std::string, FixedStatistics::Layer, std::less<>> layers;
  const ofa::SubnetStatistics& own = model.Statistics(subnet);
  const auto plan = ofa::MakePlan(model.architecture(), *model.Config(subnet));
  for (const ofa::BatchNormLayer& layer : ofa::BatchNormLayers(plan.value())) {
    const auto found = own.find(layer.prefix);
    if (found != own.end()) {
      layers[layer.prefix] = {CopyOf(found->second.mean), CopyOf(found->second.variance)};
    } else {
      layers[layer.prefix] = {CopyOf(model.Weight(layer.prefix + ".running_mean")),
                              CopyOf(model.Weight(layer.prefix + ".running_var"))};
    }
  }
  return FixedStatistics(std::move(layers), model.architecture().bn_epsilon);
}

ofa::SubnetStatistics AverageOver(const ElasticNet& net, const ofa::NetPlan& plan,
                                  const Preprocessing& preprocessing, const ImageSet& images,
                                  const CalibrationOptions& options) {
  const c10::AutoGradMode no_gradients(false);
  at::set_num_threads(options.threads);
  std::mt19937_64 random(options.seed);
  std::vector<std::size_t> indices = Indices(images.size());
  std::shuffle(indices.begin(), indices.end(), random);
  indices.resize(std::min(indices.size(), static_cast<std::size_t>(options.images)));
  const at::Device device = net.tensors().begin()->second.device();
  AveragedStatistics statistics(plan.bn_epsilon);
  ForEachPiece(indices, static_cast<std::size_t>(options.batch), [&](const auto& piece) {
    const Batch batch =
        AugmentedBatch(images, piece, preprocessing, options.crop_padding, plan.resolution, random);
    net.Forward(batch.images.to(device), plan, statistics);
  });
  return statistics.Result();
}

absl::StatusOr<ofa::SubnetStatistics> Calibrate(const ofa::OfaModel& model,
                                                const ofa::SubnetConfig& config,
                                                const ImageSet& images,
                                                const CalibrationOptions& options) {
  if (images.size() == 0 || options.images < 1 || options.batch < 1) {
    return absl::InvalidArgumentError("calibration needs images");
  }
  DYNOFA_ASSIGN_OR_RETURN(const ofa::NetPlan plan, ofa::MakePlan(model.architecture(), config));
  try {
    const ElasticNet net(BorrowWeights(model), model.architecture());
    return AverageOver(net, plan, model.info().preprocessing, images, options);
  } catch (const std::exception& error) {
    return absl::InternalError(base::StrCat("libtorch: ", error.what()));
  }
}

absl::StatusOr<double> Accuracy(const ofa::OfaModel& model, std::string_view subnet,
                                const ImageSet& images, int threads) {
  const ofa::SubnetConfig* config = model.Config(subnet);
  if (config == nullptr) return absl::NotFoundError(base::StrCat("no subnet \"", subnet, "\""));
  if (images.size() == 0) return absl::InvalidArgumentError("there are no images");
  DYNOFA_ASSIGN_OR_RETURN(const ofa::NetPlan plan, ofa::MakePlan(model.architecture(), *config));
  try {
    const c10::AutoGradMode no_gradients(false);
    at::set_num_threads(threads);
    const ElasticNet net(BorrowWeights(model), model.architecture());
    FixedStatistics statistics = StatisticsOf(model, subnet);
    std::int64_t correct = 0;
    const std::vector<std::size_t> indices = Indices(images.size());
    ForEachPiece(std::span(indices), kEvaluationBatch, [&](const auto& piece) {
      const Batch batch = PlainBatch(images, piece, model.info().preprocessing, plan.resolution);
      const at::Tensor best = net.Forward(batch.images, plan, statistics).argmax(1);
      correct += best.eq(batch.labels).sum().item<std::int64_t>();
    });
    return static_cast<double>(correct) / static_cast<double>(images.size());
  } catch (const std::exception& error) {
    return absl::InternalError(base::StrCat("libtorch: ", error.what()));
  }
}

}  // namespace dynofa::engine::torch_backend
