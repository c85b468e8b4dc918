#include "daemon/engine/torch/elastic_net.h"

#include <utility>
#include <vector>

#include "daemon/base/strings.h"
#include "daemon/engine/torch/activation.h"

namespace dynofa::engine::torch_backend {
namespace {

at::Tensor Convolve(const at::Tensor& x, const at::Tensor& weight, std::int64_t stride = 1,
                    std::int64_t groups = 1) {
  return at::conv2d(x, weight, {}, stride, weight.size(2) / 2, 1, groups);
}

// The first `out` by `in` channels of a weight.
at::Tensor Prefix(const at::Tensor& weight, std::int64_t out, std::int64_t in) {
  return weight.narrow(0, 0, out).narrow(1, 0, in);
}

at::Tensor GlobalMean(const at::Tensor& x) {
  return x.mean(at::IntArrayRef({2, 3}), /*keepdim=*/true);
}

}  // namespace

at::Tensor ElasticNet::Normalise(const at::Tensor& x, const std::string& prefix,
                                 BatchNorm& norm) const {
  const std::int64_t channels = x.size(1);
  return norm.Apply(prefix, x, Weight(prefix + ".weight").narrow(0, 0, channels),
                    Weight(prefix + ".bias").narrow(0, 0, channels));
}

at::Tensor ElasticNet::DepthwiseKernel(const std::string& conv, const ofa::BlockPlan& plan) const {
  at::Tensor kernel = Weight(conv + ".conv.weight").narrow(0, 0, plan.mid);
  int size = plan.max_kernel;
  for (auto next = kernels_.rbegin() + 1; size > plan.kernel; ++next) {
    const int start = size / 2 - *next / 2;
    const at::Tensor centre = kernel.narrow(2, start, *next).narrow(3, start, *next);
    const at::Tensor& matrix = Weight(base::StrCat(conv, ".", size, "to", *next, "_matrix"));
    kernel = at::linear(centre.reshape({plan.mid, *next * *next}), matrix)
                 .reshape({plan.mid, 1, *next, *next});
    size = *next;
  }
  return kernel;
}

at::Tensor ElasticNet::SqueezeExcite(const at::Tensor& x, const std::string& fc,
                                     const ofa::BlockPlan& plan) const {
  at::Tensor y =
      at::conv2d(GlobalMean(x), Prefix(Weight(fc + ".reduce.weight"), plan.se_mid, plan.mid),
                 Weight(fc + ".reduce.bias").narrow(0, 0, plan.se_mid));
  y = at::conv2d(at::relu(y), Prefix(Weight(fc + ".expand.weight"), plan.mid, plan.se_mid),
                 Weight(fc + ".expand.bias").narrow(0, 0, plan.mid));
  return x * at::hardsigmoid(y);
}

at::Tensor ElasticNet::Block(const at::Tensor& x, const ofa::BlockPlan& plan,
                             BatchNorm& norm) const {
  const std::string block = base::StrCat("blocks.", plan.supernet_index, ".conv");
  const bool elastic = plan.supernet_index > 0;  // the reference doubles the names in those
  const std::string conv = elastic ? ".conv.conv.weight" : ".conv.weight";
  const std::string bn = elastic ? ".bn.bn" : ".bn";
  at::Tensor y = x;
  if (plan.expand) {
    const std::string layer = block + ".inverted_bottleneck";
    y = Convolve(y, Prefix(Weight(layer + conv), plan.mid, plan.in));
    y = Activate(Normalise(y, layer + bn, norm), plan.activation);
  }
  const std::string layer = block + ".depth_conv";
  const at::Tensor kernel = elastic ? DepthwiseKernel(layer + ".conv", plan) : Weight(layer + conv);
  y = Convolve(y, kernel, plan.stride, plan.mid);
  y = Activate(Normalise(y, layer + bn, norm), plan.activation);
  if (plan.se_mid > 0) y = SqueezeExcite(y, layer + ".se.fc", plan);
  const std::string project = block + ".point_linear";
  y = Convolve(y, Prefix(Weight(project + conv), plan.out, plan.mid));
  y = Normalise(y, project + bn, norm);
  return plan.shortcut ? y + x : y;
}

at::Tensor ElasticNet::Forward(const at::Tensor& images, const ofa::NetPlan& plan,
                               BatchNorm& norm) const {
  return ForwardParts(images, plan, norm, [](int, int) { return true; });
}

at::Tensor ElasticNet::ForwardParts(const at::Tensor& images, const ofa::NetPlan& plan,
                                    BatchNorm& norm, PartDone part_done) const {
  const int parts = static_cast<int>(plan.blocks.size()) + 2;  // with the stem and the tail
  int done = 0;
  at::Tensor x = Convolve(images.contiguous(at::MemoryFormat::ChannelsLast),
                          Weight("first_conv.conv.weight"), plan.stem_stride);
  x = at::hardswish(Normalise(x, "first_conv.bn", norm));
  if (!part_done(++done, parts)) return {};
  for (const ofa::BlockPlan& block : plan.blocks) {
    x = Block(x, block, norm);
    if (!part_done(++done, parts)) return {};
  }
  x = Convolve(x, Weight("final_expand_layer.conv.weight"));
  x = at::hardswish(Normalise(x, "final_expand_layer.bn", norm));
  // No batch norm between these two.
  x = at::hardswish(Convolve(GlobalMean(x), Weight("feature_mix_layer.conv.weight")));
  return at::linear(x.flatten(1), Weight("classifier.linear.weight"),
                    Weight("classifier.linear.bias"));
}

NamedTensors BorrowWeights(const ofa::OfaModel& model) {
  NamedTensors tensors;
  // The architecture was resolved when the model was made.
  const auto shapes = ofa::StateDictShapes(model.architecture());
  for (const ofa::TensorShape& shape : shapes.value()) {
    // libtorch has no tensors of constant memory.
    float* data = const_cast<float*>(model.Weight(shape.key).data());
    tensors.emplace(shape.key, at::from_blob(data, shape.shape, at::kFloat));
  }
  return tensors;
}

}  // namespace dynofa::engine::torch_backend
