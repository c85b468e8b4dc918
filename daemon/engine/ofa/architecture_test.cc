#include "daemon/engine/ofa/architecture.h"

#include <limits>
#include <map>
#include <string>

#include "tests/support/catch.h"

namespace dynofa::engine::ofa {
namespace {

// Figures of the reference implementation: SPEC.md sections 1, 7 and 8.
std::int64_t LearnableParameters(double width_mult) {
  std::int64_t count = 0;
  const std::vector<TensorShape> shapes = *StateDictShapes(Architecture::MobileNetV3(width_mult));
  for (const TensorShape& tensor : shapes) {
    if (tensor.key.find(".running_") != std::string::npos) continue;
    std::int64_t elements = 1;
    for (std::int64_t extent : tensor.shape) elements *= extent;
    count += elements;
  }
  return count;
}

std::int64_t MaxMacs(double width, int resolution) {
  const Architecture architecture = Architecture::MobileNetV3(width);
  return MakePlan(architecture, LargestSubnet(architecture, resolution))->macs;
}

std::int64_t MinMacs(double width, int resolution) {
  const Architecture architecture = Architecture::MobileNetV3(width);
  return MakePlan(architecture, SmallestSubnet(architecture, resolution))->macs;
}

TEST_CASE("channels are made divisible as in the reference") {
  CHECK(MakeDivisible(16 * 1.2) == 24);  // 16 would be below 90 %
  CHECK(MakeDivisible(18) == 24);
  CHECK(MakeDivisible(24 * 1.2) == 32);
  CHECK(MakeDivisible(80 * 1.2) == 96);
  CHECK(MakeDivisible(3) == 8);
  CHECK(MakeDivisible(12) == 16);
}

TEST_CASE("parameters and tensors agree with the reference") {
  CHECK(LearnableParameters(1.0) == 7'678'880);
  CHECK(LearnableParameters(1.2) == 10'715'752);
  // 475 entries less one num_batches_tracked for each of 64 batch norms.
  CHECK(StateDictShapes(Architecture::MobileNetV3(1.0))->size() == 475 - 64);
  const Architecture a = Architecture::MobileNetV3(1.0);
  CHECK(MakePlan(a, LargestSubnet(a, 224))->parameters == 7'664'760);
  CHECK(MakePlan(a, SmallestSubnet(a, 224))->parameters == 3'410'792);
}

TEST_CASE("multiply-adds agree with the reference") {
  CHECK(MaxMacs(1.0, 224) == 566'170'656);
  CHECK(MaxMacs(1.0, 192) / 1e6 == Approx(417.29).margin(0.005));
  CHECK(MaxMacs(1.0, 160) / 1e6 == Approx(291.32).margin(0.005));
  CHECK(MaxMacs(1.0, 128) / 1e6 == Approx(188.25).margin(0.005));
  CHECK(MinMacs(1.0, 224) / 1e6 == Approx(121.28).margin(0.005));
  CHECK(MinMacs(1.0, 128) / 1e6 == Approx(41.48).margin(0.005));
  CHECK(MaxMacs(1.2, 224) / 1e6 == Approx(843.10).margin(0.005));
  CHECK(MinMacs(1.2, 224) / 1e6 == Approx(193.08).margin(0.005));
  CHECK(MinMacs(1.2, 128) / 1e6 == Approx(65.54).margin(0.005));
}

TEST_CASE("widths of expansion and squeeze follow the input of each block") {
  const Architecture a = Architecture::MobileNetV3(1.2);
  SubnetConfig config = LargestSubnet(a, 224);
  const int expected[3][2] = {{72, 24}, {96, 32}, {144, 40}};
  for (int e = 0; e < 3; ++e) {
    config.expands.assign(20, a.expands[static_cast<std::size_t>(e)]);
    const NetPlan narrow = *MakePlan(Architecture::MobileNetV3(1.0), config);
    CHECK(narrow.blocks[5].mid == expected[e][0]);
    CHECK(narrow.blocks[5].se_mid == (e == 2 ? 40 : 24));
    CHECK(narrow.blocks[13].max_se_mid == 120);
  }
  const NetPlan wide = *MakePlan(a, config);
  CHECK(wide.blocks[13].mid == 576);
  CHECK(wide.blocks[13].se_mid == 144);
  CHECK(wide.blocks[14].mid == 816);
  CHECK(wide.blocks[14].se_mid == 208);
}

TEST_CASE("skipped blocks keep their index and need not make sense") {
  const Architecture a = Architecture::MobileNetV3(1.0);
  SubnetConfig config = SmallestSubnet(a, 161);
  config.kernels[3] = 99;  // block 4, beyond depth 2
  const NetPlan plan = *MakePlan(a, config);
  REQUIRE(plan.blocks.size() == 11);
  CHECK(plan.blocks[2].supernet_index == 2);
  CHECK(plan.blocks[3].supernet_index == 5);
  CHECK_FALSE(plan.blocks[3].shortcut);
  CHECK(plan.blocks[4].shortcut);
  CHECK(plan.stem_size == 81);
  CHECK(plan.final_size == 6);
}

TEST_CASE("layers are counted as they run, squeeze-and-excite included") {
  const Architecture architecture = Architecture::MobileNetV3(1.0);
  // 20 blocks of three, 12 of them with two more; two of the first block, four around them.
  CHECK(MakePlan(architecture, LargestSubnet(architecture, 224))->layers == 90);
  CHECK(MakePlan(architecture, SmallestSubnet(architecture, 224))->layers == 48);
}

TEST_CASE("batch norm layers are those of the active blocks, with their active channels") {
  const Architecture a = Architecture::MobileNetV3(1.0);
  std::map<std::string, int> channels;
  for (const BatchNormLayer& layer : BatchNormLayers(*MakePlan(a, SmallestSubnet(a, 128)))) {
    channels[layer.prefix] = layer.channels;
  }
  CHECK(channels.size() == 1 + 2 + 10 * 3 + 1);
  CHECK(channels.at("blocks.0.conv.point_linear.bn") == 16);
  CHECK(channels.at("blocks.5.conv.inverted_bottleneck.bn.bn") == 72);
  CHECK(channels.count("blocks.3.conv.depth_conv.bn.bn") == 0);
}

TEST_CASE("a free architecture for small images resolves") {
  Architecture a;
  a.stem_stride = 1;
  a.classes = 10;
  a.kernels = {3, 5};
  a.depths = {1, 2};
  a.stages = {{16, 1, Activation::kRelu, false, 2}, {24, 2, Activation::kHSwish, true, 1}};
  SubnetConfig config = LargestSubnet(a, 20);
  const NetPlan plan = *MakePlan(a, config);
  CHECK(plan.blocks.size() == 1 + 2 + 1);  // the second stage has one block only
  CHECK(plan.stem_size == 20);
  CHECK(plan.final_size == 10);
  bool has_matrix = false;
  const std::vector<TensorShape> shapes = *StateDictShapes(a);
  for (const TensorShape& tensor : shapes) {
    has_matrix |= tensor.key == "blocks.1.conv.depth_conv.conv.5to3_matrix";
    CHECK(tensor.key.find("7to5") == std::string::npos);
  }
  CHECK(has_matrix);
}

TEST_CASE("what does not fit is named") {
  const Architecture a = Architecture::MobileNetV3(1.0);
  SubnetConfig config = LargestSubnet(a, 224);
  config.kernels[7] = 9;
  CHECK(MakePlan(a, config).status().message() == "kernels[7] is 9; it must be one of 3, 5, 7");
  config = LargestSubnet(a, 224);
  config.depths.pop_back();
  CHECK(MakePlan(a, config).status().message() ==
        "depths has 4 entries; this architecture needs 5");
  CHECK_FALSE(MakePlan(a, LargestSubnet(a, 0)).ok());
  CHECK_FALSE(MakePlan(a, LargestSubnet(a, 1 << 30)).ok());

  Architecture bad = a;
  bad.width_mult = std::numeric_limits<double>::quiet_NaN();
  CHECK_FALSE(StateDictShapes(bad).ok());
  bad = a;
  bad.stages[2].width = 1 << 30;
  CHECK_FALSE(StateDictShapes(bad).ok());
  bad = a;
  bad.kernels = {7, 3};
  CHECK_FALSE(StateDictShapes(bad).ok());
  bad = a;
  bad.stages[0].max_depth = 5;
  CHECK_FALSE(StateDictShapes(bad).ok());
  bad = a;
  bad.stages.clear();
  CHECK_FALSE(StateDictShapes(bad).ok());
}

}  // namespace
}  // namespace dynofa::engine::ofa
