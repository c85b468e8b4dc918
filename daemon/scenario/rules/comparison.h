#ifndef DYNOFA_DAEMON_SCENARIO_RULES_COMPARISON_H_
#define DYNOFA_DAEMON_SCENARIO_RULES_COMPARISON_H_

#include <cstdint>
#include <string>
#include <vector>

#include "daemon/scenario/rules/metrics.h"
#include "daemon/scenario/rules/statistics.h"

namespace dynofa::scenario {

/// A client over all seeds of a policy.
struct PooledClient {
  std::string name;
  std::int64_t issued = 0;
  std::int64_t restarted = 0;
  std::int64_t attained = 0;
  double percentile = 99.0;
  Verdict verdict = Verdict::kUndecided;
  Interval attainment;  ///< percent
  Interval p50_ms, p90_ms, p99_ms;
  Interval accuracy;  ///< percent
  Interval energy_j;
};

/// Recoveries of one client from one event over all seeds of a policy.
struct PooledRecovery {
  std::string event;
  double at_s = 0.0;
  std::string client;
  std::size_t runs = 0;
  std::size_t recovered = 0;
  std::size_t prompt = 0;  ///< as Recovery::Prompt
  /// Which 95 % of the runs did not exceed; infinite if more than 5 % never recovered.
  double p95_requests = 0.0;
  double p95_ms = 0.0;
};

/// A policy over all seeds.
struct PolicySummary {
  std::string policy;
  std::vector<RunMetrics> runs;  ///< in the order of the seeds
  Interval attainment;           ///< percent
  Interval accuracy;             ///< percent
  Interval p99_ms;
  Interval board_j;
  Interval mean_power_w;
  Interval mj_per_attained;
  Interval subnet_switches, cluster_switches, frequency_switches;
  Interval hottest_c;
  std::vector<PooledClient> clients;
  std::vector<PooledRecovery> recoveries;
};

PolicySummary Summarise(std::vector<RunMetrics> runs);

/// Energies are compared only between policies that serve equally well.
inline constexpr double kEqualAttainment = 0.5;  ///< percentage points
inline constexpr double kEqualAccuracy = 0.3;    ///< percentage points

/// The board's energy under one policy against that under another one.
struct EnergyComparison {
  std::string policy;
  std::string reference;
  bool comparable = false;
  /// If not: what differs, for people.
  std::string why;
  /// How much more (or, below 0, less) than the reference, percent; paired by seed. Meant for
  /// reading only if comparable.
  Interval percent;
};

EnergyComparison CompareEnergy(const PolicySummary& policy, const PolicySummary& reference);

}  // namespace dynofa::scenario

#endif  // DYNOFA_DAEMON_SCENARIO_RULES_COMPARISON_H_
