#include "policies/fast_path.h"

namespace dynofa::policies {

std::optional<std::size_t> PickLevel(std::span<const Level> ladder, std::size_t ceiling,
                                     std::optional<double> slack_ms, const SlowdownOf& slowdown_of,
                                     double min_accuracy) {
  if (ceiling >= ladder.size()) return std::nullopt;
  std::optional<std::size_t> picked;
  for (std::size_t level = ceiling + 1; level-- > 0;) {
    if (ladder[level].accuracy < min_accuracy) break;
    picked = level;
    if (!slack_ms || ladder[level].latency_ms * slowdown_of(ladder[level]) <= *slack_ms) break;
  }
  return picked;
}

}  // namespace dynofa::policies
