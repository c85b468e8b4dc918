#include "daemon/engine/cost_model.h"

#include "tests/support/catch.h"

namespace dynofa::engine {
namespace {

ModelInfo TwoSubnets() {
  ModelInfo model;
  model.name = "m";
  model.catalogue = {{"small", 128, 0.6, policies::Evidence::kMeasured, 100'000'000, 1},
                     {"large", 224, 0.8, policies::Evidence::kPublished, 500'000'000, 2}};
  return model;
}

TEST_CASE("there is a point per subnet, cluster and frequency, slower at a lower clock") {
  policies::ClusterInfo cluster;
  cluster.id = "cpu0";
  cluster.frequencies_khz = {500'000, 1'000'000};
  const auto points = MacsCostModel({{"m", 20.0}}).Points(TwoSubnets(), {cluster});
  REQUIRE(points.size() == 4);
  CHECK(points[0].subnet == "small");
  CHECK(points[0].frequency_khz == 500'000);
  CHECK(points[0].latency_ms == Approx(4.0));
  CHECK(points[1].latency_ms == Approx(2.0));
  CHECK(points[3].latency_ms == Approx(10.0));
  CHECK(points[3].accuracy == 0.8);
  CHECK(points[3].accuracy_evidence == policies::Evidence::kPublished);
  for (const auto& point : points) {
    CHECK(point.model == "m");
    CHECK(point.cluster == "cpu0");
    CHECK(point.latency_evidence == policies::Evidence::kModelled);
    CHECK_FALSE(point.EnergyMj().has_value());
  }
}

TEST_CASE("a cluster without a clock gets one point per subnet at frequency 0") {
  policies::ClusterInfo cluster;
  cluster.id = "cpu0";
  const auto points = MacsCostModel({{"m", 20.0}}).Points(TwoSubnets(), {cluster});
  REQUIRE(points.size() == 2);
  CHECK(points[1].frequency_khz == 0);
  CHECK(points[1].latency_ms == Approx(10.0));
}

TEST_CASE("a weaker CPU is slower, and of what is no CPU nothing is known") {
  policies::ClusterInfo little;
  little.id = "cpu0";
  little.capacity = 512;
  policies::ClusterInfo gpu;
  gpu.id = "gpu";
  gpu.kind = policies::ClusterKind::kGpu;
  const auto points = MacsCostModel({{"m", 20.0}}).Points(TwoSubnets(), {little, gpu});
  REQUIRE(points.size() == 2);
  CHECK(points[1].cluster == "cpu0");
  CHECK(points[1].latency_ms == Approx(20.0));
}

TEST_CASE("a model that was not measured has no points") {
  policies::ClusterInfo cluster;
  cluster.id = "cpu0";
  CHECK(MacsCostModel({{"other", 20.0}}).Points(TwoSubnets(), {cluster}).empty());
}

}  // namespace
}  // namespace dynofa::engine
