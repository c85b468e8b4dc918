#include "daemon/engine/ofa/accuracy_predictor.h"

#include <string>
#include <utility>
#include <vector>

#include "daemon/base/strings.h"
#include "daemon/engine/checkpoint/torch_writer_testing.h"
#include "tests/support/catch.h"

namespace dynofa::engine::ofa {
namespace {

using checkpoint::StateDict;
using checkpoint::testing::TestTensor;
using checkpoint::testing::ToBytes;

// 128 -> 2 -> 2 -> 2 -> 1. The first layer counts, in output 0, the inputs that are 1 among the
// kernels, and in output 1 a thousandth of the position of the resolution; the rest passes both on
// and subtracts the second from the first.
std::vector<TestTensor> SmallPredictor() {
  std::vector<float> first(2 * 128);
  for (std::size_t i = 0; i < 60; ++i) first[i] = 1.0f;
  for (std::size_t i = 120; i < 128; ++i) first[128 + i] = 0.001f * static_cast<float>(i);
  const std::vector<float> identity = {1, 0, 0, 1};
  return {{"0.weight", {2, 128}, first},  {"0.bias", {2}, {0, 0}},
          {"2.weight", {2, 2}, identity}, {"2.bias", {2}, {0, -5}},
          {"4.weight", {2, 2}, identity}, {"4.bias", {2}, {0, 0.25f}},
          {"6.weight", {1, 2}, {1, -1}},  {"6.bias", {1}, {0.5f}}};
}

absl::StatusOr<AccuracyPredictor> Create(const std::vector<TestTensor>& tensors) {
  const std::string file =
      checkpoint::testing::ZipFile(checkpoint::testing::ArchiveEntries(tensors));
  return AccuracyPredictor::Create(*StateDict::Parse(ToBytes(file), "p"));
}

SubnetConfig Smallest(int resolution) {
  return SmallestSubnet(Architecture::MobileNetV3(1.2), resolution);
}

TEST_CASE("a subnet is encoded by the blocks that run and by its resolution") {
  const std::vector<std::size_t> smallest = {0,  3,  12, 15, 24, 27, 36, 39,  48,  51, 60,
                                             63, 72, 75, 84, 87, 96, 99, 108, 111, 123};
  CHECK(*AccuracyPredictor::Encode(Smallest(160)) == smallest);
  const SubnetConfig largest = LargestSubnet(Architecture::MobileNetV3(1.2), 224);
  const std::vector<std::size_t> ones = *AccuracyPredictor::Encode(largest);
  REQUIRE(ones.size() == 41);
  CHECK(ones[1] == 5);
  CHECK(ones[39] == 119);
  CHECK(ones[40] == 127);
}

TEST_CASE("the layers are applied in float32 with ReLU between them") {
  const AccuracyPredictor predictor = *Create(SmallPredictor());
  // Ten blocks run. The second value is negative after layer 2, hence 0.25 after layer 4.
  CHECK(*predictor.Predict(Smallest(160)) == Approx(10 - 0.25 + 0.5));
}

TEST_CASE("what the predictor does not know is refused") {
  const auto error = [](const SubnetConfig& config) {
    const absl::Status status = AccuracyPredictor::Encode(config).status();
    CHECK(absl::IsInvalidArgument(status));
    return std::string(base::FromAbsl(status.message()));
  };
  CHECK(error(Smallest(168)).find("no resolution of 168") != std::string::npos);
  CHECK(error(Smallest(96)).find("no resolution of 96") != std::string::npos);
  SubnetConfig config = Smallest(160);
  config.kernels[0] = 9;
  CHECK(error(config).find("no kernel or expand of 9") != std::string::npos);
  config = Smallest(160);
  config.kernels[3] = 9;  // of a block that does not run
  CHECK(AccuracyPredictor::Encode(config).ok());
  config.depths[4] = 5;
  CHECK(error(config).find("no depth of 5") != std::string::npos);
  config.depths.pop_back();
  CHECK(error(config).find("5 stages of 4 blocks") != std::string::npos);
}

TEST_CASE("tensors that make no predictor are refused") {
  const auto error = [](const std::vector<TestTensor>& tensors) {
    const absl::Status status = Create(tensors).status();
    CHECK(absl::IsInvalidArgument(status));
    return std::string(base::FromAbsl(status.message()));
  };
  std::vector<TestTensor> missing = SmallPredictor();
  missing.pop_back();
  CHECK(error(missing).find("\"6.bias\" is missing") != std::string::npos);
  std::vector<TestTensor> extra = SmallPredictor();
  extra.push_back({"8.bias", {1}, {0}});
  CHECK(error(extra).find("more tensors") != std::string::npos);
  std::vector<TestTensor> shape = SmallPredictor();
  shape[2].shape = {4, 1};
  CHECK(error(shape).find("layer 2 is 4x1 with 2 biases; it must take 2 inputs") !=
        std::string::npos);
  std::vector<TestTensor> outputs = SmallPredictor();
  outputs[6] = {"6.weight", {2, 2}, {1, 0, 0, 1}};
  outputs[7] = {"6.bias", {2}, {0, 0}};
  CHECK(error(outputs).find("2 inputs to 1 output") != std::string::npos);
}

}  // namespace
}  // namespace dynofa::engine::ofa
