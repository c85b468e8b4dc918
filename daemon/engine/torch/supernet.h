#ifndef DYNOFA_DAEMON_ENGINE_TORCH_SUPERNET_H_
#define DYNOFA_DAEMON_ENGINE_TORCH_SUPERNET_H_

#include <memory>

#include "absl/status/statusor.h"
#include "daemon/engine/ofa/weights.h"
#include "daemon/engine/supernet.h"

// Not "torch": inside dynofa::engine that name would hide ::torch.
namespace dynofa::engine::torch_backend {

/// The reference backend: libtorch on the weights of `model`, correct before fast.
absl::StatusOr<std::shared_ptr<Supernet>> MakeSupernet(std::shared_ptr<const ofa::OfaModel> model);

}  // namespace dynofa::engine::torch_backend

#endif  // DYNOFA_DAEMON_ENGINE_TORCH_SUPERNET_H_
