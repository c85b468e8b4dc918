#include "daemon/engine/cpu/bound_net.h"

#include <cstdint>
#include <cstring>
#include <utility>

#include "daemon/base/status.h"
#include "daemon/engine/cpu/kernels.h"

namespace dynofa::engine::cpu {
namespace {

std::int64_t Pixels(int size) { return std::int64_t{size} * size; }

// Written once, so that the first run finds its pages in place.
AlignedBuffer Touched(std::size_t bytes) {
  AlignedBuffer buffer(bytes);
  std::memset(buffer.data(), 0, bytes);
  return buffer;
}

absl::Status Stopped() { return absl::AbortedError("the run was stopped between its parts"); }

AlignedBuffer Floats(std::size_t count) { return Touched(count * sizeof(float)); }

}  // namespace

Activations::Activations(const BufferSizes& sizes)
    : narrow(Floats(sizes.narrow)),
      expanded(Floats(sizes.expanded)),
      filtered(Floats(sizes.filtered)),
      means(Floats(sizes.vector)),
      hidden(Floats(sizes.vector)),
      gates(Floats(sizes.vector)),
      scratchpad(Touched(sizes.scratchpad)) {}

absl::StatusOr<BoundNet> BoundNet::Create(std::shared_ptr<const CompiledNet> net,
                                          const Activations& activations) {
  BoundNet bound;
  bound.net_ = std::move(net);
  bound.activations_ = &activations;
  void* scratchpad = activations.scratchpad.data();
  // The image is not known yet; any readable address does until Run() sets it.
  DYNOFA_ASSIGN_OR_RETURN(bound.stem_,
                          BoundOperation::Create(bound.net_->stem, activations.expanded.floats(),
                                                 activations.narrow.floats(), scratchpad));
  for (const CompiledBlock& block : bound.net_->blocks) {
    DYNOFA_RETURN_IF_ERROR(bound.BindBlock(block));
  }
  DYNOFA_ASSIGN_OR_RETURN(
      bound.final_expand_,
      BoundOperation::Create(bound.net_->final_expand, activations.narrow.floats(),
                             activations.expanded.floats(), scratchpad));
  return bound;
}

absl::Status BoundNet::BindBlock(const CompiledBlock& compiled) {
  const Activations& a = *activations_;
  void* scratchpad = a.scratchpad.data();
  Block block;
  float* filter_source = a.narrow.floats();
  if (compiled.expand) {
    filter_source = a.expanded.floats();
    DYNOFA_ASSIGN_OR_RETURN(
        block.expand,
        BoundOperation::Create(*compiled.expand, a.narrow.floats(), filter_source, scratchpad));
  }
  DYNOFA_ASSIGN_OR_RETURN(block.depthwise, BoundOperation::Create(compiled.depthwise, filter_source,
                                                                  a.filtered.floats(), scratchpad));
  DYNOFA_ASSIGN_OR_RETURN(
      block.project,
      BoundOperation::Create(compiled.project, a.filtered.floats(), a.narrow.floats(), scratchpad));
  blocks_.push_back(std::move(block));
  return absl::OkStatus();
}

absl::Status BoundNet::Run(const float* image, float* logits, const dnnl::stream& stream,
                           int threads, PartDone part_done) {
  const int parts = static_cast<int>(blocks_.size()) + 2;
  DYNOFA_RETURN_IF_ERROR(stem_.SetSource(image));
  DYNOFA_RETURN_IF_ERROR(stem_.Run(stream));
  if (!part_done(1, parts)) return Stopped();
  for (std::size_t b = 0; b < blocks_.size(); ++b) {
    DYNOFA_RETURN_IF_ERROR(RunBlock(net_->blocks[b], blocks_[b], stream, threads));
    if (!part_done(static_cast<int>(b) + 2, parts)) return Stopped();
  }
  DYNOFA_RETURN_IF_ERROR(final_expand_.Run(stream));
  RunTail(logits, threads);
  return absl::OkStatus();
}

absl::Status BoundNet::RunBlock(const CompiledBlock& compiled, Block& block,
                                const dnnl::stream& stream, int threads) {
  if (block.expand) DYNOFA_RETURN_IF_ERROR(block.expand->Run(stream));
  DYNOFA_RETURN_IF_ERROR(block.depthwise.Run(stream));
  if (compiled.gate) ApplyGate(compiled, threads);
  return block.project.Run(stream);
}

void BoundNet::ApplyGate(const CompiledBlock& block, int threads) {
  const ofa::BlockPlan& b = block.plan;
  const SqueezeExcite& gate = *block.gate;
  float* means = activations_->means.floats();
  float* hidden = activations_->hidden.floats();
  float* gates = activations_->gates.floats();
  float* map = activations_->filtered.floats();
  ChannelMeans(map, Pixels(b.out_size), b.mid, means, threads);
  // Too little work to wake another thread for.
  MatrixVector(gate.reduce_weight, b.se_mid, b.mid, b.max_mid, means, gate.reduce_bias, hidden, 1);
  Relu(hidden, b.se_mid);
  MatrixVector(gate.expand_weight, b.mid, b.se_mid, b.max_se_mid, hidden, gate.expand_bias, gates,
               1);
  HSigmoid(gates, b.mid);
  ScaleChannels(map, Pixels(b.out_size), b.mid, gates, threads);
}

void BoundNet::RunTail(float* logits, int threads) {
  const ofa::NetPlan& plan = net_->plan;
  float* means = activations_->means.floats();
  float* features = activations_->hidden.floats();
  ChannelMeans(activations_->expanded.floats(), Pixels(plan.final_size), plan.final_expand, means,
               threads);
  MatrixVector(net_->feature_mix, plan.last, plan.final_expand, plan.final_expand, means, nullptr,
               features, threads);
  HSwish(features, plan.last);
  MatrixVector(net_->classifier_weight, plan.classes, plan.last, plan.last, features,
               net_->classifier_bias, logits, threads);
}

}  // namespace dynofa::engine::cpu
