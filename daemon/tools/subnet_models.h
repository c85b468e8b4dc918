#ifndef DYNOFA_DAEMON_TOOLS_SUBNET_MODELS_H_
#define DYNOFA_DAEMON_TOOLS_SUBNET_MODELS_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "daemon/engine/ofa/manifest.h"
#include "daemon/engine/ofa/weights.h"

namespace dynofa::tools {

using StatisticsBySubnet = std::map<std::string, engine::ofa::SubnetStatistics, std::less<>>;

/// The weights of `model`, shared, with another catalogue: `subnets`, which run with `statistics`
/// (with the supernet's where there are none). INVALID_ARGUMENT if one does not fit the
/// architecture.
absl::StatusOr<std::shared_ptr<const engine::ofa::OfaModel>> ModelOf(
    std::shared_ptr<const engine::ofa::OfaModel> model,
    const std::vector<engine::ofa::Subnet>& subnets, StatisticsBySubnet statistics);

}  // namespace dynofa::tools

#endif  // DYNOFA_DAEMON_TOOLS_SUBNET_MODELS_H_
