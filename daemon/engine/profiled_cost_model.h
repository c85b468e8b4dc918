#ifndef DYNOFA_DAEMON_ENGINE_PROFILED_COST_MODEL_H_
#define DYNOFA_DAEMON_ENGINE_PROFILED_COST_MODEL_H_

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "daemon/engine/cost_model.h"
#include "daemon/engine/profile.h"

namespace dynofa::engine {

/// The points of another cost model, the prior, with the figures of profiles where these have
/// them. A measured point carries its own label. Between two measured frequencies latency is
/// interpolated (linearly in the cycle time) and labelled modelled; nothing is extrapolated. Points
/// with more than one thread come from profiles alone. Where a profile has no power, the prior's
/// stays.
class ProfiledCostModel final : public CostModel {
 public:
  /// `profiles` by the name of their model.
  ProfiledCostModel(std::shared_ptr<const CostModel> prior,
                    std::map<std::string, std::shared_ptr<const Profile>> profiles)
      : prior_(std::move(prior)), profiles_(std::move(profiles)) {}

  std::vector<policies::OperatingPoint> Points(
      const ModelInfo& model, const std::vector<policies::ClusterInfo>& clusters) const override;

 private:
  const std::shared_ptr<const CostModel> prior_;
  const std::map<std::string, std::shared_ptr<const Profile>> profiles_;
};

}  // namespace dynofa::engine

#endif  // DYNOFA_DAEMON_ENGINE_PROFILED_COST_MODEL_H_
