#include "client/cli/bench/report.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <sstream>
#include <vector>

#include "client/cli/text.h"
#include "daemon/scenario/rules/metrics_json.h"

namespace dynofa::cli::bench {
namespace {

using scenario::ClientMetrics;
using scenario::RunMetrics;

constexpr char kEvidence[] =
    "Run times and energy are emulated; transport, waiting and overruns are measured on this "
    "machine.";

std::string Ms(double ms) { return std::isfinite(ms) ? Fixed(ms, 1) : "-"; }

std::vector<std::string> Row(const ClientMetrics& client) {
  return {client.name,
          std::to_string(client.issued),
          Fixed(client.Attainment(), 1),
          Ms(client.p50_ms),
          Ms(client.p90_ms),
          Ms(client.p99_ms),
          Fixed(100.0 * client.mean_accuracy, 1),
          Fixed(client.energy_j, 1),
          std::to_string(client.restarted),
          std::to_string(client.overruns)};
}

/// The columns as wide as they must be; the first one to the left, the others to the right.
std::string Table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::ostringstream text;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string gap(widths[i] - row[i].size(), ' ');
      text << (i == 0 ? row[i] + gap : "  " + gap + row[i]);
    }
    text << "\n";
  }
  return text.str();
}

std::string RecoveryText(const scenario::Recovery& recovery) {
  const std::string head =
      "after \"" + recovery.event + "\" at " + Fixed(recovery.at_s, 1) + " s " + recovery.client;
  if (!recovery.recovered) return head + " did not get what it asks for again\n";
  return head + " got what it asks for after " + std::to_string(recovery.requests) + " requests, " +
         Fixed(recovery.ms, 0) + " ms\n";
}

}  // namespace

double OverrunPercent(const RunMetrics& metrics) {
  std::int64_t answered = 0;
  std::int64_t overruns = 0;
  for (const ClientMetrics& client : metrics.clients) {
    answered += client.answered;
    overruns += client.overruns;
  }
  if (answered == 0) return 0.0;
  return 100.0 * static_cast<double>(overruns) / static_cast<double>(answered);
}

std::string ToText(const scenario::Scenario& scenario, const Stage& stage,
                   const RunMetrics& metrics) {
  std::vector<std::vector<std::string>> rows = {{"client", "requests", "attained %", "p50 ms",
                                                 "p90 ms", "p99 ms", "accuracy %", "energy J",
                                                 "restarted", "overruns"}};
  for (const ClientMetrics& client : metrics.clients) rows.push_back(Row(client));
  std::ostringstream text;
  text << scenario.title << ": policy " << metrics.policy << " on " << stage.board << ", seed "
       << metrics.seed << ", " << Fixed(scenario.length_s, 0) << " s of which the first "
       << Fixed(scenario.warm_up_s, 0) << " do not count\n\n"
       << Table(rows) << "\n"
       << "attained " << Fixed(metrics.attainment, 1) << " %, accuracy "
       << Fixed(metrics.mean_accuracy, 2) << " %, board " << Fixed(metrics.board_j, 1) << " J ("
       << Fixed(metrics.neighbours_j, 1) << " J of it neighbours), overruns "
       << Fixed(OverrunPercent(metrics), 2) << " %, " << metrics.decisions << " decisions\n";
  for (const ClientMetrics& client : metrics.clients) {
    if (!client.refusal.empty())
      text << client.name << " was not let in: " << client.refusal << "\n";
  }
  for (const scenario::Recovery& recovery : metrics.recoveries) text << RecoveryText(recovery);
  text << kEvidence << "\n";
  return text.str();
}

Json ToJson(const scenario::Scenario& scenario, const Stage& stage, const RunMetrics& metrics) {
  Json json = {{"scenario", scenario.id},         {"title", scenario.title},
               {"evidence", kEvidence},           {"board", stage.board},
               {"policy", metrics.policy},        {"length_s", scenario.length_s},
               {"warm_up_s", scenario.warm_up_s}, {"overrun_percent", OverrunPercent(metrics)}};
  json.update(scenario::ToJson(metrics));
  return json;
}

}  // namespace dynofa::cli::bench
