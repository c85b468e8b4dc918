#ifndef DYNOFA_DAEMON_ENGINE_TORCH_ELASTIC_NET_H_
#define DYNOFA_DAEMON_ENGINE_TORCH_ELASTIC_NET_H_

#include <ATen/ATen.h>

#include <map>
#include <string>

#include "daemon/engine/ofa/architecture.h"
#include "daemon/engine/ofa/weights.h"
#include "daemon/engine/supernet.h"
#include "daemon/engine/torch/batch_norm.h"

namespace dynofa::engine::torch_backend {

/// The tensors of a supernet by HEAD key.
using NamedTensors = std::map<std::string, at::Tensor, std::less<>>;

/// The elastic OFA MobileNetV3 as a function of (weights, subnet, batch norm): the one definition
/// behind training, calibration and the reference backend. A subnet takes the first channels of
/// every tensor; a smaller depthwise kernel is the centre of the next larger one times that
/// layer's transform matrix (7 to 5 to 3). Source: mit-han-lab/once-for-all f03b2673,
/// ofa_mbv3.py, dynamic_layers.py, dynamic_op.py with KERNEL_TRANSFORM_MODE 1.
///
/// Not copied: holds the tensors it is given, gradients flow into them if they ask for them.
/// libtorch's exceptions pass through; the callers of this folder catch them.
class ElasticNet {
 public:
  ElasticNet(NamedTensors tensors, const ofa::Architecture& architecture)
      : tensors_(std::move(tensors)), kernels_(architecture.kernels) {}

  /// Logits [n, classes] of `images` [n, 3, r, r], normalised.
  at::Tensor Forward(const at::Tensor& images, const ofa::NetPlan& plan, BatchNorm& norm) const;

  /// As Forward(); an undefined tensor if `part_done` stopped it.
  at::Tensor ForwardParts(const at::Tensor& images, const ofa::NetPlan& plan, BatchNorm& norm,
                          PartDone part_done) const;

  const NamedTensors& tensors() const { return tensors_; }

 private:
  const at::Tensor& Weight(const std::string& key) const { return tensors_.at(key); }
  at::Tensor Normalise(const at::Tensor& x, const std::string& prefix, BatchNorm& norm) const;
  at::Tensor Block(const at::Tensor& x, const ofa::BlockPlan& plan, BatchNorm& norm) const;
  /// The depthwise weight [mid, 1, k, k] of an elastic block.
  at::Tensor DepthwiseKernel(const std::string& conv, const ofa::BlockPlan& plan) const;
  at::Tensor SqueezeExcite(const at::Tensor& x, const std::string& fc,
                           const ofa::BlockPlan& plan) const;

  NamedTensors tensors_;
  std::vector<int> kernels_;
};

/// The weights of `model` as tensors on its memory; `model` must outlive them, and nothing may
/// write to them.
NamedTensors BorrowWeights(const ofa::OfaModel& model);

}  // namespace dynofa::engine::torch_backend

#endif  // DYNOFA_DAEMON_ENGINE_TORCH_ELASTIC_NET_H_
