#include "daemon/engine/torch/folded_net.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/stack.h>
#include <c10/core/InferenceMode.h>

#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/engine/ofa/architecture.h"
#include "daemon/engine/ofa/folding.h"
#include "daemon/engine/ofa/keys.h"

namespace dynofa::engine::torch_backend {
namespace {

at::Tensor Copied(std::span<const float> values, at::IntArrayRef shape) {
  at::Tensor tensor = at::empty(shape, at::kFloat);
  std::memcpy(tensor.data_ptr<float>(), values.data(), values.size_bytes());
  return tensor;
}

struct ConvolutionSpec {
  std::int64_t stride = 1;
  std::int64_t groups = 1;
  ofa::Activation activation = ofa::Activation::kNone;
  std::int64_t in_channels = 0;
  std::int64_t in_size = 0;
};

// A convolution with folded batch norm and its activation.
class Convolution {
 public:
  Convolution(at::Tensor weight, const ofa::Affine& affine, const ConvolutionSpec& spec,
              FoldedPath path)
      : spec_(spec) {
    const auto channels = static_cast<std::int64_t>(affine.scale.size());
    weight_ = (weight * Copied(affine.scale, {channels, 1, 1, 1}))
                  .contiguous(at::MemoryFormat::ChannelsLast);
    bias_ = Copied(affine.bias, {channels});
    if (path == FoldedPath::kPrepacked) Prepack();
  }

  at::Tensor Run(const at::Tensor& x) const {
    at::Tensor y = context_ ? RunPrepacked(x)
                            : at::conv2d(x, weight_, bias_, spec_.stride, weight_.size(2) / 2, 1,
                                         spec_.groups);
    if (spec_.activation == ofa::Activation::kHSwish) return at::hardswish_(y);
    if (spec_.activation == ofa::Activation::kRelu && !context_) return at::relu_(y);
    return y;
  }

 private:
  void Prepack() {
    static const auto prepack =
        c10::Dispatcher::singleton().findSchemaOrThrow("mkldnn_prepacked::conv2d_prepack", "");
    const std::int64_t padding = weight_.size(2) / 2;
    torch::jit::Stack stack;
    stack.emplace_back(weight_);
    stack.emplace_back(c10::optional<at::Tensor>(bias_));
    for (std::int64_t both : {spec_.stride, padding, std::int64_t{1}}) {
      stack.emplace_back(std::vector<std::int64_t>{both, both});
    }
    stack.emplace_back(spec_.groups);
    stack.emplace_back(
        std::vector<std::int64_t>{1, spec_.in_channels, spec_.in_size, spec_.in_size});
    stack.emplace_back(std::string(spec_.activation == ofa::Activation::kRelu ? "relu" : "none"));
    prepack.callBoxed(stack);
    context_ = stack.front();
  }

  at::Tensor RunPrepacked(const at::Tensor& x) const {
    static const auto run =
        c10::Dispatcher::singleton().findSchemaOrThrow("mkldnn_prepacked::conv2d_run", "");
    torch::jit::Stack stack = {x, *context_};
    run.callBoxed(stack);
    return stack.front().toTensor();
  }

  ConvolutionSpec spec_;
  at::Tensor weight_;
  at::Tensor bias_;
  std::optional<c10::IValue> context_;
};

struct Gate {
  at::Tensor reduce_weight;
  at::Tensor reduce_bias;
  at::Tensor expand_weight;
  at::Tensor expand_bias;

  void Apply(at::Tensor& x) const {
    at::Tensor y = x.mean(at::IntArrayRef({2, 3}));
    y = at::linear(y, reduce_weight, reduce_bias).relu_();
    y = at::linear(y, expand_weight, expand_bias);
    at::hardsigmoid_(y);
    x.mul_(y.unsqueeze(2).unsqueeze(3));
  }
};

struct Block {
  std::optional<Convolution> expand;
  std::optional<Convolution> depthwise;
  std::optional<Gate> gate;
  std::optional<Convolution> project;
  bool shortcut = false;
};

class Net final : public FoldedNet {
 public:
  Net(ofa::NetPlan plan, FoldedPath path) : plan_(std::move(plan)), path_(path) {}

  absl::Status Build(const ofa::OfaModel& model, std::string_view subnet);
  absl::Status Run(std::span<const float> image, std::span<float> logits, int threads) override;

 private:
  absl::StatusOr<Block> BuildBlock(const ofa::OfaModel& model, std::string_view subnet,
                                   const ofa::BlockPlan& b) const;
  at::Tensor Forward(const at::Tensor& image) const;

  const ofa::NetPlan plan_;
  const FoldedPath path_;
  std::optional<Convolution> stem_;
  std::vector<Block> blocks_;
  std::optional<Convolution> final_expand_;
  at::Tensor feature_mix_;
  at::Tensor classifier_weight_;
  at::Tensor classifier_bias_;
};

// The first `rows` by `columns` of a matrix of `stored` columns.
at::Tensor Prefix(std::span<const float> matrix, std::int64_t stored, std::int64_t rows,
                  std::int64_t columns) {
  const auto all = static_cast<std::int64_t>(matrix.size());
  return Copied(matrix, {all / stored, stored})
      .narrow(0, 0, rows)
      .narrow(1, 0, columns)
      .contiguous();
}

Gate BuildGate(const ofa::OfaModel& model, const ofa::BlockPlan& b) {
  const auto tensor = [&](const char* layer, const char* name) {
    return model.Weight(ofa::SqueezeExciteKey(b, layer, name));
  };
  return {Prefix(tensor("reduce", "weight"), b.max_mid, b.se_mid, b.mid),
          Copied(tensor("reduce", "bias").first(static_cast<std::size_t>(b.se_mid)), {b.se_mid}),
          Prefix(tensor("expand", "weight"), b.max_se_mid, b.mid, b.se_mid),
          Copied(tensor("expand", "bias").first(static_cast<std::size_t>(b.mid)), {b.mid})};
}

absl::StatusOr<Block> Net::BuildBlock(const ofa::OfaModel& model, std::string_view subnet,
                                      const ofa::BlockPlan& b) const {
  Block block;
  block.shortcut = b.shortcut;
  const auto affine = [&](const char* layer, int channels) {
    return FoldBatchNorm(model, subnet, BatchNormKey(b, layer), channels);
  };
  if (b.expand) {
    DYNOFA_ASSIGN_OR_RETURN(const ofa::Affine norm, affine("inverted_bottleneck", b.mid));
    block.expand.emplace(
        Prefix(model.Weight(ExpandKey(b)), b.in, b.mid, b.in).view({b.mid, b.in, 1, 1}), norm,
        ConvolutionSpec{1, 1, b.activation, b.in, b.in_size}, path_);
  }
  DYNOFA_ASSIGN_OR_RETURN(const ofa::Affine filter, affine("depth_conv", b.mid));
  block.depthwise.emplace(Copied(DepthwiseKernels(model, b), {b.mid, 1, b.kernel, b.kernel}),
                          filter, ConvolutionSpec{b.stride, b.mid, b.activation, b.mid, b.in_size},
                          path_);
  if (b.se_mid > 0) block.gate = BuildGate(model, b);
  DYNOFA_ASSIGN_OR_RETURN(const ofa::Affine project, affine("point_linear", b.out));
  block.project.emplace(
      Prefix(model.Weight(ProjectKey(b)), b.max_mid, b.out, b.mid).view({b.out, b.mid, 1, 1}),
      project, ConvolutionSpec{1, 1, ofa::Activation::kNone, b.mid, b.out_size}, path_);
  return block;
}

absl::Status Net::Build(const ofa::OfaModel& model, std::string_view subnet) {
  const auto tensor = [&](const char* key, at::IntArrayRef shape) {
    return Copied(model.Weight(key), shape);
  };
  DYNOFA_ASSIGN_OR_RETURN(const ofa::Affine stem,
                          FoldBatchNorm(model, subnet, "first_conv.bn", plan_.stem_out));
  stem_.emplace(
      tensor("first_conv.conv.weight", {plan_.stem_out, 3, 3, 3}), stem,
      ConvolutionSpec{plan_.stem_stride, 1, ofa::Activation::kHSwish, 3, plan_.resolution}, path_);
  for (const ofa::BlockPlan& b : plan_.blocks) {
    DYNOFA_ASSIGN_OR_RETURN(Block block, BuildBlock(model, subnet, b));
    blocks_.push_back(std::move(block));
  }
  DYNOFA_ASSIGN_OR_RETURN(
      const ofa::Affine final,
      FoldBatchNorm(model, subnet, "final_expand_layer.bn", plan_.final_expand));
  final_expand_.emplace(
      tensor("final_expand_layer.conv.weight", {plan_.final_expand, plan_.final_in, 1, 1}), final,
      ConvolutionSpec{1, 1, ofa::Activation::kHSwish, plan_.final_in, plan_.final_size}, path_);
  feature_mix_ = tensor("feature_mix_layer.conv.weight", {plan_.last, plan_.final_expand});
  classifier_weight_ = tensor("classifier.linear.weight", {plan_.classes, plan_.last});
  classifier_bias_ = tensor("classifier.linear.bias", {plan_.classes});
  return absl::OkStatus();
}

at::Tensor Net::Forward(const at::Tensor& image) const {
  at::Tensor x = stem_->Run(image);
  for (const Block& block : blocks_) {
    at::Tensor y = block.expand ? block.expand->Run(x) : x;
    y = block.depthwise->Run(y);
    if (block.gate) block.gate->Apply(y);
    y = block.project->Run(y);
    x = block.shortcut ? y.add_(x) : y;
  }
  const at::Tensor pooled = final_expand_->Run(x).mean(at::IntArrayRef({2, 3}));
  at::Tensor features = at::linear(pooled, feature_mix_);
  return at::linear(at::hardswish_(features), classifier_weight_, classifier_bias_);
}

absl::Status Net::Run(std::span<const float> image, std::span<float> logits, int threads) try {
  const std::int64_t side = plan_.resolution;
  if (image.size() != static_cast<std::size_t>(side * side * 3) ||
      logits.size() != static_cast<std::size_t>(plan_.classes)) {
    return absl::InvalidArgumentError("the image or the output has the wrong size");
  }
  const c10::InferenceMode inference;
  if (at::get_num_threads() != threads) at::set_num_threads(threads);
  const at::Tensor input = at::from_blob(const_cast<float*>(image.data()), {1, 3, side, side},
                                         {side * side * 3, 1, side * 3, 3}, at::kFloat);
  const at::Tensor output = Forward(input).contiguous();
  std::memcpy(logits.data(), output.data_ptr<float>(), logits.size_bytes());
  return absl::OkStatus();
} catch (const std::exception& error) {
  return absl::InternalError(base::StrCat("libtorch: ", error.what()));
}

}  // namespace

absl::StatusOr<std::unique_ptr<FoldedNet>> FoldedNet::Create(const ofa::OfaModel& model,
                                                             std::string_view subnet,
                                                             FoldedPath path) try {
  const c10::InferenceMode inference;
  DYNOFA_ASSIGN_OR_RETURN(ofa::NetPlan plan, MakePlan(model.architecture(), *model.Config(subnet)));
  auto net = std::make_unique<Net>(std::move(plan), path);
  DYNOFA_RETURN_IF_ERROR(net->Build(model, subnet));
  return net;
} catch (const std::exception& error) {
  return absl::UnimplementedError(base::StrCat("libtorch: ", error.what()));
}

}  // namespace dynofa::engine::torch_backend
