#include "daemon/engine/cpu/chain_net.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/engine/cpu/aligned_buffer.h"
#include "daemon/engine/cpu/kernels.h"
#include "daemon/engine/cpu/onednn.h"
#include "daemon/engine/cpu/operation.h"

namespace dynofa::engine::cpu {
namespace {

using chain::Chain;
using chain::Kind;
using chain::Layer;
using chain::LayerWeights;

std::int64_t Pixels(int size) { return std::int64_t{size} * size; }

bool IsPointwise(const Layer& layer) {
  return layer.kind == Kind::kConvolution && layer.kernel == 1 && layer.stride == 1;
}

// The buffer that each layer writes. A buffer is taken again when nobody reads what is in it any
// more; an addition, and the convolution before it, write on the layer that is added.
class BufferPlan {
 public:
  explicit BufferPlan(const Chain& chain) {
    const std::vector<std::size_t> last_readers = LastReaders(chain);
    std::vector<std::size_t> busy_until;
    for (std::size_t i = 0; i < chain.layers.size(); ++i) {
      const std::size_t buffer = Choose(chain, i, busy_until);
      busy_until[buffer] = last_readers[i];
      const Layer& layer = chain.layers[i];
      const auto floats = static_cast<std::size_t>(Pixels(layer.out_size) * layer.out);
      sizes_[buffer] = std::max(sizes_[buffer], floats);
      of_layer_.push_back(buffer);
    }
  }

  std::size_t of_layer(std::size_t layer) const { return of_layer_[layer]; }
  const std::vector<std::size_t>& sizes() const { return sizes_; }  ///< in floats

 private:
  static std::vector<std::size_t> LastReaders(const Chain& chain) {
    std::vector<std::size_t> readers;
    for (std::size_t i = 0; i < chain.layers.size(); ++i) {
      readers.push_back(i + 1);
      const Layer& layer = chain.layers[i];
      if (layer.kind == Kind::kAdd) readers[static_cast<std::size_t>(layer.residual_from)] = i;
    }
    return readers;
  }

  std::size_t Choose(const Chain& chain, std::size_t layer, std::vector<std::size_t>& busy_until) {
    const std::vector<Layer>& layers = chain.layers;
    if (layers[layer].kind == Kind::kAdd) return of_layer_[layer - 1];
    if (layer + 1 < layers.size() && layers[layer + 1].kind == Kind::kAdd) {
      return of_layer_[static_cast<std::size_t>(layers[layer + 1].residual_from)];
    }
    for (std::size_t buffer = 0; buffer < busy_until.size(); ++buffer) {
      if (busy_until[buffer] < layer) return buffer;
    }
    busy_until.push_back(0);
    sizes_.push_back(0);
    return busy_until.size() - 1;
  }

  std::vector<std::size_t> of_layer_;
  std::vector<std::size_t> sizes_;
};

std::vector<float> Scaled(const LayerWeights& weights) {
  std::vector<float> scaled = weights.weight;
  const std::size_t each = scaled.size() / weights.affine.scale.size();
  for (std::size_t i = 0; i < scaled.size(); ++i) scaled[i] *= weights.affine.scale[i / each];
  return scaled;
}

absl::StatusOr<Operation> Convolution(const Layer& layer, const LayerWeights& weights) {
  return Operation::Convolution({layer.in, layer.out, layer.in_size, layer.kernel, layer.stride,
                                 layer.kind == Kind::kDepthwise, layer.activation},
                                weights.weight, weights.affine);
}

class Net final : public ChainNet {
 public:
  Net(const Chain& chain, std::shared_ptr<const chain::Weights> weights, BatchNormForm form,
      int threads)
      : chain_(chain),
        weights_(std::move(weights)),
        form_(form),
        threads_(threads),
        stream_(Engine()) {}

  absl::Status Build();
  absl::Status Run(std::span<const float> image, std::span<float> logits) override;

 private:
  // What a run does for a layer: a primitive, or one of kernels.h.
  struct Step {
    const Layer* layer = nullptr;
    const LayerWeights* weights = nullptr;
    std::optional<BoundOperation> operation;
    const float* source = nullptr;
    float* target = nullptr;
  };

  absl::StatusOr<Operation> Compile(std::size_t index);
  absl::StatusOr<Operation> Pointwise(const Layer& layer, const LayerWeights& weights,
                                      bool accumulate);
  absl::Status Bind(const std::vector<std::optional<Operation>>& operations);
  absl::Status RunStep(Step& step, float* logits);

  const Chain chain_;
  const std::shared_ptr<const chain::Weights> weights_;
  const BatchNormForm form_;
  const int threads_;
  std::vector<std::vector<float>> folded_;  // weights of kFolded
  std::vector<AlignedBuffer> buffers_;
  AlignedBuffer scratchpad_;
  dnnl::stream stream_;
  std::vector<Step> steps_;
};

absl::StatusOr<Operation> Net::Pointwise(const Layer& layer, const LayerWeights& weights,
                                         bool accumulate) {
  const PointwiseShape shape{Pixels(layer.out_size), layer.in, layer.out, layer.activation,
                             accumulate};
  if (form_ == BatchNormForm::kApplied) {
    return Operation::Pointwise(shape, weights.weight.data(), WeightOrder::kOutIn, weights.affine);
  }
  folded_.push_back(Scaled(weights));
  return Operation::Pointwise(shape, folded_.back().data(), WeightOrder::kOutIn,
                              {{}, weights.affine.bias});
}

absl::StatusOr<Operation> Net::Compile(std::size_t index) {
  const Layer& layer = chain_.layers[index];
  const LayerWeights& weights = (*weights_)[index];
  if (!IsPointwise(layer)) return Convolution(layer, weights);
  const bool accumulate = chain_.layers[index + 1].kind == Kind::kAdd;
  return Pointwise(layer, weights, accumulate);
}

absl::Status Net::Build() {
  const ScopedThreads scope(threads_);
  std::vector<std::optional<Operation>> operations(chain_.layers.size());
  std::size_t scratchpad = 0;
  for (std::size_t i = 0; i < operations.size(); ++i) {
    if (!HasBatchNorm(chain_.layers[i])) continue;
    DYNOFA_ASSIGN_OR_RETURN(operations[i], Compile(i));
    scratchpad = std::max(scratchpad, operations[i]->scratchpad_bytes());
  }
  scratchpad_ = AlignedBuffer(scratchpad);
  return Bind(operations);
}

absl::Status Net::Bind(const std::vector<std::optional<Operation>>& operations) {
  const BufferPlan plan(chain_);
  for (const std::size_t floats : plan.sizes()) {
    buffers_.emplace_back(floats * sizeof(float));
    // Written once, so that the first run finds its pages in place.
    std::memset(buffers_.back().data(), 0, floats * sizeof(float));
  }
  for (std::size_t i = 0; i < operations.size(); ++i) {
    // The convolution before it has added already.
    if (chain_.layers[i].kind == Kind::kAdd) continue;
    Step step{&chain_.layers[i], &(*weights_)[i], {}, nullptr, nullptr};
    step.target = buffers_[plan.of_layer(i)].floats();
    // The image is not known yet; any readable address does until Run() sets it.
    float* source = i == 0 ? step.target : buffers_[plan.of_layer(i - 1)].floats();
    step.source = source;
    if (operations[i]) {
      DYNOFA_ASSIGN_OR_RETURN(
          step.operation,
          BoundOperation::Create(*operations[i], source, step.target, scratchpad_.data()));
    }
    steps_.push_back(std::move(step));
  }
  return absl::OkStatus();
}

absl::Status Net::Run(std::span<const float> image, std::span<float> logits) {
  const auto places = static_cast<std::size_t>(Pixels(chain_.resolution) * 3);
  const auto classes = static_cast<std::size_t>(chain_.classes());
  if (image.size() != places || logits.size() != classes) {
    return absl::InvalidArgumentError(base::StrCat("this net reads ", places, " values and writes ",
                                                   classes, ", not ", image.size(), " and ",
                                                   logits.size()));
  }
  const ScopedThreads scope(threads_);
  DYNOFA_RETURN_IF_ERROR(steps_.front().operation->SetSource(image.data()));
  for (Step& step : steps_) DYNOFA_RETURN_IF_ERROR(RunStep(step, logits.data()));
  return absl::OkStatus();
}

absl::Status Net::RunStep(Step& step, float* logits) {
  if (step.operation) return step.operation->Run(stream_);
  const Layer& layer = *step.layer;
  if (layer.kind == Kind::kGlobalPool) {
    ChannelMeans(step.source, Pixels(layer.in_size), layer.in, step.target, threads_);
    return absl::OkStatus();
  }
  float* target = &step == &steps_.back() ? logits : step.target;
  MatrixVector(step.weights->weight.data(), layer.out, layer.in, layer.in, step.source,
               step.weights->affine.bias.data(), target, threads_);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<ChainNet>> ChainNet::Create(
    const Chain& chain, std::shared_ptr<const chain::Weights> weights, BatchNormForm form,
    int threads) {
  if (threads < 1) {
    return absl::InvalidArgumentError(base::StrCat("a net has 1 thread or more, not ", threads));
  }
  auto net = std::make_unique<Net>(chain, std::move(weights), form, threads);
  DYNOFA_RETURN_IF_ERROR(net->Build());
  return net;
}

}  // namespace dynofa::engine::cpu
