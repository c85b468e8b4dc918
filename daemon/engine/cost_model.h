#ifndef DYNOFA_DAEMON_ENGINE_COST_MODEL_H_
#define DYNOFA_DAEMON_ENGINE_COST_MODEL_H_

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "daemon/engine/catalogue.h"
#include "policies/cluster.h"
#include "policies/operating_point.h"

namespace dynofa::engine {

/// Tells what each subnet costs on each cluster at each frequency.
class CostModel {
 public:
  virtual ~CostModel() = default;

  /// Every operating point of `model` on `clusters`: one per subnet, cluster and frequency (one
  /// with frequency 0 where the clock cannot be set). Latency ascends with MACs as far as is
  /// known. Thread-safe.
  virtual std::vector<policies::OperatingPoint> Points(
      const ModelInfo& model, const std::vector<policies::ClusterInfo>& clusters) const = 0;
};

/// The prior without a profile: latency is proportional to MACs and inversely proportional to
/// frequency, scaled by one measured subnet of each model (`ms_per_gmac` by model name, at
/// the highest frequency of a CPU of full capacity). Models that are not named get no points, nor do
/// clusters that are no CPUs, of which it says nothing. Figures are marked as modelled; power is
/// unknown.
class MacsCostModel final : public CostModel {
 public:
  explicit MacsCostModel(std::map<std::string, double> ms_per_gmac)
      : ms_per_gmac_(std::move(ms_per_gmac)) {}

  std::vector<policies::OperatingPoint> Points(
      const ModelInfo& model,
      const std::vector<policies::ClusterInfo>& clusters) const override;

 private:
  std::map<std::string, double> ms_per_gmac_;
};

}  // namespace dynofa::engine

#endif  // DYNOFA_DAEMON_ENGINE_COST_MODEL_H_
