#include "daemon/engine/ofa/architecture.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "daemon/base/range.h"
#include "daemon/base/status.h"
#include "daemon/base/strings.h"

namespace dynofa::engine::ofa {
namespace {

using base::CheckRange;

// Bounds that keep every count far inside 64 bits.
constexpr int kMaxWidth = 4096;
constexpr int kMaxClasses = 65536;
constexpr int kMaxStages = 16;
constexpr int kMaxStageDepth = 16;
constexpr int kMaxExpand = 16;
constexpr int kMinResolution = 8;
constexpr int kMaxResolution = 1024;

// A list of choices must be strictly ascending, so that its last entry is the supernet's.
absl::Status CheckChoices(std::string_view what, const std::vector<int>& values, int low,
                          int high) {
  if (values.empty()) return absl::InvalidArgumentError(base::StrCat(what, " is empty"));
  for (std::size_t i = 0; i < values.size(); ++i) {
    DYNOFA_RETURN_IF_ERROR(CheckRange(base::StrCat(what, "[", i, "]"), values[i], low, high));
    if (i > 0 && values[i] <= values[i - 1]) {
      return absl::InvalidArgumentError(base::StrCat(what, " must be strictly ascending"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckStage(std::string_view what, const StageSpec& stage) {
  DYNOFA_RETURN_IF_ERROR(CheckRange(base::StrCat(what, ".width"), stage.width, 1, kMaxWidth));
  DYNOFA_RETURN_IF_ERROR(CheckRange(base::StrCat(what, ".stride"), stage.stride, 1, 2));
  if (stage.activation != Activation::kRelu && stage.activation != Activation::kHSwish) {
    return absl::InvalidArgumentError(base::StrCat(what, ".activation must be relu or h_swish"));
  }
  return CheckRange(base::StrCat(what, ".max_depth"), stage.max_depth, 1, kMaxStageDepth);
}

absl::Status CheckArchitecture(const Architecture& a) {
  DYNOFA_RETURN_IF_ERROR(CheckRange("width_mult", a.width_mult, 0.05, 4));
  DYNOFA_RETURN_IF_ERROR(CheckRange("classes", a.classes, 1, kMaxClasses));
  DYNOFA_RETURN_IF_ERROR(CheckRange("stem_width", a.stem_width, 1, kMaxWidth));
  DYNOFA_RETURN_IF_ERROR(CheckRange("stem_stride", a.stem_stride, 1, 2));
  DYNOFA_RETURN_IF_ERROR(CheckRange("first_block_width", a.first_block_width, 1, kMaxWidth));
  DYNOFA_RETURN_IF_ERROR(CheckRange("final_expand_width", a.final_expand_width, 1, kMaxWidth));
  DYNOFA_RETURN_IF_ERROR(CheckRange("last_width", a.last_width, 1, kMaxWidth));
  DYNOFA_RETURN_IF_ERROR(CheckRange("bn_epsilon", a.bn_epsilon, 1e-12, 1));
  DYNOFA_RETURN_IF_ERROR(
      CheckRange("number of stages", static_cast<double>(a.stages.size()), 1, kMaxStages));
  for (std::size_t s = 0; s < a.stages.size(); ++s) {
    DYNOFA_RETURN_IF_ERROR(CheckStage(base::StrCat("stage ", s), a.stages[s]));
  }
  DYNOFA_RETURN_IF_ERROR(CheckChoices("kernels", a.kernels, 3, 7));
  for (int kernel : a.kernels) {
    if (kernel % 2 == 0) return absl::InvalidArgumentError("kernels must be odd: 3, 5 or 7");
  }
  DYNOFA_RETURN_IF_ERROR(CheckChoices("expands", a.expands, 2, kMaxExpand));
  DYNOFA_RETURN_IF_ERROR(CheckChoices("depths", a.depths, 1, kMaxStageDepth));
  for (std::size_t s = 0; s < a.stages.size(); ++s) {
    if (a.stages[s].max_depth > a.depths.back()) {
      return absl::InvalidArgumentError(base::StrCat(
          "stage ", s, ".max_depth is ", a.stages[s].max_depth, ", above the largest of depths"));
    }
  }
  return absl::OkStatus();
}

int Scaled(const Architecture& a, int width) { return MakeDivisible(width * a.width_mult); }

int SqueezeWidth(int mid) { return MakeDivisible(mid / 4); }

// Symmetric padding of kernel / 2 makes this hold for every odd kernel.
int Strided(int size, int stride) { return (size - 1) / stride + 1; }

BlockPlan FirstBlock(const Architecture& a, int in, int size) {
  BlockPlan block;
  block.in = block.mid = block.max_mid = in;
  block.out = Scaled(a, a.first_block_width);
  block.kernel = block.max_kernel = 3;
  block.expand = false;
  block.shortcut = block.in == block.out;
  block.in_size = block.out_size = size;
  return block;
}

// Block `position` of a stage; the choices of the subnet are applied by the caller.
BlockPlan StageBlock(const Architecture& a, const StageSpec& stage, int position, int in,
                     int size) {
  BlockPlan block;
  block.in = in;
  block.out = Scaled(a, stage.width);
  block.stride = position == 0 ? stage.stride : 1;
  block.activation = stage.activation;
  block.kernel = block.max_kernel = a.kernels.back();
  block.mid = block.max_mid = MakeDivisible(in * a.expands.back());
  block.max_se_mid = stage.squeeze_excite ? SqueezeWidth(block.max_mid) : 0;
  block.se_mid = block.max_se_mid;
  block.shortcut = block.stride == 1 && block.in == block.out;
  block.in_size = size;
  block.out_size = Strided(size, block.stride);
  return block;
}

absl::Status CheckChoice(std::string_view list, std::size_t index, int value,
                         const std::vector<int>& choices) {
  if (std::find(choices.begin(), choices.end(), value) != choices.end()) return absl::OkStatus();
  std::string allowed;
  for (int choice : choices) allowed += base::StrCat(allowed.empty() ? "" : ", ", choice);
  return absl::InvalidArgumentError(
      base::StrCat(list, "[", index, "] is ", value, "; it must be one of ", allowed));
}

absl::Status CheckLength(std::string_view list, std::size_t length, std::size_t expected) {
  if (length == expected) return absl::OkStatus();
  return absl::InvalidArgumentError(
      base::StrCat(list, " has ", length, " entries; this architecture needs ", expected));
}

absl::Status Choose(const Architecture& a, const SubnetConfig& config, std::size_t index,
                    BlockPlan& block) {
  DYNOFA_RETURN_IF_ERROR(CheckChoice("kernels", index, config.kernels[index], a.kernels));
  DYNOFA_RETURN_IF_ERROR(CheckChoice("expands", index, config.expands[index], a.expands));
  block.kernel = config.kernels[index];
  block.mid = MakeDivisible(block.in * config.expands[index]);
  block.se_mid = block.max_se_mid > 0 ? SqueezeWidth(block.mid) : 0;
  return absl::OkStatus();
}

std::size_t ElasticBlocks(const Architecture& a) {
  std::size_t count = 0;
  for (const StageSpec& stage : a.stages) count += static_cast<std::size_t>(stage.max_depth);
  return count;
}

absl::Status AppendStages(const Architecture& a, const SubnetConfig& config, NetPlan& plan) {
  std::size_t index = 0;  // into the configuration's lists
  int in = plan.blocks.back().out;
  int size = plan.blocks.back().out_size;
  for (std::size_t s = 0; s < a.stages.size(); ++s) {
    const StageSpec& stage = a.stages[s];
    DYNOFA_RETURN_IF_ERROR(CheckChoice("depths", s, config.depths[s], a.depths));
    const int depth = std::min(config.depths[s], stage.max_depth);
    for (int position = 0; position < depth; ++position) {
      BlockPlan block = StageBlock(a, stage, position, in, size);
      const std::size_t entry = index + static_cast<std::size_t>(position);
      block.supernet_index = 1 + static_cast<int>(entry);
      DYNOFA_RETURN_IF_ERROR(Choose(a, config, entry, block));
      plan.blocks.push_back(block);
      in = block.out;
      size = block.out_size;
    }
    index += static_cast<std::size_t>(stage.max_depth);
  }
  return absl::OkStatus();
}

struct Cost {
  std::int64_t macs = 0;
  std::int64_t parameters = 0;
  int layers = 0;

  // `in` is the input channels that one output channel sees (1 for depthwise); `affine` counts
  // the bias, or the two vectors of a batch norm.
  void Convolution(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t size,
                   std::int64_t affine) {
    macs += in * out * kernel * kernel * size * size;
    parameters += in * out * kernel * kernel + affine * out;
    ++layers;
  }
};

void CountBlock(const BlockPlan& b, Cost& cost) {
  if (b.expand) cost.Convolution(b.in, b.mid, 1, b.in_size, 2);
  cost.Convolution(1, b.mid, b.kernel, b.out_size, 2);
  if (b.se_mid > 0) {
    cost.Convolution(b.mid, b.se_mid, 1, 1, 1);
    cost.Convolution(b.se_mid, b.mid, 1, 1, 1);
  }
  cost.Convolution(b.mid, b.out, 1, b.out_size, 2);
}

void Count(NetPlan& plan) {
  Cost cost;
  cost.Convolution(3, plan.stem_out, 3, plan.stem_size, 2);
  for (const BlockPlan& block : plan.blocks) CountBlock(block, cost);
  cost.Convolution(plan.final_in, plan.final_expand, 1, plan.final_size, 2);
  cost.Convolution(plan.final_expand, plan.last, 1, 1, 0);
  cost.Convolution(plan.last, plan.classes, 1, 1, 1);
  plan.macs = cost.macs;
  plan.parameters = cost.parameters;
  plan.layers = cost.layers;
}

}  // namespace

Architecture Architecture::MobileNetV3(double width_mult) {
  Architecture a;
  a.width_mult = width_mult;
  a.stages = {
      {24, 2, Activation::kRelu, false, 4},   {40, 2, Activation::kRelu, true, 4},
      {80, 2, Activation::kHSwish, false, 4}, {112, 1, Activation::kHSwish, true, 4},
      {160, 2, Activation::kHSwish, true, 4},
  };
  return a;
}

SubnetConfig LargestSubnet(const Architecture& architecture, int resolution) {
  const std::size_t blocks = ElasticBlocks(architecture);
  return {std::vector<int>(blocks, architecture.kernels.back()),
          std::vector<int>(blocks, architecture.expands.back()),
          std::vector<int>(architecture.stages.size(), architecture.depths.back()), resolution};
}

SubnetConfig SmallestSubnet(const Architecture& architecture, int resolution) {
  const std::size_t blocks = ElasticBlocks(architecture);
  return {std::vector<int>(blocks, architecture.kernels.front()),
          std::vector<int>(blocks, architecture.expands.front()),
          std::vector<int>(architecture.stages.size(), architecture.depths.front()), resolution};
}

int MakeDivisible(double value) {
  constexpr int kDivisor = 8;
  const int nearest = static_cast<int>(std::floor((value + kDivisor / 2.0) / kDivisor)) * kDivisor;
  const int divisible = std::max(kDivisor, nearest);
  return divisible < 0.9 * value ? divisible + kDivisor : divisible;
}

absl::StatusOr<NetPlan> MakePlan(const Architecture& architecture, const SubnetConfig& config) {
  DYNOFA_RETURN_IF_ERROR(CheckArchitecture(architecture));
  const std::size_t blocks = ElasticBlocks(architecture);
  DYNOFA_RETURN_IF_ERROR(CheckLength("kernels", config.kernels.size(), blocks));
  DYNOFA_RETURN_IF_ERROR(CheckLength("expands", config.expands.size(), blocks));
  DYNOFA_RETURN_IF_ERROR(CheckLength("depths", config.depths.size(), architecture.stages.size()));
  DYNOFA_RETURN_IF_ERROR(
      CheckRange("resolution", config.resolution, kMinResolution, kMaxResolution));

  NetPlan plan;
  plan.resolution = config.resolution;
  plan.stem_out = Scaled(architecture, architecture.stem_width);
  plan.stem_stride = architecture.stem_stride;
  plan.stem_size = Strided(config.resolution, architecture.stem_stride);
  plan.blocks.push_back(FirstBlock(architecture, plan.stem_out, plan.stem_size));
  DYNOFA_RETURN_IF_ERROR(AppendStages(architecture, config, plan));
  plan.final_in = plan.blocks.back().out;
  plan.final_size = plan.blocks.back().out_size;
  plan.final_expand = Scaled(architecture, architecture.final_expand_width);
  plan.last = Scaled(architecture, architecture.last_width);
  plan.classes = architecture.classes;
  plan.bn_epsilon = architecture.bn_epsilon;
  Count(plan);
  return plan;
}

}  // namespace dynofa::engine::ofa
