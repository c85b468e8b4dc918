#include "daemon/scenario/rules/metrics_json.h"

#include <cmath>
#include <string>

namespace dynofa::scenario {
namespace {

using Json = nlohmann::ordered_json;

Json Number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json ToJson(const ClientMetrics& client) {
  return {{"client", client.name},
          {"issued", client.issued},
          {"answered", client.answered},
          {"on_time", client.on_time},
          {"expired", client.expired},
          {"refused", client.refused},
          {"failed", client.failed},
          {"unanswered", client.unanswered},
          {"below_floor", client.below_floor},
          {"over_cap", client.over_cap},
          {"overruns", client.overruns},
          {"restarted", client.restarted},
          {"attained", client.attained},
          {"attainment_percent", client.Attainment()},
          {"verdict", VerdictName(client.verdict)},
          {"p50_ms", Number(client.p50_ms)},
          {"p90_ms", Number(client.p90_ms)},
          {"p99_ms", Number(client.p99_ms)},
          {"mean_accuracy", Number(client.mean_accuracy)},
          {"energy_j", client.energy_j},
          {"subnet_switches", client.subnet_switches},
          {"cluster_switches", client.cluster_switches},
          {"subnet_share", client.subnet_share},
          {"cluster_share", client.cluster_share},
          {"refusal", client.refusal}};
}

}  // namespace

nlohmann::ordered_json ToJson(const RunMetrics& run) {
  Json json = {{"seed", run.seed},
               {"attainment_percent", run.attainment},
               {"accuracy_percent", run.mean_accuracy},
               {"p99_ms", Number(run.p99_ms)},
               {"board_j", run.board_j},
               {"neighbours_j", run.neighbours_j},
               {"mean_power_w", run.mean_power_w},
               {"mj_per_attained", Number(run.mj_per_attained)},
               {"subnet_switches", run.subnet_switches},
               {"cluster_switches", run.cluster_switches},
               {"frequency_switches", run.frequency_switches},
               {"decisions", run.decisions},
               {"hottest_c", run.hottest_c},
               {"clients", Json::array()},
               {"recoveries", Json::array()},
               {"residency", Json::object()}};
  for (const ClientMetrics& client : run.clients) json["clients"].push_back(ToJson(client));
  for (const auto& recovery : run.recoveries) {
    json["recoveries"].push_back({{"at_s", recovery.at_s},
                                  {"event", recovery.event},
                                  {"client", recovery.client},
                                  {"recovered", recovery.recovered},
                                  {"requests", recovery.requests},
                                  {"ms", recovery.ms},
                                  {"prompt", recovery.Prompt()}});
  }
  for (const auto& [cluster, shares] : run.residency) {
    Json& clocks = json["residency"][cluster] = Json::object();
    for (const auto& [khz, share] : shares) clocks[std::to_string(khz)] = share;
  }
  return json;
}

}  // namespace dynofa::scenario
