#ifndef DYNOFA_DAEMON_ENGINE_OFA_FOLDING_H_
#define DYNOFA_DAEMON_ENGINE_OFA_FOLDING_H_

#include <span>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "daemon/engine/ofa/architecture.h"
#include "daemon/engine/ofa/weights.h"

namespace dynofa::engine::ofa {

/// Batch norm as what follows a convolution: y[c] = scale[c] * x[c] + bias[c].
struct Affine {
  std::vector<float> scale;
  std::vector<float> bias;
};

/// The first `channels` of batch norm `layer` ("first_conv.bn") with the statistics of `subnet`,
/// or the supernet's where it has none. Computed in double. INVALID_ARGUMENT if a vector is too
/// short or a variance is negative or not finite.
absl::StatusOr<Affine> FoldBatchNorm(const OfaModel& model, std::string_view subnet,
                                     std::string_view layer, int channels);

/// The depthwise kernels of `block`, [mid][kernel][kernel], transformed from the stored size down
/// to the block's: crop the centre, then multiply
/// by the layer's matrix, size by size (mit-han-lab/once-for-all, DynamicSeparableConv2d).
/// Computed in double.
std::vector<float> DepthwiseKernels(const OfaModel& model, const BlockPlan& block);

}  // namespace dynofa::engine::ofa

#endif  // DYNOFA_DAEMON_ENGINE_OFA_FOLDING_H_
