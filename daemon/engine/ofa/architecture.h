#ifndef DYNOFA_DAEMON_ENGINE_OFA_ARCHITECTURE_H_
#define DYNOFA_DAEMON_ENGINE_OFA_ARCHITECTURE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace dynofa::engine::ofa {

/// kRelu6, min(max(x, 0), 6), is for networks beside the supernets: stages have one of the others.
enum class Activation { kNone, kRelu, kRelu6, kHSwish };

/// One stage of elastic blocks.
struct StageSpec {
  int width = 0;   ///< base output channels, before width_mult
  int stride = 1;  ///< of the stage's first block
  Activation activation = Activation::kRelu;
  bool squeeze_excite = false;
  int max_depth = 4;
};

/// A supernet of the OFA MobileNetV3 family: everything that fixes tensor shapes. The default is
/// ofa_mbv3_d234_e346_k357_w1.0. Source: mit-han-lab/once-for-all f03b2673, OFAMobileNetV3.
struct Architecture {
  double width_mult = 1.0;
  int classes = 1000;
  int stem_width = 16;
  int stem_stride = 2;
  int first_block_width = 16;
  std::vector<StageSpec> stages;  ///< the five stages if made by MobileNetV3()
  int final_expand_width = 960;
  int last_width = 1280;
  /// Choices, strictly ascending: kernels out of 3, 5, 7; expands from 2; depths from 1. A stage
  /// with fewer blocks than a depth asks for runs all it has.
  std::vector<int> kernels = {3, 5, 7};
  std::vector<int> expands = {3, 4, 6};
  std::vector<int> depths = {2, 3, 4};
  double bn_epsilon = 1e-5;

  static Architecture MobileNetV3(double width_mult);
};

/// One subnet. `kernels` and `expands` have one entry per elastic block of the supernet (stage by
/// stage, max_depth each), `depths` one per stage; entries of skipped blocks are ignored.
struct SubnetConfig {
  std::vector<int> kernels;
  std::vector<int> expands;
  std::vector<int> depths;
  int resolution = 224;
};

/// The subnet with the largest (smallest) choice everywhere.
SubnetConfig LargestSubnet(const Architecture& architecture, int resolution);
SubnetConfig SmallestSubnet(const Architecture& architecture, int resolution);

/// make_divisible of the reference: the multiple of 8 nearest to `value`, at least 8, and not
/// below 90 % of it.
int MakeDivisible(double value);

/// One inverted residual block of a subnet, all sizes resolved.
struct BlockPlan {
  int supernet_index = 0;  ///< "blocks.<n>" in the weights; 0 is the fixed first block
  int in = 0;
  int mid = 0;
  int out = 0;
  int kernel = 3;
  int max_kernel = 7;  ///< of the stored weight: 7 (elastic) or 3 (block 0)
  int stride = 1;
  Activation activation = Activation::kRelu;
  int se_mid = 0;      ///< 0: no squeeze-and-excite
  bool expand = true;  ///< has the 1x1 expansion
  bool shortcut = false;
  int in_size = 0;  ///< side of the input, pixels
  int out_size = 0;
  int max_mid = 0;  ///< widths of the supernet's tensors
  int max_se_mid = 0;
};

/// A subnet from the first layer to the last, for a backend to walk.
struct NetPlan {
  int resolution = 0;
  int stem_out = 0;
  int stem_stride = 2;
  int stem_size = 0;  ///< side after the stem
  std::vector<BlockPlan> blocks;
  int final_in = 0;
  int final_expand = 0;
  int final_size = 0;
  int last = 0;
  int classes = 0;
  double bn_epsilon = 1e-5;
  std::int64_t macs = 0;        ///< SPEC.md section 7 counting
  std::int64_t parameters = 0;  ///< weights, biases and BN affine of the extracted subnet
  int layers = 0;               ///< convolutions and fully connected layers
};

/// Resolves `config` against `architecture`. INVALID_ARGUMENT names the entry that does not fit.
absl::StatusOr<NetPlan> MakePlan(const Architecture& architecture, const SubnetConfig& config);

/// A tensor of the supernet's state dict: key (HEAD spelling) and shape.
struct TensorShape {
  std::string key;
  std::vector<std::int64_t> shape;
};

/// Every tensor that the supernet must have, num_batches_tracked left out.
absl::StatusOr<std::vector<TensorShape>> StateDictShapes(const Architecture& architecture);

/// A batch-norm layer of a subnet.
struct BatchNormLayer {
  std::string prefix;  ///< of its four tensors: "<prefix>.weight", ...
  int channels = 0;    ///< the first ones of the supernet's layer
};

/// The batch-norm layers that a subnet runs, in order.
std::vector<BatchNormLayer> BatchNormLayers(const NetPlan& plan);

}  // namespace dynofa::engine::ofa

#endif  // DYNOFA_DAEMON_ENGINE_OFA_ARCHITECTURE_H_
