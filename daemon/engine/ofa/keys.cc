#include "daemon/engine/ofa/keys.h"

#include "daemon/base/strings.h"

namespace dynofa::engine::ofa {
namespace {

std::string Layer(const BlockPlan& block, const char* layer) {
  return base::StrCat("blocks.", block.supernet_index, ".conv.", layer);
}

std::string ConvolutionKey(const BlockPlan& block, const char* layer) {
  const char* name = block.supernet_index == 0 ? ".conv.weight" : ".conv.conv.weight";
  return Layer(block, layer) + name;
}

}  // namespace

std::string ExpandKey(const BlockPlan& block) {
  return ConvolutionKey(block, "inverted_bottleneck");
}

std::string DepthwiseKey(const BlockPlan& block) { return ConvolutionKey(block, "depth_conv"); }

std::string ProjectKey(const BlockPlan& block) { return ConvolutionKey(block, "point_linear"); }

std::string TransformKey(const BlockPlan& block, int from, int to) {
  return base::StrCat(Layer(block, "depth_conv"), ".conv.", from, "to", to, "_matrix");
}

std::string BatchNormKey(const BlockPlan& block, const char* layer) {
  return Layer(block, layer) + (block.supernet_index == 0 ? ".bn" : ".bn.bn");
}

std::string SqueezeExciteKey(const BlockPlan& block, const char* layer, const char* tensor) {
  return base::StrCat(Layer(block, "depth_conv"), ".se.fc.", layer, ".", tensor);
}

}  // namespace dynofa::engine::ofa
