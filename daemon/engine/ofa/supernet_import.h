#ifndef DYNOFA_DAEMON_ENGINE_OFA_SUPERNET_IMPORT_H_
#define DYNOFA_DAEMON_ENGINE_OFA_SUPERNET_IMPORT_H_

#include <vector>

#include "absl/status/statusor.h"
#include "daemon/engine/checkpoint/state_dict.h"
#include "daemon/engine/ofa/architecture.h"
#include "daemon/engine/tensor.h"

namespace dynofa::engine::ofa {

/// The architecture of the published OFA MobileNetV3 supernet (width 1.0 or 1.2, any number of
/// classes) whose weights `dict` holds, told by the shapes of its first and last layer.
/// INVALID_ARGUMENT if it is another net.
absl::StatusOr<Architecture> RecogniseArchitecture(const checkpoint::StateDict& dict);

/// The tensors of StateDictShapes(architecture) out of `dict`, in that order, under their HEAD
/// keys. Keys are also taken in the spellings that the reference takes them in: those of its
/// release of January 2020 (".mobile_inverted_conv." for ".conv.") and those of layers that are
/// not elastic (a single ".conv." or ".bn."). num_batches_tracked is left out. INVALID_ARGUMENT
/// names the first tensor that is missing, unknown, there twice, of another type or shape, or
/// holds a value that no weights have.
absl::StatusOr<std::vector<Tensor>> TakeTensors(const Architecture& architecture,
                                                const checkpoint::StateDict& dict);

}  // namespace dynofa::engine::ofa

#endif  // DYNOFA_DAEMON_ENGINE_OFA_SUPERNET_IMPORT_H_
