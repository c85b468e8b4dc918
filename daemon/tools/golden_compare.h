#ifndef DYNOFA_DAEMON_TOOLS_GOLDEN_COMPARE_H_
#define DYNOFA_DAEMON_TOOLS_GOLDEN_COMPARE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "daemon/tools/golden_set.h"

namespace dynofa::tools {

/// One subnet on one backend against its golden logits.
struct GoldenResult {
  std::string subnet;
  std::string backend;
  double r = 0.0;  ///< max |y - logits| / max |logits|
  double limit = 0.0;

  /// A NaN is no match.
  bool passed() const { return r <= limit; }
};

/// Runs every subnet of `set` with the weights of `model` on `backends`, one thread each.
absl::StatusOr<std::vector<GoldenResult>> CompareWithGolden(
    const GoldenSet& set, std::shared_ptr<const engine::ofa::OfaModel> model,
    const std::vector<std::string>& backends);

}  // namespace dynofa::tools

#endif  // DYNOFA_DAEMON_TOOLS_GOLDEN_COMPARE_H_
