#ifndef DYNOFA_DAEMON_SCENARIO_PROFILE_ERROR_H_
#define DYNOFA_DAEMON_SCENARIO_PROFILE_ERROR_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "daemon/engine/cost_model.h"

namespace dynofa::scenario {

/// A true cost model, read through a wrong profile: one that was measured on a cooler board, with
/// another firmware, with noise. Every latency and every power is multiplied by a log-normal factor
/// with mean 1 and standard deviation `error`. Nine tenths of the factor's variance (of its
/// logarithm) are common to a cluster, one tenth is each figure's own.
///
/// Latencies, active powers and idle powers err on their own; the common factors are one for a
/// cluster's latencies, and one for both of its powers, which one meter shows. Idle power is that
/// of a cluster and a clock, so all subnets get the same. Accuracy and all else is as it was.
///
/// The factors hang on the seed and on the names of what they belong to alone, not on which points
/// are asked for, or when.
class WrongCostModel final : public engine::CostModel {
 public:
  /// `error` at least 0: a share, 0.2 = 20 %.
  WrongCostModel(std::shared_ptr<const engine::CostModel> truth, double error, std::uint64_t seed);

  std::vector<policies::OperatingPoint> Points(
      const engine::ModelInfo& model,
      const std::vector<policies::ClusterInfo>& clusters) const override;

  /// Share of the variance that a cluster's figures have in common.
  static constexpr double kCommonShare = 0.9;

 private:
  const std::shared_ptr<const engine::CostModel> truth_;
  /// Standard deviation of a factor's logarithm.
  const double sigma_;
  const std::uint64_t seed_;
};

}  // namespace dynofa::scenario

#endif  // DYNOFA_DAEMON_SCENARIO_PROFILE_ERROR_H_
