#include "policies/threads.h"

#include <algorithm>
#include <limits>
#include <vector>

namespace dynofa::policies {

int MaxThreads(const PowerMode& mode, const std::string& cluster) {
  const auto cores = mode.max_cores.find(cluster);
  return cores == mode.max_cores.end() ? std::numeric_limits<int>::max() : cores->second;
}

const OperatingPoint* PickThreads(std::span<const OperatingPoint* const> points, int max_threads) {
  if (points.size() == 1) return points[0]->threads <= max_threads ? points[0] : nullptr;
  std::vector<const OperatingPoint*> allowed;
  for (const OperatingPoint* point : points) {
    if (point->threads <= max_threads) allowed.push_back(point);
  }
  std::sort(allowed.begin(), allowed.end(),
            [](const auto* a, const auto* b) { return a->threads < b->threads; });
  const OperatingPoint* picked = nullptr;
  for (const OperatingPoint* point : allowed) {
    if (picked == nullptr || point->latency_ms < kThreadGain * picked->latency_ms) picked = point;
  }
  return picked;
}

}  // namespace dynofa::policies
