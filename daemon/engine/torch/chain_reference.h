#ifndef DYNOFA_DAEMON_ENGINE_TORCH_CHAIN_REFERENCE_H_
#define DYNOFA_DAEMON_ENGINE_TORCH_CHAIN_REFERENCE_H_

#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "daemon/engine/chain/chain.h"
#include "daemon/engine/chain/weights.h"

namespace dynofa::engine::torch_backend {

/// The logits of a chain for one NHWC image, layer by layer as it is defined, in double precision
/// on libtorch's own kernels (it has oneDNN's for float32 only). Slow; other backends are compared
/// with it. INVALID_ARGUMENT if the image has the wrong size.
absl::StatusOr<std::vector<double>> ChainReferenceLogits(const chain::Chain& chain,
                                                         const chain::Weights& weights,
                                                         std::span<const float> image);

}  // namespace dynofa::engine::torch_backend

#endif  // DYNOFA_DAEMON_ENGINE_TORCH_CHAIN_REFERENCE_H_
