#include "daemon/engine/torch/sgd.h"

#include <c10/core/GradMode.h>

#include <string_view>
#include <utility>

namespace dynofa::engine::torch_backend {
namespace {

bool Decays(std::string_view key) {
  return key.find(".bn.") == std::string_view::npos && !key.ends_with(".bias");
}

}  // namespace

Sgd::Sgd(NamedTensors parameters, double momentum, double weight_decay)
    : parameters_(std::move(parameters)), momentum_(momentum), weight_decay_(weight_decay) {
  for (const auto& [key, parameter] : parameters_) {
    buffers_[key] = at::zeros_like(parameter.detach());
  }
}

void Sgd::Step(double learning_rate) {
  const c10::AutoGradMode no_gradients(false);
  for (auto& [key, parameter] : parameters_) {
    at::Tensor gradient = parameter.grad();
    if (!gradient.defined()) continue;  // a block that the subnet skipped
    if (Decays(key)) gradient = gradient.add(parameter, weight_decay_);
    at::Tensor& buffer = buffers_[key];
    buffer.mul_(momentum_).add_(gradient);
    parameter.sub_(gradient.add(buffer, momentum_), learning_rate);
    parameter.mutable_grad() = at::Tensor();
  }
}

void Sgd::Forget() {
  for (auto& [key, buffer] : buffers_) buffer.zero_();
}

}  // namespace dynofa::engine::torch_backend
