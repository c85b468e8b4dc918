#ifndef DYNOFA_DAEMON_TOOLS_GOLDEN_SET_H_
#define DYNOFA_DAEMON_TOOLS_GOLDEN_SET_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "daemon/engine/ofa/weights.h"

namespace dynofa::tools {

/// A subnet with inputs and the logits that another implementation computed for them.
struct GoldenSubnet {
  engine::ofa::SubnetConfig config;
  std::string id;
  int batch = 0;
  std::vector<float> images;   ///< [batch, r, r, 3], as a subnet takes them
  std::vector<double> logits;  ///< [batch, classes]
};

/// A folder of golden vectors: subnets.json {"subnets": [{"id", "ks", "e", "d", "resolution",
/// "batch", "input", "logits"}]} beside subnets.safetensors with F32 inputs [n, 3, r, r] and F32
/// or F64 logits [batch, classes]. An input "synthetic:KEY" is made by the hash of
/// engine/ofa/synthetic.h with scale sqrt(3) instead. Of weights other than w1.0's, subnets.json
/// names the multiplier: "width_mult".
struct GoldenSet {
  double width_mult = 1.0;
  std::vector<GoldenSubnet> subnets;
};

absl::StatusOr<GoldenSet> ReadGoldenSet(const std::string& directory);

/// The weights for `set`: a safetensors file of the supernet, or "synthetic" for the hash.
absl::StatusOr<std::shared_ptr<const engine::ofa::OfaModel>> GoldenModel(
    const GoldenSet& set, const std::string& weights);

}  // namespace dynofa::tools

#endif  // DYNOFA_DAEMON_TOOLS_GOLDEN_SET_H_
