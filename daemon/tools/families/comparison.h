#ifndef DYNOFA_DAEMON_TOOLS_FAMILIES_COMPARISON_H_
#define DYNOFA_DAEMON_TOOLS_FAMILIES_COMPARISON_H_

#include <cstddef>
#include <optional>
#include <vector>

#include "daemon/tools/families/family.h"

namespace dynofa::tools::families {

/// A family for the comparison: one entry per member in both lists.
struct Series {
  std::vector<double> top1;               ///< percent
  std::vector<std::vector<double>> cost;  ///< of each round; the same rounds for all members
};

/// A figure over the rounds: its median and its 10th and 90th percentiles.
struct Spread {
  double median = 0.0;
  double low = 0.0;
  double high = 0.0;
};
/// REQUIRES: at least one value.
Spread SpreadOf(const std::vector<double>& values);

/// A figure that a pair of networks gives.
struct Pair {
  std::size_t member = 0;  ///< of the subject
  Spread value;
};

/// One member of a baseline beside the subject's curve. Every figure is taken within the rounds and
/// then over them; what no round has is missing.
struct Match {
  std::size_t member = 0;  ///< of the baseline
  /// The member's cost over the subject's at equal top-1 (on its curve).
  std::optional<Spread> speedup;
  /// The same over the cheapest network of the subject with at least that top-1.
  std::optional<Pair> real_speedup;
  /// Top-1 of the subject at equal cost (on its curve) less the member's, in points.
  std::optional<Spread> gain;
  /// The same with the best network of the subject within that cost.
  std::optional<Pair> real_gain;
};

/// One match per member of `baseline`. REQUIRES: the same number of rounds, at least one, in both.
std::vector<Match> Compare(const Series& subject, const Series& baseline);

/// One match per published point of `baseline`; none if one of the two has no points.
std::vector<Match> ComparePublished(const std::vector<PublishedPoint>& subject,
                                    const std::vector<PublishedPoint>& baseline);

/// The matches with the largest median speed-up and gain; null if no match has one.
const Match* LargestSpeedup(const std::vector<Match>& matches);
const Match* LargestRealSpeedup(const std::vector<Match>& matches);
const Match* LargestGain(const std::vector<Match>& matches);

}  // namespace dynofa::tools::families

#endif  // DYNOFA_DAEMON_TOOLS_FAMILIES_COMPARISON_H_
