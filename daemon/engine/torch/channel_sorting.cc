#include "daemon/engine/torch/channel_sorting.h"

#include <c10/core/GradMode.h>

#include <algorithm>
#include <string>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/engine/ofa/keys.h"

namespace dynofa::engine::torch_backend {
namespace {

// Where the groups of one block end: middle channels and hidden units of squeeze-and-excite.
struct Groups {
  ofa::BlockPlan block;  // at its widest
  std::vector<std::int64_t> mid;
  std::vector<std::int64_t> se_mid;
};

absl::StatusOr<std::vector<Groups>> GroupsOf(const ofa::Architecture& architecture,
                                             const std::vector<int>& supported) {
  std::vector<Groups> groups;
  for (int expand : supported) {
    ofa::SubnetConfig config = ofa::LargestSubnet(architecture, 32);
    std::fill(config.expands.begin(), config.expands.end(), expand);
    DYNOFA_ASSIGN_OR_RETURN(const ofa::NetPlan plan, ofa::MakePlan(architecture, config));
    groups.resize(plan.blocks.size());
    for (std::size_t i = 0; i < plan.blocks.size(); ++i) {
      groups[i].block = plan.blocks[i];
      groups[i].mid.push_back(plan.blocks[i].mid);
      groups[i].se_mid.push_back(plan.blocks[i].se_mid);
    }
  }
  std::erase_if(groups, [](const Groups& g) { return g.block.supernet_index == 0; });
  return groups;
}

// The order of `importance` from the largest down within each group; what lies behind the last
// group stays in its place.
at::Tensor OrderWithin(const at::Tensor& importance, const std::vector<std::int64_t>& ends) {
  at::Tensor order = at::arange(importance.size(0), at::kLong);
  std::int64_t begin = 0;
  for (std::int64_t end : ends) {
    if (end == begin) continue;  // two expansions that round to one width
    const at::Tensor best =
        std::get<1>(importance.narrow(0, begin, end - begin).sort(/*stable=*/true, 0, true));
    order.narrow(0, begin, end - begin).copy_(best + begin);
    begin = end;
  }
  return order;
}

void Permute(const NamedTensors& tensors, const std::string& key, std::int64_t dimension,
             const at::Tensor& order) {
  at::Tensor tensor = tensors.at(key);
  tensor.copy_(tensor.index_select(dimension, order.to(tensor.device())));
}

void PermuteBatchNorm(const NamedTensors& tensors, const std::string& prefix,
                      const at::Tensor& order) {
  for (const char* part : {".weight", ".bias", ".running_mean", ".running_var"}) {
    Permute(tensors, prefix + part, 0, order);
  }
}

at::Tensor Importance(const at::Tensor& weight, at::IntArrayRef other_dimensions) {
  return weight.detach().abs().sum(other_dimensions).cpu();
}

void SortBlock(const NamedTensors& tensors, const Groups& groups) {
  const ofa::BlockPlan& block = groups.block;
  const std::string project = ofa::ProjectKey(block);
  const at::Tensor order = OrderWithin(Importance(tensors.at(project), {0, 2, 3}), groups.mid);
  Permute(tensors, project, 1, order);
  Permute(tensors, ofa::DepthwiseKey(block), 0, order);
  PermuteBatchNorm(tensors, ofa::BatchNormKey(block, "depth_conv"), order);
  if (block.expand) {
    Permute(tensors, ofa::ExpandKey(block), 0, order);
    PermuteBatchNorm(tensors, ofa::BatchNormKey(block, "inverted_bottleneck"), order);
  }
  if (block.se_mid == 0) return;
  const std::string expand = ofa::SqueezeExciteKey(block, "expand", "weight");
  Permute(tensors, ofa::SqueezeExciteKey(block, "reduce", "weight"), 1, order);
  Permute(tensors, expand, 0, order);
  Permute(tensors, ofa::SqueezeExciteKey(block, "expand", "bias"), 0, order);
  const at::Tensor hidden = OrderWithin(Importance(tensors.at(expand), {0, 2, 3}), groups.se_mid);
  Permute(tensors, expand, 1, hidden);
  Permute(tensors, ofa::SqueezeExciteKey(block, "reduce", "weight"), 0, hidden);
  Permute(tensors, ofa::SqueezeExciteKey(block, "reduce", "bias"), 0, hidden);
}

}  // namespace

absl::Status SortMiddleChannels(const NamedTensors& tensors, const ofa::Architecture& architecture,
                                const std::vector<int>& supported) {
  DYNOFA_ASSIGN_OR_RETURN(const std::vector<Groups> groups, GroupsOf(architecture, supported));
  const c10::AutoGradMode no_gradients(false);
  for (const Groups& block : groups) SortBlock(tensors, block);
  return absl::OkStatus();
}

}  // namespace dynofa::engine::torch_backend
