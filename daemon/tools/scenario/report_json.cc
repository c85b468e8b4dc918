#include <cmath>
#include <nlohmann/json.hpp>

#include "daemon/scenario/rules/metrics_json.h"
#include "daemon/tools/scenario/report.h"

namespace dynofa::tools::scenario {
namespace {

using dynofa::scenario::EnergyComparison;
using dynofa::scenario::Interval;
using dynofa::scenario::PolicySummary;
using dynofa::scenario::PooledClient;
using dynofa::scenario::PooledRecovery;
using dynofa::scenario::RunMetrics;
using dynofa::scenario::VerdictName;
using Json = nlohmann::ordered_json;

Json Number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json ToJson(const Interval& interval) {
  return {{"mean", Number(interval.mean)}, {"half_width_95", Number(interval.half_width)}};
}

Json ToJson(const PooledClient& client) {
  return {{"client", client.name},
          {"issued", client.issued},
          {"restarted", client.restarted},
          {"attained", client.attained},
          {"percentile", client.percentile},
          {"verdict", VerdictName(client.verdict)},
          {"attainment_percent", ToJson(client.attainment)},
          {"p50_ms", ToJson(client.p50_ms)},
          {"p90_ms", ToJson(client.p90_ms)},
          {"p99_ms", ToJson(client.p99_ms)},
          {"accuracy_percent", ToJson(client.accuracy)},
          {"energy_j", ToJson(client.energy_j)}};
}

Json ToJson(const PooledRecovery& recovery) {
  return {{"at_s", recovery.at_s},
          {"event", recovery.event},
          {"client", recovery.client},
          {"runs", recovery.runs},
          {"recovered", recovery.recovered},
          {"prompt", recovery.prompt},
          {"p95_requests", Number(recovery.p95_requests)},
          {"p95_ms", Number(recovery.p95_ms)}};
}

Json ToJson(const PolicySummary& policy) {
  Json json = {{"policy", policy.policy},
               {"attainment_percent", ToJson(policy.attainment)},
               {"accuracy_percent", ToJson(policy.accuracy)},
               {"p99_ms", ToJson(policy.p99_ms)},
               {"board_j", ToJson(policy.board_j)},
               {"mean_power_w", ToJson(policy.mean_power_w)},
               {"mj_per_attained", ToJson(policy.mj_per_attained)},
               {"subnet_switches", ToJson(policy.subnet_switches)},
               {"cluster_switches", ToJson(policy.cluster_switches)},
               {"frequency_switches", ToJson(policy.frequency_switches)},
               {"hottest_c", ToJson(policy.hottest_c)},
               {"clients", Json::array()},
               {"recoveries", Json::array()},
               {"runs", Json::array()}};
  for (const PooledClient& client : policy.clients) json["clients"].push_back(ToJson(client));
  for (const PooledRecovery& recovery : policy.recoveries) {
    json["recoveries"].push_back(ToJson(recovery));
  }
  for (const RunMetrics& run : policy.runs) json["runs"].push_back(ToJson(run));
  return json;
}

Json ToJson(const EnergyComparison& comparison) {
  return {{"policy", comparison.policy},
          {"reference", comparison.reference},
          {"comparable", comparison.comparable},
          {"why_not", comparison.why},
          {"energy_percent", ToJson(comparison.percent)}};
}

Json ToJson(const ScenarioResult& result) {
  Json json = {{"scenario", result.scenario.id},
               {"title", result.scenario.title},
               {"evidence", "emulated"},
               {"board", result.board},
               {"length_s", result.scenario.length_s},
               {"warm_up_s", result.scenario.warm_up_s},
               {"service_noise", result.scenario.service_noise},
               {"profile_error", result.profile_error},
               {"notes", result.notes},
               {"policies", Json::array()},
               {"comparisons", Json::array()},
               {"to_oracle", Json::array()}};
  for (const PolicySummary& policy : result.policies) json["policies"].push_back(ToJson(policy));
  for (const EnergyComparison& comparison : result.comparisons) {
    json["comparisons"].push_back(ToJson(comparison));
  }
  for (const EnergyComparison& comparison : result.to_oracle) {
    json["to_oracle"].push_back(ToJson(comparison));
  }
  return json;
}

}  // namespace

std::string JsonReport(const std::vector<ScenarioResult>& results) {
  Json json = Json::array();
  for (const ScenarioResult& result : results) json.push_back(ToJson(result));
  return json.dump(1) + "\n";
}

}  // namespace dynofa::tools::scenario
