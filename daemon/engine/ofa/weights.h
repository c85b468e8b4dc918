#ifndef DYNOFA_DAEMON_ENGINE_OFA_WEIGHTS_H_
#define DYNOFA_DAEMON_ENGINE_OFA_WEIGHTS_H_

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "daemon/engine/catalogue.h"
#include "daemon/engine/ofa/architecture.h"

namespace dynofa::engine::ofa {

/// Running statistics of one batch-norm layer, first C entries.
struct BatchNormStats {
  std::vector<float> mean;
  std::vector<float> variance;
};

/// Statistics of one subnet: layer prefix ("blocks.3.conv.depth_conv.bn.bn") -> statistics.
/// Layers that are not named use the supernet's.
using SubnetStatistics = std::map<std::string, BatchNormStats, std::less<>>;

/// A model of this family as loaded: shapes, configurations, weights. Immutable and shared by
/// the backends; the one copy of the weights in the process.
class OfaModel {
 public:
  virtual ~OfaModel() = default;

  virtual const ModelInfo& info() const = 0;
  virtual const Architecture& architecture() const = 0;
  /// Configuration of a catalogue entry, or nullptr.
  virtual const SubnetConfig* Config(std::string_view subnet) const = 0;
  /// Statistics calibrated for a subnet; empty if there are none.
  virtual const SubnetStatistics& Statistics(std::string_view subnet) const = 0;
  /// A tensor of the supernet by its HEAD key; every key of StateDictShapes() is there.
  virtual std::span<const float> Weight(std::string_view key) const = 0;
};

}  // namespace dynofa::engine::ofa

#endif  // DYNOFA_DAEMON_ENGINE_OFA_WEIGHTS_H_
