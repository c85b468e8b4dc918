#ifndef DYNOFA_POLICIES_POWER_MODE_H_
#define DYNOFA_POLICIES_POWER_MODE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace dynofa::policies {

/// What a policy does with the freedom that the requirements leave.
enum class Objective {
  kPerformance,  ///< the most accuracy, then the least latency
  kBalanced,     ///< the least board power that meets every requirement, accuracy at a price
  kEnergy,       ///< the least board power; requirements without a floor get the cheapest subnet
};

/// "performance", "balanced" or "energy".
std::string_view ObjectiveName(Objective objective);

/// A named set of caps and an objective.
struct PowerMode {
  std::string name;
  std::string description;
  Objective objective = Objective::kBalanced;
  /// Highest frequency per cluster id, kHz. A cluster that is not named has no cap.
  std::map<std::string, std::int64_t> max_khz;
  /// Share of each cluster's highest frequency, in (0, 1]; 1 = no cap. Used by modes that must
  /// fit every board; a cluster in max_khz ignores it.
  double max_share = 1.0;
  /// What accuracy 1 is worth to a session of middle priority where the objective is kBalanced, W:
  /// a point more is taken if it costs the board less than a hundredth of this.
  double accuracy_worth_w = 3.0;
  /// Cores that may be used per cluster id; 0 = the cluster must stay idle.
  std::map<std::string, int> max_cores;
  /// Cap on the predicted board power, W.
  std::optional<double> max_power_w;
};

}  // namespace dynofa::policies

#endif  // DYNOFA_POLICIES_POWER_MODE_H_
