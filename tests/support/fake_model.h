#ifndef DYNOFA_TESTS_SUPPORT_FAKE_MODEL_H_
#define DYNOFA_TESTS_SUPPORT_FAKE_MODEL_H_

#include <vector>

#include "daemon/engine/catalogue.h"
#include "daemon/engine/cost_model.h"

namespace dynofa::tests {

/// A model "net" with the subnets s, m and l (4, 8 and 16 million multiply-adds).
inline engine::ModelInfo NetInfo() {
  engine::ModelInfo info;
  info.name = "net";
  info.family = "fake";
  info.classes = 2;
  info.labels = {"cat", "dog"};
  info.catalogue = {
      {"s", 4, 0.70, policies::Evidence::kMeasured, 4000000, 1000},
      {"m", 6, 0.76, policies::Evidence::kMeasured, 8000000, 2000},
      {"l", 8, 0.80, policies::Evidence::kMeasured, 16000000, 3000},
  };
  return info;
}

/// 1 ms for a million multiply-adds at 1 GHz, 1 W at 1 GHz growing with the square of the clock.
class FakeCosts final : public engine::CostModel {
 public:
  std::vector<policies::OperatingPoint> Points(
      const engine::ModelInfo& model,
      const std::vector<policies::ClusterInfo>& clusters) const override {
    std::vector<policies::OperatingPoint> points;
    for (const engine::SubnetInfo& subnet : model.catalogue) {
      for (const policies::ClusterInfo& cluster : clusters) {
        for (std::int64_t khz : cluster.frequencies_khz) {
          const double ghz = static_cast<double>(khz) / 1e6;
          policies::OperatingPoint point;
          point.model = model.name;
          point.subnet = subnet.id;
          point.cluster = cluster.id;
          point.frequency_khz = khz;
          point.latency_ms = static_cast<double>(subnet.macs) / 1e6 / ghz;
          point.latency_evidence = policies::Evidence::kModelled;
          point.active_power_w = ghz * ghz;
          point.power_evidence = policies::Evidence::kModelled;
          point.accuracy = subnet.accuracy;
          point.accuracy_evidence = subnet.accuracy_evidence;
          points.push_back(point);
        }
      }
    }
    return points;
  }
};

}  // namespace dynofa::tests

#endif  // DYNOFA_TESTS_SUPPORT_FAKE_MODEL_H_
