#ifndef DYNOFA_DAEMON_TOOLS_STATISTICS_H_
#define DYNOFA_DAEMON_TOOLS_STATISTICS_H_

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace dynofa::tools {

/// The smallest value that at least `fraction` of `values` do not exceed. REQUIRES: not empty.
inline double Percentile(std::vector<double> values, double fraction) {
  const double rank = std::ceil(fraction * static_cast<double>(values.size()));
  const auto index = static_cast<std::size_t>(std::max(rank, 1.0)) - 1;
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(index),
                   values.end());
  return values[index];
}

inline double Median(const std::vector<double>& values) { return Percentile(values, 0.5); }

}  // namespace dynofa::tools

#endif  // DYNOFA_DAEMON_TOOLS_STATISTICS_H_
