#include "daemon/engine/ofa/synthetic.h"

#include "daemon/engine/ofa/tiny_manifest_testing.h"
#include "tests/support/catch.h"

namespace dynofa::engine::ofa {
namespace {

TEST_CASE("synthetic values follow the documented hash") {
  // SplitMix64 from state 0 is a published test vector: e220a8397b1dcdaf first. FNV-1a of the
  // empty text is its offset basis, so the first value is checked against both by hand:
  // SplitMix64(0xcbf29ce484222325) = 0xc3817c016ba4ff30.
  const float value = SyntheticValues("", 1, 1.0)[0];
  CHECK(value == static_cast<float>(static_cast<double>(0xc3817c016ba4ff30 >> 40) / 8388608.0 - 1));
  for (float v : SyntheticValues("some.weight", 1000, 2.0)) {
    CHECK(v >= -2.0f);
    CHECK(v < 2.0f);
  }
}

TEST_CASE("a synthetic model has every tensor and statistics of every subnet") {
  const Manifest manifest = TinyManifest();
  const auto model = *SyntheticModel(manifest.architecture, manifest.subnets);
  const std::vector<TensorShape> shapes = *StateDictShapes(manifest.architecture);
  for (const TensorShape& shape : shapes) {
    std::int64_t count = 1;
    for (std::int64_t extent : shape.shape) count *= extent;
    CHECK(static_cast<std::int64_t>(model->Weight(shape.key).size()) == count);
  }
  for (const Subnet& subnet : manifest.subnets) {
    const NetPlan plan = *MakePlan(manifest.architecture, *model->Config(subnet.id));
    const SubnetStatistics& statistics = model->Statistics(subnet.id);
    for (const BatchNormLayer& layer : BatchNormLayers(plan)) {
      const BatchNormStats& stats = statistics.at(layer.prefix);
      CHECK(stats.mean.size() == static_cast<std::size_t>(layer.channels));
      for (float variance : stats.variance) CHECK(variance >= 0.5f);
    }
  }
  CHECK(model->Config("none") == nullptr);
  CHECK(model->Statistics("none").empty());
  CHECK(model->Weight("none").empty());
}

}  // namespace
}  // namespace dynofa::engine::ofa
