#include "daemon/engine/cpu/compiled_net.h"

#include <algorithm>
#include <span>
#include <string>
#include <utility>

#include "daemon/base/status.h"
#include "daemon/engine/cpu/onednn.h"
#include "daemon/engine/ofa/folding.h"
#include "daemon/engine/ofa/keys.h"

namespace dynofa::engine::cpu {
namespace {

std::size_t Count(std::int64_t a, std::int64_t b = 1, std::int64_t c = 1) {
  return static_cast<std::size_t>(a * b * c);
}

AlignedBuffer Transposed(std::span<const float> matrix, std::size_t rows, std::size_t columns) {
  AlignedBuffer transposed(matrix.size_bytes());
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t c = 0; c < columns; ++c) {
      transposed.floats()[c * rows + r] = matrix[r * columns + c];
    }
  }
  return transposed;
}

SqueezeExcite Gate(const ofa::OfaModel& model, const ofa::BlockPlan& block) {
  const auto tensor = [&](const char* layer, const char* name) {
    return model.Weight(SqueezeExciteKey(block, layer, name)).data();
  };
  return {tensor("reduce", "weight"), tensor("reduce", "bias"), tensor("expand", "weight"),
          tensor("expand", "bias")};
}

absl::StatusOr<CompiledBlock> CompileBlock(const SharedWeights& weights, std::string_view subnet,
                                           const ofa::BlockPlan& b) {
  const ofa::OfaModel& model = weights.model();
  const std::int64_t in_pixels = std::int64_t{b.in_size} * b.in_size;
  const std::int64_t out_pixels = std::int64_t{b.out_size} * b.out_size;
  CompiledBlock block;
  block.plan = b;
  if (b.expand) {
    DYNOFA_ASSIGN_OR_RETURN(
        const ofa::Affine affine,
        FoldBatchNorm(model, subnet, BatchNormKey(b, "inverted_bottleneck"), b.mid));
    DYNOFA_ASSIGN_OR_RETURN(
        block.expand,
        Operation::Pointwise({in_pixels, b.in, b.mid, b.activation, false},
                             model.Weight(ExpandKey(b)).data(), WeightOrder::kOutIn, affine));
  }
  DYNOFA_ASSIGN_OR_RETURN(const ofa::Affine filter,
                          FoldBatchNorm(model, subnet, BatchNormKey(b, "depth_conv"), b.mid));
  DYNOFA_ASSIGN_OR_RETURN(
      block.depthwise,
      Operation::Convolution({b.mid, b.mid, b.in_size, b.kernel, b.stride, true, b.activation},
                             DepthwiseKernels(model, b), filter));
  if (b.se_mid > 0) block.gate = Gate(model, b);
  DYNOFA_ASSIGN_OR_RETURN(const ofa::Affine project,
                          FoldBatchNorm(model, subnet, BatchNormKey(b, "point_linear"), b.out));
  DYNOFA_ASSIGN_OR_RETURN(
      block.project,
      Operation::Pointwise({out_pixels, b.mid, b.out, ofa::Activation::kNone, b.shortcut},
                           weights.Project(b.supernet_index), WeightOrder::kInOut, project));
  return block;
}

absl::Status CompileEnds(std::string_view subnet, CompiledNet& net) {
  const ofa::OfaModel& model = net.weights->model();
  const ofa::NetPlan& plan = net.plan;
  DYNOFA_ASSIGN_OR_RETURN(const ofa::Affine stem,
                          FoldBatchNorm(model, subnet, "first_conv.bn", plan.stem_out));
  DYNOFA_ASSIGN_OR_RETURN(
      net.stem, Operation::Convolution({3, plan.stem_out, plan.resolution, 3, plan.stem_stride,
                                        false, ofa::Activation::kHSwish},
                                       model.Weight("first_conv.conv.weight"), stem));
  DYNOFA_ASSIGN_OR_RETURN(const ofa::Affine final,
                          FoldBatchNorm(model, subnet, "final_expand_layer.bn", plan.final_expand));
  DYNOFA_ASSIGN_OR_RETURN(
      net.final_expand,
      Operation::Pointwise({std::int64_t{plan.final_size} * plan.final_size, plan.final_in,
                            plan.final_expand, ofa::Activation::kHSwish, false},
                           model.Weight("final_expand_layer.conv.weight").data(),
                           WeightOrder::kOutIn, final));
  net.feature_mix = model.Weight("feature_mix_layer.conv.weight").data();
  net.classifier_weight = model.Weight("classifier.linear.weight").data();
  net.classifier_bias = model.Weight("classifier.linear.bias").data();
  return absl::OkStatus();
}

BufferSizes SizesOf(const CompiledNet& net) {
  const ofa::NetPlan& plan = net.plan;
  BufferSizes sizes;
  sizes.narrow = Count(plan.stem_size, plan.stem_size, plan.stem_out);
  sizes.expanded = Count(plan.final_size, plan.final_size, plan.final_expand);
  sizes.vector = Count(std::max(plan.final_expand, plan.last));
  sizes.scratchpad = std::max(net.stem.scratchpad_bytes(), net.final_expand.scratchpad_bytes());
  for (const CompiledBlock& block : net.blocks) {
    const ofa::BlockPlan& b = block.plan;
    BufferSizes own;
    own.narrow = Count(b.out_size, b.out_size, b.out);
    if (b.expand) own.expanded = Count(b.in_size, b.in_size, b.mid);
    own.filtered = Count(b.out_size, b.out_size, b.mid);
    own.vector = Count(b.mid);
    own.scratchpad =
        std::max({block.expand ? block.expand->scratchpad_bytes() : 0,
                  block.depthwise.scratchpad_bytes(), block.project.scratchpad_bytes()});
    sizes = BufferSizes::Union(sizes, own);
  }
  return sizes;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const SharedWeights>> SharedWeights::Create(
    std::shared_ptr<const ofa::OfaModel> model) {
  const ofa::Architecture& architecture = model->architecture();
  constexpr int kAnyResolution = 224;
  DYNOFA_ASSIGN_OR_RETURN(const ofa::NetPlan largest,
                          MakePlan(architecture, LargestSubnet(architecture, kAnyResolution)));
  auto shared = std::make_shared<SharedWeights>();
  for (const ofa::BlockPlan& block : largest.blocks) {
    shared->project_.emplace(
        block.supernet_index,
        Transposed(model->Weight(ProjectKey(block)), Count(block.out), Count(block.max_mid)));
  }
  shared->model_ = std::move(model);
  return shared;
}

BufferSizes BufferSizes::Union(const BufferSizes& a, const BufferSizes& b) {
  return {std::max(a.narrow, b.narrow), std::max(a.expanded, b.expanded),
          std::max(a.filtered, b.filtered), std::max(a.vector, b.vector),
          std::max(a.scratchpad, b.scratchpad)};
}

absl::StatusOr<CompiledNet> Compile(std::shared_ptr<const SharedWeights> weights,
                                    std::string_view subnet, const ofa::NetPlan& plan,
                                    int threads) {
  const ScopedThreads scope(threads);
  CompiledNet net;
  net.weights = std::move(weights);
  net.plan = plan;
  DYNOFA_RETURN_IF_ERROR(CompileEnds(subnet, net));
  for (const ofa::BlockPlan& block : plan.blocks) {
    DYNOFA_ASSIGN_OR_RETURN(CompiledBlock compiled, CompileBlock(*net.weights, subnet, block));
    net.blocks.push_back(std::move(compiled));
  }
  net.buffers = SizesOf(net);
  return net;
}

}  // namespace dynofa::engine::cpu
