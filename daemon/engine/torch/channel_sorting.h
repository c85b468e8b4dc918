#ifndef DYNOFA_DAEMON_ENGINE_TORCH_CHANNEL_SORTING_H_
#define DYNOFA_DAEMON_ENGINE_TORCH_CHANNEL_SORTING_H_

#include <vector>

#include "absl/status/status.h"
#include "daemon/engine/ofa/architecture.h"
#include "daemon/engine/torch/elastic_net.h"

namespace dynofa::engine::torch_backend {

/// Puts the middle channels of every elastic block in order of importance, so that a narrower
/// subnet, which takes the first ones, gets the best. Importance is the L1 norm of the
/// projection's weights per input channel; the hidden units of squeeze-and-excite go by the L1
/// norm of its expansion. Channels stay within the groups that the widths of `supported`
/// expansions delimit: subnets of those compute what they did. Writes in place, without gradients.
/// Source: re_organize_middle_weights of mit-han-lab/once-for-all f03b2673.
absl::Status SortMiddleChannels(const NamedTensors& tensors, const ofa::Architecture& architecture,
                                const std::vector<int>& supported);

}  // namespace dynofa::engine::torch_backend

#endif  // DYNOFA_DAEMON_ENGINE_TORCH_CHANNEL_SORTING_H_
