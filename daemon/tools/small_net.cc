#include "daemon/tools/small_net.h"

#include <algorithm>
#include <string>
#include <utility>

namespace dynofa::tools {
namespace {

using engine::ofa::Activation;
using engine::ofa::Architecture;
using engine::ofa::Subnet;

// One choice for all blocks and stages.
struct Rung {
  int resolution;
  int kernel;
  int expand;
  int depth;
};

constexpr Rung kRungs[] = {
    {20, 3, 2, 1}, {24, 3, 2, 1}, {24, 3, 2, 2}, {24, 3, 3, 2}, {28, 3, 3, 2},
    {28, 3, 3, 3}, {32, 3, 3, 3}, {32, 3, 4, 3}, {32, 5, 4, 3},
};

}  // namespace

Architecture SmallNet(int classes) {
  Architecture a;
  a.classes = classes;
  a.stem_width = 16;
  a.stem_stride = 1;
  a.first_block_width = 16;
  a.stages = {{32, 2, Activation::kRelu, false, 3},
              {80, 2, Activation::kHSwish, true, 3},
              {160, 2, Activation::kHSwish, true, 3}};
  a.final_expand_width = 640;
  a.last_width = 512;
  a.kernels = {3, 5};
  a.expands = {2, 3, 4};
  a.depths = {1, 2, 3};
  return a;
}

std::vector<Subnet> SmallNetLadder(const Architecture& architecture) {
  std::vector<Subnet> subnets;
  for (const Rung& rung : kRungs) {
    Subnet subnet;
    subnet.config = engine::ofa::LargestSubnet(architecture, rung.resolution);
    std::fill(subnet.config.kernels.begin(), subnet.config.kernels.end(), rung.kernel);
    std::fill(subnet.config.expands.begin(), subnet.config.expands.end(), rung.expand);
    std::fill(subnet.config.depths.begin(), subnet.config.depths.end(), rung.depth);
    subnet.id = "r" + std::to_string(rung.resolution) + "-k" + std::to_string(rung.kernel) + "-e" +
                std::to_string(rung.expand) + "-d" + std::to_string(rung.depth);
    subnets.push_back(std::move(subnet));
  }
  return subnets;
}

}  // namespace dynofa::tools
