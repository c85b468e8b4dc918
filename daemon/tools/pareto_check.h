#ifndef DYNOFA_DAEMON_TOOLS_PARETO_CHECK_H_
#define DYNOFA_DAEMON_TOOLS_PARETO_CHECK_H_

#include <string>
#include <vector>

namespace dynofa::tools {

/// A level as the check sees it.
struct LevelFigures {
  std::string id;
  double latency_ms = 0.0;
  double accuracy = 0.0;
};

struct Domination {
  std::string level;
  std::string by;  ///< the most accurate of those that beat it
};

/// The levels that are not Pareto-optimal: another one is at most as slow and at least as accurate.
std::vector<Domination> DominatedLevels(const std::vector<LevelFigures>& levels);

}  // namespace dynofa::tools

#endif  // DYNOFA_DAEMON_TOOLS_PARETO_CHECK_H_
