#include "daemon/tools/search/latency_table.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/tools/statistics.h"

namespace dynofa::tools::search {
namespace {

using engine::ofa::BlockPlan;
using engine::ofa::NetPlan;

std::string Shape(int size, int channels) { return base::StrCat(size, "x", size, "x", channels); }

std::string BlockKey(const BlockPlan& b) {
  return base::StrCat("block ", Shape(b.in_size, b.in), " -> ", Shape(b.out_size, b.out), ", mid ",
                      b.mid, b.expand ? "" : " (no expansion)", ", kernel ", b.kernel, ", se ",
                      b.se_mid, ", ",
                      b.activation == engine::ofa::Activation::kRelu ? "relu" : "h_swish",
                      b.shortcut ? ", shortcut" : "");
}

}  // namespace

std::vector<std::string> PartKeys(const NetPlan& plan) {
  std::vector<std::string> keys = {base::StrCat("stem ", Shape(plan.resolution, 3), " -> ",
                                                Shape(plan.stem_size, plan.stem_out))};
  for (const BlockPlan& block : plan.blocks) keys.push_back(BlockKey(block));
  keys.push_back(base::StrCat("tail ", Shape(plan.final_size, plan.final_in), " -> ",
                              plan.final_expand, " -> ", plan.last, " -> ", plan.classes));
  return keys;
}

void LatencyTable::Add(const NetPlan& plan, const std::vector<double>& parts_ms) {
  const std::vector<std::string> keys = PartKeys(plan);
  for (std::size_t i = 0; i < keys.size(); ++i) measured_[keys[i]].push_back(parts_ms[i]);
}

absl::StatusOr<double> LatencyTable::Sum(const NetPlan& plan) const {
  double sum = 0.0;
  for (const std::string& key : PartKeys(plan)) {
    const auto found = measured_.find(key);
    if (found == measured_.end()) {
      return absl::NotFoundError(base::StrCat("the latency table has no \"", key, "\""));
    }
    sum += Median(found->second);
  }
  return sum;
}

absl::StatusOr<double> LatencyTable::Latency(const NetPlan& plan) const {
  DYNOFA_ASSIGN_OR_RETURN(const double sum, Sum(plan));
  return correction_.offset_ms + correction_.factor * sum;
}

std::map<std::string, double, std::less<>> LatencyTable::Entries() const {
  std::map<std::string, double, std::less<>> entries;
  for (const auto& [key, times] : measured_) entries[key] = Median(times);
  return entries;
}

std::vector<SubnetConfig> TableSubnets(const Space& space) {
  std::vector<SubnetConfig> subnets;
  for (int resolution : space.resolutions) {
    for (int kernel : space.architecture.kernels) {
      for (int expand : space.architecture.expands) {
        SubnetConfig config = LargestSubnet(space.architecture, resolution);
        std::fill(config.kernels.begin(), config.kernels.end(), kernel);
        std::fill(config.expands.begin(), config.expands.end(), expand);
        subnets.push_back(Canonical(space, std::move(config)));
      }
    }
  }
  return subnets;
}

Correction FitCorrection(const std::vector<double>& sums, const std::vector<double>& measured) {
  // Weighted least squares with weights 1 / measured^2: minimises the relative error.
  double n = 0, x = 0, y = 0, xx = 0, xy = 0;
  for (std::size_t i = 0; i < sums.size(); ++i) {
    const double weight = 1.0 / (measured[i] * measured[i]);
    n += weight;
    x += weight * sums[i];
    y += weight * measured[i];
    xx += weight * sums[i] * sums[i];
    xy += weight * sums[i] * measured[i];
  }
  if (sums.empty()) return {};
  const double determinant = n * xx - x * x;
  const Correction line = {(y * xx - x * xy) / determinant, (n * xy - x * y) / determinant};
  // Equal sums have no line, a falling one is made of noise, and so is one that leaves nothing to
  // nets that are smaller still.
  const double least = 0.5 * *std::min_element(sums.begin(), sums.end());
  const bool usable = determinant > 1e-9 * n * xx && line.factor > 0.0 &&
                      line.offset_ms + line.factor * least > 0.0;
  return usable ? line : Correction{0.0, xy / xx};
}

TableError CompareLatencies(const std::vector<double>& predicted,
                            const std::vector<double>& measured) {
  TableError error{.subnets = predicted.size()};
  std::vector<double> ratios;
  for (std::size_t i = 0; i < predicted.size(); ++i) {
    ratios.push_back(predicted[i] / measured[i]);
    error.mean += std::abs(ratios.back() - 1.0) / static_cast<double>(predicted.size());
  }
  error.bias = Median(ratios);
  return error;
}

}  // namespace dynofa::tools::search
