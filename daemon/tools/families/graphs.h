#ifndef DYNOFA_DAEMON_TOOLS_FAMILIES_GRAPHS_H_
#define DYNOFA_DAEMON_TOOLS_FAMILIES_GRAPHS_H_

#include <vector>

#include "absl/status/statusor.h"
#include "daemon/engine/chain/chain.h"

namespace dynofa::tools::families {

// The networks that follow from a rule. All end in 1000 classes, use ReLU6 and pad by half the
// kernel; the counts of multiply-adds and parameters were compared with the published ones.

/// MobileNetV1 (arXiv 1704.04861) with every width times `width`.
absl::StatusOr<engine::chain::Chain> MobileNetV1(double width, int resolution);

/// MobileNetV2 (arXiv 1801.04381) with `channels` as below. Shortcuts stand where the full network
/// has them, whatever the channels.
absl::StatusOr<engine::chain::Chain> MobileNetV2(const std::vector<int>& channels, int resolution);

/// The channels of MobileNetV2 with every width times `width`, the last 1280 apart: stem, first
/// block, (expanded, block) of the other 16 blocks, last convolution, classes. An expansion
/// multiplies the rounded width.
std::vector<int> MobileNetV2Channels(double width);

/// The MNasNet of AutoSlim (arXiv 1903.11728): kernels and strides of MNasNet, no
/// squeeze-and-excite. `channels` as for MobileNetV2.
absl::StatusOr<engine::chain::Chain> MnasNet(const std::vector<int>& channels, int resolution);

}  // namespace dynofa::tools::families

#endif  // DYNOFA_DAEMON_TOOLS_FAMILIES_GRAPHS_H_
