#include "daemon/engine/ofa/folding.h"

#include <cmath>
#include <limits>
#include <map>
#include <string>

#include "tests/support/catch.h"

namespace dynofa::engine::ofa {
namespace {

// A model of a few tensors that the test writes down.
class FakeModel final : public OfaModel {
 public:
  const ModelInfo& info() const override { return info_; }
  const Architecture& architecture() const override { return architecture_; }
  const SubnetConfig* Config(std::string_view) const override { return nullptr; }
  const SubnetStatistics& Statistics(std::string_view subnet) const override {
    return subnet == "calibrated" ? statistics_ : none_;
  }
  std::span<const float> Weight(std::string_view key) const override {
    return tensors_.at(std::string(key));
  }

  ModelInfo info_;
  Architecture architecture_;
  SubnetStatistics statistics_;
  SubnetStatistics none_;
  std::map<std::string, std::vector<float>> tensors_;
};

FakeModel OneBatchNorm() {
  FakeModel model;
  model.architecture_.bn_epsilon = 0.25;
  model.tensors_ = {{"bn.weight", {2.0f, 3.0f}},
                    {"bn.bias", {1.0f, 1.0f}},
                    {"bn.running_mean", {4.0f, 0.0f}},
                    {"bn.running_var", {0.0f, 3.75f}}};
  model.statistics_["bn"] = {{0.5f}, {0.75f}};
  return model;
}

}  // namespace

TEST_CASE("Batch norm becomes a scale and a bias") {
  const FakeModel model = OneBatchNorm();
  const Affine own = FoldBatchNorm(model, "calibrated", "bn", 1).value();
  CHECK(own.scale == std::vector<float>{2.0f});
  CHECK(own.bias == std::vector<float>{0.0f});
  const Affine supernet = FoldBatchNorm(model, "other", "bn", 2).value();
  CHECK(supernet.scale == std::vector<float>{4.0f, 1.5f});
  CHECK(supernet.bias == std::vector<float>{-15.0f, 1.0f});
}

TEST_CASE("Statistics that cannot be are refused") {
  FakeModel model = OneBatchNorm();
  CHECK(FoldBatchNorm(model, "calibrated", "bn", 2).status().code() ==
        absl::StatusCode::kInvalidArgument);
  for (float variance :
       {-1.0f, std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    model.statistics_["bn"].variance = {variance};
    CHECK_FALSE(FoldBatchNorm(model, "calibrated", "bn", 1).ok());
  }
}

TEST_CASE("A kernel shrinks by cropping and the layer's matrix") {
  FakeModel model;
  model.architecture_.kernels = {3, 5};
  BlockPlan block;
  block.supernet_index = 1;
  block.mid = 2;
  block.max_kernel = 5;
  std::vector<float>& kernels = model.tensors_["blocks.1.conv.depth_conv.conv.conv.weight"];
  for (int i = 0; i < 75; ++i) kernels.push_back(static_cast<float>(i));
  std::vector<float>& matrix = model.tensors_["blocks.1.conv.depth_conv.conv.5to3_matrix"];
  matrix.assign(81, 0.0f);
  for (std::size_t i = 0; i < 9; ++i) matrix[i * 9 + (8 - i)] = 2.0f;  // reverses and doubles

  block.kernel = 5;
  const std::vector<float> whole = DepthwiseKernels(model, block);
  CHECK(whole == std::vector<float>(kernels.begin(), kernels.begin() + 50));
  block.kernel = 3;
  const std::vector<float> shrunk = DepthwiseKernels(model, block);
  REQUIRE(shrunk.size() == 18);
  CHECK(shrunk[0] == 2.0f * 18.0f);  // the crop's last place, row 3, column 3
  CHECK(shrunk[8] == 2.0f * 6.0f);   // its first
  CHECK(shrunk[9] == 2.0f * (25.0f + 18.0f));
}

}  // namespace dynofa::engine::ofa
