#include "daemon/tools/golden_compare.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "daemon/base/status.h"
#include "daemon/engine/loader/loader.h"

namespace dynofa::tools {
namespace {

// The reference itself stays below 2.8e-6 in float32 against float64.
constexpr double kTorchLimit = 2e-5;
constexpr double kCpuLimit = 3e-5;

absl::StatusOr<double> Difference(engine::Supernet& supernet, const GoldenSubnet& golden) {
  DYNOFA_ASSIGN_OR_RETURN(const auto subnet, supernet.Prepare(golden.id));
  DYNOFA_ASSIGN_OR_RETURN(const auto workspace, supernet.NewWorkspace(1));
  const auto batch = static_cast<std::size_t>(golden.batch);
  const std::size_t pixels = golden.images.size() / batch;
  const std::size_t classes = golden.logits.size() / batch;
  std::vector<float> logits(golden.logits.size());
  for (std::size_t i = 0; i < batch; ++i) {
    DYNOFA_RETURN_IF_ERROR(subnet->Run(std::span(golden.images).subspan(i * pixels, pixels),
                                       std::span(logits).subspan(i * classes, classes),
                                       *workspace));
  }
  double largest = 0.0, difference = 0.0;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    largest = std::max(largest, std::abs(golden.logits[i]));
    const double d = std::abs(logits[i] - golden.logits[i]);
    if (std::isnan(d)) return d;
    difference = std::max(difference, d);
  }
  return difference / largest;
}

}  // namespace

absl::StatusOr<std::vector<GoldenResult>> CompareWithGolden(
    const GoldenSet& set, std::shared_ptr<const engine::ofa::OfaModel> model,
    const std::vector<std::string>& backends) {
  std::vector<GoldenResult> results;
  for (const std::string& backend : backends) {
    DYNOFA_ASSIGN_OR_RETURN(const auto supernet, engine::MakeOfaSupernet(model, backend));
    for (const GoldenSubnet& subnet : set.subnets) {
      DYNOFA_ASSIGN_OR_RETURN(const double r, Difference(*supernet, subnet));
      results.push_back({subnet.id, backend, r, backend == "torch" ? kTorchLimit : kCpuLimit});
    }
  }
  return results;
}

}  // namespace dynofa::tools
