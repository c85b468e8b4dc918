#ifndef DYNOFA_DAEMON_ENGINE_TORCH_INITIAL_WEIGHTS_H_
#define DYNOFA_DAEMON_ENGINE_TORCH_INITIAL_WEIGHTS_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daemon/engine/ofa/architecture.h"
#include "daemon/engine/safetensors.h"
#include "daemon/engine/torch/elastic_net.h"

namespace dynofa::engine::torch_backend {

/// Fresh weights for training: convolutions he_fout, transform matrices and batch norm as identity,
/// the classifier normal by its inputs. The same seed gives the same weights on every machine.
absl::StatusOr<NamedTensors> InitialWeights(const ofa::Architecture& architecture,
                                            std::uint64_t seed);

/// Replaces `tensors` by those of `file` (a weights.safetensors), to go on from there. A classifier
/// for another number of classes stays as it is. INVALID_ARGUMENT or NOT_FOUND, with the file and
/// the tensor, if the file belongs to another architecture.
absl::Status StartFrom(const SafetensorsFile& file, NamedTensors& tensors);

}  // namespace dynofa::engine::torch_backend

#endif  // DYNOFA_DAEMON_ENGINE_TORCH_INITIAL_WEIGHTS_H_
