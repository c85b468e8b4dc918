#ifndef DYNOFA_DAEMON_ENGINE_CPU_KEYS_H_
#define DYNOFA_DAEMON_ENGINE_CPU_KEYS_H_

#include <string>

#include "daemon/engine/ofa/architecture.h"

namespace dynofa::engine::cpu {

// Keys of a block's tensors in the supernet's state dict (once-for-all, HEAD spelling). The
// elastic layers of the reference double the names "conv" and "bn"; block 0 is not elastic.

std::string ExpandKey(const ofa::BlockPlan& block);
std::string DepthwiseKey(const ofa::BlockPlan& block);
std::string ProjectKey(const ofa::BlockPlan& block);
/// The matrix that makes kernels of size `to` from those of size `from`.
std::string TransformKey(const ofa::BlockPlan& block, int from, int to);
/// Batch norm of a layer: "inverted_bottleneck", "depth_conv" or "point_linear".
std::string BatchNormKey(const ofa::BlockPlan& block, const char* layer);
/// `tensor` ("weight" or "bias") of squeeze-and-excite's `layer` ("reduce" or "expand").
std::string SqueezeExciteKey(const ofa::BlockPlan& block, const char* layer, const char* tensor);

}  // namespace dynofa::engine::cpu

#endif  // DYNOFA_DAEMON_ENGINE_CPU_KEYS_H_
