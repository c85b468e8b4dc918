#include "daemon/scenario/rules/comparison.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/str_format.h"

namespace dynofa::scenario {
namespace {

/// The interval of what `value` gives for each run.
template <typename Value>
Interval Over(const std::vector<RunMetrics>& runs, const Value& value) {
  std::vector<double> values;
  for (const RunMetrics& run : runs) values.push_back(value(run));
  return MeanInterval(values);
}

PooledClient Pool(const std::vector<RunMetrics>& runs, std::size_t client) {
  const auto over = [&](const auto& value) {
    return Over(runs, [&](const RunMetrics& run) { return value(run.clients[client]); });
  };
  PooledClient pooled;
  pooled.name = runs.front().clients[client].name;
  pooled.percentile = runs.front().clients[client].percentile;
  for (const RunMetrics& run : runs) {
    pooled.issued += run.clients[client].issued;
    pooled.restarted += run.clients[client].restarted;
    pooled.attained += run.clients[client].attained;
  }
  pooled.verdict = EarlyStopping(pooled.percentile, pooled.issued, pooled.issued - pooled.attained);
  pooled.attainment = over([](const ClientMetrics& metrics) { return metrics.Attainment(); });
  pooled.p50_ms = over([](const ClientMetrics& metrics) { return metrics.p50_ms; });
  pooled.p90_ms = over([](const ClientMetrics& metrics) { return metrics.p90_ms; });
  pooled.p99_ms = over([](const ClientMetrics& metrics) { return metrics.p99_ms; });
  pooled.accuracy =
      over([](const ClientMetrics& metrics) { return 100.0 * metrics.mean_accuracy; });
  pooled.energy_j = over([](const ClientMetrics& metrics) { return metrics.energy_j; });
  return pooled;
}

/// Runs may lack a recovery (a client that sent nothing after the event): matched by what it is of.
std::vector<PooledRecovery> PoolRecoveries(const std::vector<RunMetrics>& runs) {
  std::vector<PooledRecovery> pooled;
  std::vector<std::vector<double>> requests;
  std::vector<std::vector<double>> times;
  for (const RunMetrics& run : runs) {
    for (const Recovery& recovery : run.recoveries) {
      auto found = std::find_if(pooled.begin(), pooled.end(), [&](const PooledRecovery& known) {
        return known.event == recovery.event && known.at_s == recovery.at_s &&
               known.client == recovery.client;
      });
      if (found == pooled.end()) {
        pooled.push_back(
            {.event = recovery.event, .at_s = recovery.at_s, .client = recovery.client});
        requests.emplace_back();
        times.emplace_back();
        found = pooled.end() - 1;
      }
      const auto place = static_cast<std::size_t>(found - pooled.begin());
      const double never = std::numeric_limits<double>::infinity();
      ++found->runs;
      found->recovered += recovery.recovered ? 1 : 0;
      found->prompt += recovery.Prompt() ? 1 : 0;
      requests[place].push_back(recovery.recovered ? static_cast<double>(recovery.requests)
                                                   : never);
      times[place].push_back(recovery.recovered ? recovery.ms : never);
    }
  }
  for (std::size_t i = 0; i < pooled.size(); ++i) {
    pooled[i].p95_requests = Percentile(requests[i], 0.95);
    pooled[i].p95_ms = Percentile(times[i], 0.95);
  }
  return pooled;
}

}  // namespace

PolicySummary Summarise(std::vector<RunMetrics> runs) {
  const auto count = [](std::int64_t value) { return static_cast<double>(value); };
  PolicySummary summary;
  summary.policy = runs.front().policy;
  summary.attainment = Over(runs, [](const RunMetrics& run) { return run.attainment; });
  summary.accuracy = Over(runs, [](const RunMetrics& run) { return run.mean_accuracy; });
  summary.p99_ms = Over(runs, [](const RunMetrics& run) { return run.p99_ms; });
  summary.board_j = Over(runs, [](const RunMetrics& run) { return run.board_j; });
  summary.mean_power_w = Over(runs, [](const RunMetrics& run) { return run.mean_power_w; });
  summary.mj_per_attained = Over(runs, [](const RunMetrics& run) { return run.mj_per_attained; });
  summary.subnet_switches =
      Over(runs, [&](const RunMetrics& run) { return count(run.subnet_switches); });
  summary.cluster_switches =
      Over(runs, [&](const RunMetrics& run) { return count(run.cluster_switches); });
  summary.frequency_switches =
      Over(runs, [&](const RunMetrics& run) { return count(run.frequency_switches); });
  summary.hottest_c = Over(runs, [](const RunMetrics& run) { return run.hottest_c; });
  for (std::size_t i = 0; i < runs.front().clients.size(); ++i) {
    summary.clients.push_back(Pool(runs, i));
  }
  summary.recoveries = PoolRecoveries(runs);
  summary.runs = std::move(runs);
  return summary;
}

EnergyComparison CompareEnergy(const PolicySummary& policy, const PolicySummary& reference) {
  EnergyComparison comparison{.policy = policy.policy, .reference = reference.policy};
  std::vector<double> percents;
  for (std::size_t i = 0; i < std::min(policy.runs.size(), reference.runs.size()); ++i) {
    percents.push_back(100.0 * (policy.runs[i].board_j / reference.runs[i].board_j - 1.0));
  }
  comparison.percent = MeanInterval(percents);
  const double attainment = policy.attainment.mean - reference.attainment.mean;
  const double accuracy = policy.accuracy.mean - reference.accuracy.mean;
  if (!(std::abs(attainment) <= kEqualAttainment)) {
    comparison.why = absl::StrFormat("attainment differs by %+.1f points", attainment);
  } else if (!(std::abs(accuracy) <= kEqualAccuracy)) {
    comparison.why = absl::StrFormat("accuracy differs by %+.2f points", accuracy);
  } else {
    comparison.comparable = true;
  }
  return comparison;
}

}  // namespace dynofa::scenario
