#ifndef DYNOFA_DAEMON_ENGINE_CPU_SUPERNET_H_
#define DYNOFA_DAEMON_ENGINE_CPU_SUPERNET_H_

#include <memory>

#include "absl/status/statusor.h"
#include "daemon/engine/ofa/weights.h"
#include "daemon/engine/supernet.h"

namespace dynofa::engine::cpu {

/// The oneDNN backend ("cpu"): every subnet runs on prefixes of the model's own tensors, with its
/// batch norms as scales and biases, so that a further subnet costs its depthwise kernels, its
/// vectors and its generated code (docs/decisions/0002-levels-share-one-weight-set.md).
///
/// A workspace runs the subnets that were prepared when it was made; running a later one in it is
/// FAILED_PRECONDITION, and a new workspace is the answer.
absl::StatusOr<std::shared_ptr<Supernet>> MakeSupernet(std::shared_ptr<const ofa::OfaModel> model);

}  // namespace dynofa::engine::cpu

#endif  // DYNOFA_DAEMON_ENGINE_CPU_SUPERNET_H_
