#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/engine/ofa/architecture.h"

namespace dynofa::engine::ofa {
namespace {

// Collects the tensors of a state dict in the order of the reference.
class ShapeList {
 public:
  void Add(std::string key, std::initializer_list<std::int64_t> shape) {
    shapes_.push_back({std::move(key), shape});
  }
  void BatchNorm(std::string_view prefix, std::int64_t channels) {
    for (const char* vector : {".weight", ".bias", ".running_mean", ".running_var"}) {
      Add(base::StrCat(prefix, vector), {channels});
    }
  }
  void FirstBlock(const BlockPlan& b) {
    Add("blocks.0.conv.depth_conv.conv.weight", {b.mid, 1, 3, 3});
    BatchNorm("blocks.0.conv.depth_conv.bn", b.mid);
    Add("blocks.0.conv.point_linear.conv.weight", {b.out, b.mid, 1, 1});
    BatchNorm("blocks.0.conv.point_linear.bn", b.out);
  }
  void ElasticBlock(const Architecture& a, const BlockPlan& b) {
    const std::string conv = base::StrCat("blocks.", b.supernet_index, ".conv");
    Add(conv + ".inverted_bottleneck.conv.conv.weight", {b.max_mid, b.in, 1, 1});
    BatchNorm(conv + ".inverted_bottleneck.bn.bn", b.max_mid);
    const std::string depthwise = conv + ".depth_conv";
    for (std::size_t k = 0; k + 1 < a.kernels.size(); ++k) {
      const std::int64_t area = std::int64_t{a.kernels[k]} * a.kernels[k];
      Add(base::StrCat(depthwise, ".conv.", a.kernels[k + 1], "to", a.kernels[k], "_matrix"),
          {area, area});
    }
    Add(depthwise + ".conv.conv.weight", {b.max_mid, 1, b.max_kernel, b.max_kernel});
    BatchNorm(depthwise + ".bn.bn", b.max_mid);
    if (b.max_se_mid > 0) SqueezeExcite(depthwise + ".se.fc", b);
    Add(conv + ".point_linear.conv.conv.weight", {b.out, b.max_mid, 1, 1});
    BatchNorm(conv + ".point_linear.bn.bn", b.out);
  }
  std::vector<TensorShape> Take() { return std::move(shapes_); }

 private:
  void SqueezeExcite(const std::string& fc, const BlockPlan& b) {
    Add(fc + ".reduce.weight", {b.max_se_mid, b.max_mid, 1, 1});
    Add(fc + ".reduce.bias", {b.max_se_mid});
    Add(fc + ".expand.weight", {b.max_mid, b.max_se_mid, 1, 1});
    Add(fc + ".expand.bias", {b.max_mid});
  }

  std::vector<TensorShape> shapes_;
};

}  // namespace

absl::StatusOr<std::vector<TensorShape>> StateDictShapes(const Architecture& architecture) {
  DYNOFA_ASSIGN_OR_RETURN(NetPlan plan, MakePlan(architecture, LargestSubnet(architecture, 224)));
  ShapeList list;
  list.Add("first_conv.conv.weight", {plan.stem_out, 3, 3, 3});
  list.BatchNorm("first_conv.bn", plan.stem_out);
  list.FirstBlock(plan.blocks[0]);
  for (std::size_t b = 1; b < plan.blocks.size(); ++b) {
    list.ElasticBlock(architecture, plan.blocks[b]);
  }
  list.Add("final_expand_layer.conv.weight", {plan.final_expand, plan.final_in, 1, 1});
  list.BatchNorm("final_expand_layer.bn", plan.final_expand);
  list.Add("feature_mix_layer.conv.weight", {plan.last, plan.final_expand, 1, 1});
  list.Add("classifier.linear.weight", {plan.classes, plan.last});
  list.Add("classifier.linear.bias", {plan.classes});
  return list.Take();
}

std::vector<BatchNormLayer> BatchNormLayers(const NetPlan& plan) {
  std::vector<BatchNormLayer> layers = {{"first_conv.bn", plan.stem_out}};
  for (const BlockPlan& block : plan.blocks) {
    const std::string conv = base::StrCat("blocks.", block.supernet_index, ".conv");
    // The reference doubles the name in elastic layers.
    const char* bn = block.supernet_index == 0 ? ".bn" : ".bn.bn";
    if (block.expand) layers.push_back({conv + ".inverted_bottleneck" + bn, block.mid});
    layers.push_back({conv + ".depth_conv" + bn, block.mid});
    layers.push_back({conv + ".point_linear" + bn, block.out});
  }
  layers.push_back({"final_expand_layer.bn", plan.final_expand});
  return layers;
}

}  // namespace dynofa::engine::ofa
