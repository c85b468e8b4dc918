#include "daemon/engine/ofa/folding.h"

#include <cmath>
#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "daemon/base/strings.h"
#include "daemon/engine/ofa/keys.h"

namespace dynofa::engine::ofa {
namespace {

struct Statistics {
  std::span<const float> mean;
  std::span<const float> variance;
};

Statistics StatisticsOf(const OfaModel& model, std::string_view subnet, std::string_view layer) {
  const SubnetStatistics& calibrated = model.Statistics(subnet);
  if (const auto found = calibrated.find(layer); found != calibrated.end()) {
    return {found->second.mean, found->second.variance};
  }
  return {model.Weight(base::StrCat(layer, ".running_mean")),
          model.Weight(base::StrCat(layer, ".running_var"))};
}

// The centre of `from` x `from` of one kernel, cropped to `to` x `to` and multiplied by `matrix`.
std::vector<double> Shrink(const std::vector<double>& kernel, int from, int to,
                           std::span<const float> matrix) {
  const int border = (from - to) / 2;
  const int area = to * to;
  std::vector<double> shrunk(static_cast<std::size_t>(area), 0.0);
  for (int out = 0; out < area; ++out) {
    double sum = 0.0;
    for (int in = 0; in < area; ++in) {
      const int place = (border + in / to) * from + border + in % to;
      sum += static_cast<double>(matrix[static_cast<std::size_t>(out * area + in)]) *
             kernel[static_cast<std::size_t>(place)];
    }
    shrunk[static_cast<std::size_t>(out)] = sum;
  }
  return shrunk;
}

}  // namespace

absl::StatusOr<Affine> FoldBatchNorm(const OfaModel& model, std::string_view subnet,
                                     std::string_view layer, int channels) {
  const Statistics statistics = StatisticsOf(model, subnet, layer);
  const std::span<const float> weight = model.Weight(base::StrCat(layer, ".weight"));
  const std::span<const float> bias = model.Weight(base::StrCat(layer, ".bias"));
  const auto count = static_cast<std::size_t>(channels);
  if (statistics.mean.size() < count || statistics.variance.size() < count ||
      weight.size() < count || bias.size() < count) {
    return absl::InvalidArgumentError(base::StrCat("batch norm ", layer, " of subnet ", subnet,
                                                   " has fewer than ", channels, " channels"));
  }
  Affine affine{std::vector<float>(count), std::vector<float>(count)};
  for (std::size_t c = 0; c < count; ++c) {
    const double variance = statistics.variance[c];
    if (!(variance >= 0.0) || !std::isfinite(variance)) {
      return absl::InvalidArgumentError(base::StrCat("batch norm ", layer, " of subnet ", subnet,
                                                     " has the variance ", variance));
    }
    const double scale = weight[c] / std::sqrt(variance + model.architecture().bn_epsilon);
    affine.scale[c] = static_cast<float>(scale);
    affine.bias[c] = static_cast<float>(bias[c] - scale * statistics.mean[c]);
  }
  return affine;
}

std::vector<float> DepthwiseKernels(const OfaModel& model, const BlockPlan& block) {
  const std::span<const float> stored = model.Weight(DepthwiseKey(block));
  const std::vector<int>& sizes = model.architecture().kernels;
  const auto area = static_cast<std::size_t>(block.max_kernel * block.max_kernel);
  std::vector<float> kernels;
  kernels.reserve(static_cast<std::size_t>(block.mid * block.kernel * block.kernel));
  for (std::size_t c = 0; c < static_cast<std::size_t>(block.mid); ++c) {
    const auto first = stored.begin() + static_cast<std::ptrdiff_t>(c * area);
    std::vector<double> kernel(first, first + static_cast<std::ptrdiff_t>(area));
    int from = block.max_kernel;
    for (auto size = sizes.rbegin(); size != sizes.rend(); ++size) {
      if (*size >= from || *size < block.kernel) continue;
      kernel = Shrink(kernel, from, *size, model.Weight(TransformKey(block, from, *size)));
      from = *size;
    }
    kernels.insert(kernels.end(), kernel.begin(), kernel.end());
  }
  return kernels;
}

}  // namespace dynofa::engine::ofa
