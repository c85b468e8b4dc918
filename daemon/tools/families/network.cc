#include "daemon/tools/families/network.h"

#include <cstddef>
#include <utility>
#include <vector>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"

namespace dynofa::tools::families {
namespace {

using engine::chain::Chain;
using engine::chain::Layer;

engine::ofa::Architecture ArchitectureOf(const OfaNetwork& ofa) {
  return engine::ofa::Architecture::MobileNetV3(ofa.width);
}

std::string Key(const Chain& chain) {
  std::string key = base::StrCat("chain ", chain.resolution);
  for (const Layer& layer : chain.layers) {
    key += base::StrCat(" ", static_cast<int>(layer.kind), ",", layer.out, ",", layer.kernel, ",",
                        layer.stride, ",", static_cast<int>(layer.activation), ",",
                        layer.residual_from);
  }
  return key;
}

// Only blocks that run count.
std::string Key(const OfaNetwork& ofa) {
  std::string key = base::StrCat("ofa ", ofa.width, " ", ofa.config.resolution);
  const auto plan = MakePlan(ArchitectureOf(ofa), ofa.config);
  for (const engine::ofa::BlockPlan& block : plan->blocks) {
    key += base::StrCat(" ", block.supernet_index, ",", block.kernel, ",", block.mid);
  }
  return key;
}

}  // namespace

int Network::resolution() const {
  if (const auto* chain = std::get_if<Chain>(&graph)) return chain->resolution;
  return std::get<OfaNetwork>(graph).config.resolution;
}

Network MakeNetwork(Chain chain) {
  const engine::chain::Cost cost = CostOf(chain);
  return {std::move(chain), cost};
}

absl::StatusOr<Network> MakeNetwork(OfaNetwork ofa) {
  DYNOFA_ASSIGN_OR_RETURN(const engine::ofa::NetPlan plan,
                          MakePlan(ArchitectureOf(ofa), ofa.config));
  engine::chain::Cost cost{plan.macs, plan.parameters, 0, plan.layers};
  for (const engine::ofa::BatchNormLayer& layer : BatchNormLayers(plan)) {
    cost.batch_norm_channels += layer.channels;
  }
  return Network{std::move(ofa), cost};
}

std::string GraphKey(const Network& network) {
  return std::visit([](const auto& graph) { return Key(graph); }, network.graph);
}

}  // namespace dynofa::tools::families
