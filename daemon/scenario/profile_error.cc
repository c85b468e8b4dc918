#include "daemon/scenario/profile_error.h"

#include <cmath>
#include <utility>

#include "daemon/scenario/rules/random.h"
#include "policies/digest.h"

namespace dynofa::scenario {
namespace {

using policies::Digest;
using policies::OperatingPoint;

/// What the factor of a figure belongs to: a stream of random numbers of its own.
Digest Of(const char* figure, const OperatingPoint& point) {
  return Digest().Add("profile error").Add(figure).Add(point.cluster);
}

double Draw(std::uint64_t seed, const Digest& belongs_to) {
  return Random(seed, static_cast<std::uint64_t>(belongs_to.value())).Normal();
}

}  // namespace

WrongCostModel::WrongCostModel(std::shared_ptr<const engine::CostModel> truth, double error,
                               std::uint64_t seed)
    : truth_(std::move(truth)), sigma_(std::sqrt(std::log1p(error * error))), seed_(seed) {}

std::vector<OperatingPoint> WrongCostModel::Points(
    const engine::ModelInfo& model, const std::vector<policies::ClusterInfo>& clusters) const {
  const auto factor = [this](const Digest& cluster, const Digest& figure) {
    const double normal = std::sqrt(kCommonShare) * Draw(seed_, cluster) +
                          std::sqrt(1.0 - kCommonShare) * Draw(seed_, figure);
    return std::exp(sigma_ * normal - sigma_ * sigma_ / 2.0);
  };
  std::vector<OperatingPoint> points = truth_->Points(model, clusters);
  for (OperatingPoint& point : points) {
    const auto khz = static_cast<std::uint64_t>(point.frequency_khz);
    const auto of_subnet = [&](const char* figure) {
      return Of(figure, point)
          .Add(point.model)
          .Add(point.subnet)
          .Add(static_cast<std::uint64_t>(point.threads))
          .Add(khz);
    };
    const Digest meter = Of("power", point);
    point.latency_ms *= factor(Of("latency", point), of_subnet("latency of"));
    if (point.active_power_w) *point.active_power_w *= factor(meter, of_subnet("active power of"));
    if (point.idle_power_w) *point.idle_power_w *= factor(meter, Of("idle power", point).Add(khz));
  }
  return points;
}

}  // namespace dynofa::scenario
