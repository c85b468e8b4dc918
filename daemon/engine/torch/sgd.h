#ifndef DYNOFA_DAEMON_ENGINE_TORCH_SGD_H_
#define DYNOFA_DAEMON_ENGINE_TORCH_SGD_H_

#include "daemon/engine/torch/elastic_net.h"

namespace dynofa::engine::torch_backend {

/// Stochastic gradient descent with Nesterov momentum. Weight decay on everything but batch norm
/// and biases.
class Sgd {
 public:
  /// Updates those of `parameters` that get a gradient; the tensors are shared with the net.
  Sgd(NamedTensors parameters, double momentum, double weight_decay);

  /// One step, then the gradients are gone.
  void Step(double learning_rate);

  /// Forgets the momentum.
  void Forget();

  /// The momentum buffers by key; writable in place.
  const NamedTensors& buffers() const { return buffers_; }

 private:
  NamedTensors parameters_;
  NamedTensors buffers_;
  double momentum_;
  double weight_decay_;
};

}  // namespace dynofa::engine::torch_backend

#endif  // DYNOFA_DAEMON_ENGINE_TORCH_SGD_H_
