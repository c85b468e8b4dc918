#ifndef DYNOFA_DAEMON_TOOLS_SEARCH_LADDER_H_
#define DYNOFA_DAEMON_TOOLS_SEARCH_LADDER_H_

#include <cstddef>
#include <vector>

#include "daemon/tools/search/evolution.h"

namespace dynofa::tools::search {

/// Which of the subnets that no other beats become levels.
struct LadderOptions {
  std::size_t levels = 10;  ///< at most
  /// A level must be this much better than the one below it, and that much slower (a ratio), or a
  /// later measurement would find it no better or no slower.
  double accuracy_step = 0.002;
  double latency_step = 1.04;
  double accuracy_floor = 0.0;  ///< levels below are not wanted
};

/// Chooses the levels of a ladder from `front`, where each is slower and better than the one before
/// it: from the cheapest at the floor to the best, as many as the steps and `levels` allow, and of
/// all such choices the one whose smallest step is largest (steps in accuracy and in the logarithm
/// of latency, relative to the front's extent). Empty if nothing reaches the floor.
std::vector<Candidate> ChooseLevels(std::vector<Candidate> front, const LadderOptions& options);

/// `count` of `front` (or all), evenly spread over the logarithm of latency, both ends included.
std::vector<Candidate> Spread(const std::vector<Candidate>& front, std::size_t count);

}  // namespace dynofa::tools::search

#endif  // DYNOFA_DAEMON_TOOLS_SEARCH_LADDER_H_
