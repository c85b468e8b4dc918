#ifndef DYNOFA_DAEMON_ENGINE_TORCH_ACTIVATION_H_
#define DYNOFA_DAEMON_ENGINE_TORCH_ACTIVATION_H_

#include <ATen/ATen.h>

#include "daemon/engine/ofa/architecture.h"

namespace dynofa::engine::torch_backend {

/// `x` through `activation`, of the same shape and type; kNone returns `x` itself.
inline at::Tensor Activate(const at::Tensor& x, ofa::Activation activation) {
  switch (activation) {
    case ofa::Activation::kRelu:
      return at::relu(x);
    case ofa::Activation::kRelu6:
      return at::clamp(x, 0, 6);
    case ofa::Activation::kHSwish:
      return at::hardswish(x);  // x * relu6(x + 3) / 6
    case ofa::Activation::kNone:
      break;
  }
  return x;
}

}  // namespace dynofa::engine::torch_backend

#endif  // DYNOFA_DAEMON_ENGINE_TORCH_ACTIVATION_H_
