#ifndef DYNOFA_DAEMON_ENGINE_OFA_KEYS_H_
#define DYNOFA_DAEMON_ENGINE_OFA_KEYS_H_

#include <string>

#include "daemon/engine/ofa/architecture.h"

namespace dynofa::engine::ofa {

// Keys of a block's tensors in the supernet's state dict (once-for-all, HEAD spelling). The
// elastic layers of the reference double the names "conv" and "bn"; block 0 is not elastic.

std::string ExpandKey(const BlockPlan& block);
std::string DepthwiseKey(const BlockPlan& block);
std::string ProjectKey(const BlockPlan& block);
/// The matrix that makes kernels of size `to` from those of size `from`.
std::string TransformKey(const BlockPlan& block, int from, int to);
/// Batch norm of a layer: "inverted_bottleneck", "depth_conv" or "point_linear".
std::string BatchNormKey(const BlockPlan& block, const char* layer);
/// `tensor` ("weight" or "bias") of squeeze-and-excite's `layer` ("reduce" or "expand").
std::string SqueezeExciteKey(const BlockPlan& block, const char* layer, const char* tensor);

}  // namespace dynofa::engine::ofa

#endif  // DYNOFA_DAEMON_ENGINE_OFA_KEYS_H_
