#include "daemon/engine/cpu/operation.h"

#include <cmath>
#include <cstring>

#include "daemon/base/strings.h"
#include "daemon/engine/cpu/onednn.h"

namespace dynofa::engine::cpu {
namespace {

using dnnl::memory;

constexpr memory::data_type kFloat = memory::data_type::f32;

dnnl::primitive_attr Attributes(ofa::Activation activation, bool accumulate) {
  dnnl::post_ops post_ops;
  if (accumulate) post_ops.append_sum(1.0f);
  switch (activation) {
    case ofa::Activation::kNone:
      break;
    case ofa::Activation::kRelu:
      post_ops.append_eltwise(1.0f, dnnl::algorithm::eltwise_relu, 0.0f, 0.0f);
      break;
    case ofa::Activation::kRelu6:
      post_ops.append_eltwise(1.0f, dnnl::algorithm::eltwise_clip, 0.0f, 6.0f);
      break;
    case ofa::Activation::kHSwish:
      post_ops.append_eltwise(1.0f, dnnl::algorithm::eltwise_hardswish, 0.0f, 0.0f);
      break;
  }
  dnnl::primitive_attr attributes;
  attributes.set_post_ops(post_ops);
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attributes;
}

// A float32 memory that owns a copy of `values` (in the plain layout of `desc`).
memory Owned(const memory::desc& desc, std::span<const float> values) {
  memory owned(desc, Engine());
  std::memcpy(owned.get_data_handle(), values.data(), values.size_bytes());
  return owned;
}

// oneDNN computes scale * (sum + bias), the bias inside. A scale of (almost) nothing is replaced
// by one small enough not to show in the result, and large enough to divide by.
void MoveBiasInside(ofa::Affine& affine) {
  constexpr float kSmallestScale = 1e-20f;
  for (std::size_t c = 0; c < affine.scale.size(); ++c) {
    float& scale = affine.scale[c];
    if (std::abs(scale) < kSmallestScale) scale = std::copysign(kSmallestScale, scale);
    affine.bias[c] /= scale;
  }
}

std::vector<float> ScaleOutputs(std::span<const float> weights, std::span<const float> scale) {
  std::vector<float> scaled(weights.begin(), weights.end());
  const std::size_t each = weights.size() / scale.size();
  for (std::size_t i = 0; i < scaled.size(); ++i) scaled[i] *= scale[i / each];
  return scaled;
}

}  // namespace

absl::StatusOr<Operation> Operation::Pointwise(const PointwiseShape& shape, const float* weights,
                                               WeightOrder order, const ofa::Affine& affine) try {
  ofa::Affine inside = affine;
  MoveBiasInside(inside);
  dnnl::primitive_attr attributes = Attributes(shape.activation, shape.accumulate);
  constexpr int kPerColumn = 1 << 1;
  if (!inside.scale.empty()) attributes.set_output_scales(kPerColumn, inside.scale);

  const memory::desc source({shape.pixels, shape.in}, kFloat, memory::format_tag::ab);
  const memory::desc target({shape.pixels, shape.out}, kFloat, memory::format_tag::ab);
  const memory::desc bias({1, shape.out}, kFloat, memory::format_tag::ab);
  const memory::desc matrix(
      {shape.in, shape.out}, kFloat,
      order == WeightOrder::kInOut ? memory::format_tag::ab : memory::format_tag::ba);
  const dnnl::matmul::primitive_desc descriptor(dnnl::matmul::desc(source, matrix, bias, target),
                                                attributes, Engine());

  Operation operation;
  operation.primitive_ = dnnl::matmul(descriptor);
  operation.source_ = source;
  operation.target_ = target;
  operation.scratchpad_ = descriptor.scratchpad_desc();
  // oneDNN only reads weights, but has no handle type that says so.
  operation.constants_.emplace_back(DNNL_ARG_WEIGHTS,
                                    memory(matrix, Engine(), const_cast<float*>(weights)));
  operation.constants_.emplace_back(DNNL_ARG_BIAS, Owned(bias, inside.bias));
  return operation;
} catch (const dnnl::error& error) {
  return FromError(error, "making a matrix product");
}

absl::StatusOr<Operation> Operation::Convolution(const ConvolutionShape& shape,
                                                 std::span<const float> weights,
                                                 const ofa::Affine& affine) try {
  const std::int64_t k = shape.kernel;
  const std::int64_t out_size = (shape.size - 1) / shape.stride + 1;
  const std::int64_t before = k / 2;
  const std::int64_t after = (out_size - 1) * shape.stride + k - shape.size - before;
  using Tag = memory::format_tag;
  const memory::desc source({1, shape.in, shape.size, shape.size}, kFloat, Tag::nhwc);
  const memory::desc target({1, shape.out, out_size, out_size}, kFloat, Tag::nhwc);
  const memory::desc bias({shape.out}, kFloat, Tag::x);
  const memory::dims dims = shape.depthwise ? memory::dims{shape.out, 1, 1, k, k}
                                            : memory::dims{shape.out, shape.in, k, k};
  const memory::desc plain(dims, kFloat, shape.depthwise ? Tag::goihw : Tag::oihw);
  const dnnl::convolution_forward::primitive_desc descriptor(
      dnnl::convolution_forward::desc(
          dnnl::prop_kind::forward_inference, dnnl::algorithm::convolution_direct, source,
          memory::desc(dims, kFloat, Tag::any), bias, target, {shape.stride, shape.stride},
          {before, before}, {after, after}),
      Attributes(shape.activation, false), Engine());

  memory given = Owned(plain, ScaleOutputs(weights, affine.scale));
  memory preferred(descriptor.weights_desc(), Engine());
  dnnl::stream stream(Engine());
  dnnl::reorder(given, preferred).execute(stream, given, preferred);
  stream.wait();

  Operation operation;
  operation.primitive_ = dnnl::convolution_forward(descriptor);
  operation.source_ = source;
  operation.target_ = target;
  operation.scratchpad_ = descriptor.scratchpad_desc();
  operation.constants_.emplace_back(DNNL_ARG_WEIGHTS, preferred);
  operation.constants_.emplace_back(DNNL_ARG_BIAS, Owned(bias, affine.bias));
  return operation;
} catch (const dnnl::error& error) {
  return FromError(error, "making a convolution");
}

absl::StatusOr<BoundOperation> BoundOperation::Create(const Operation& operation, float* source,
                                                      float* target, void* scratchpad) try {
  BoundOperation bound;
  bound.primitive_ = operation.primitive_;
  const auto add = [&bound](int argument, const memory& value) {
    bound.memories_.push_back(value);
    bound.arguments_.push_back({argument, value.get()});
  };
  add(DNNL_ARG_SRC, memory(operation.source_, Engine(), source));
  add(DNNL_ARG_DST, memory(operation.target_, Engine(), target));
  add(DNNL_ARG_SCRATCHPAD, memory(operation.scratchpad_, Engine(), scratchpad));
  for (const auto& [argument, value] : operation.constants_) add(argument, value);
  return bound;
} catch (const dnnl::error& error) {
  return FromError(error, "binding an operation");
}

absl::Status BoundOperation::SetSource(const float* source) {
  return FromStatus(
      dnnl_memory_set_data_handle(memories_.front().get(), const_cast<float*>(source)),
      "setting the source");
}

absl::Status BoundOperation::Run(const dnnl::stream& stream) {
  return FromStatus(dnnl_primitive_execute(primitive_.get(), stream.get(),
                                           static_cast<int>(arguments_.size()), arguments_.data()),
                    "running an operation");
}

}  // namespace dynofa::engine::cpu
