#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "daemon/base/strings.h"
#include "daemon/tools/report/text.h"
#include "daemon/tools/scenario/report.h"

namespace dynofa::tools::scenario {
namespace {

using dynofa::scenario::EnergyComparison;
using dynofa::scenario::Interval;
using dynofa::scenario::PolicySummary;
using dynofa::scenario::PooledClient;
using dynofa::scenario::PooledRecovery;
using report::Fixed;
using report::Signed;

constexpr char kNone[] = "–";

/// "12.3 ± 0.4"; a dash for what does not exist, "never" for what is infinite.
std::string Shown(const Interval& interval, int digits, bool sign = false) {
  if (std::isnan(interval.mean)) return kNone;
  if (std::isinf(interval.mean)) return "never";
  const std::string mean = sign ? Signed(interval.mean, digits) : Fixed(interval.mean, digits);
  if (std::isnan(interval.half_width)) return mean;
  return mean + " ± " + Fixed(interval.half_width, digits);
}

std::string ShownNumber(double value, int digits) {
  if (std::isnan(value)) return kNone;
  return std::isinf(value) ? "never" : Fixed(value, digits);
}

const EnergyComparison* Find(const std::vector<EnergyComparison>& comparisons,
                             const std::string& policy) {
  for (const EnergyComparison& comparison : comparisons) {
    if (comparison.policy == policy) return &comparison;
  }
  return nullptr;
}

std::string ShownComparison(const EnergyComparison* comparison) {
  if (comparison == nullptr) return kNone;
  if (!comparison->comparable) return "not comparable: " + comparison->why;
  return Shown(comparison->percent, 1, true) + " %";
}

Table PolicyTable(const ScenarioResult& result) {
  const std::string& first = result.policies.front().policy;
  Table table{.title = "Policies",
              .note = base::StrCat(
                  "Attained: on time, at or above the accuracy floor and within the caps. Energies "
                  "are compared with ",
                  first, " only where attainment is within 0.5 and accuracy within 0.3 points."),
              .header = {"policy", "attained %", "accuracy %", "p99 ms", "energy J", "power W",
                         "mJ per attained", "switches: subnet", "cluster", "clock",
                         "energy against " + first}};
  if (!result.to_oracle.empty()) table.header.push_back("against oracle");
  for (const PolicySummary& policy : result.policies) {
    std::vector<std::string> row = {policy.policy,
                                    Shown(policy.attainment, 1),
                                    Shown(policy.accuracy, 2),
                                    Shown(policy.p99_ms, 1),
                                    Shown(policy.board_j, 1),
                                    Shown(policy.mean_power_w, 2),
                                    Shown(policy.mj_per_attained, 1),
                                    Fixed(policy.subnet_switches.mean, 0),
                                    Fixed(policy.cluster_switches.mean, 0),
                                    Fixed(policy.frequency_switches.mean, 0),
                                    ShownComparison(Find(result.comparisons, policy.policy))};
    if (!result.to_oracle.empty()) {
      row.push_back(ShownComparison(Find(result.to_oracle, policy.policy)));
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

Table ClientTable(const ScenarioResult& result) {
  Table table{
      .title = "Clients",
      .note =
          "The verdict is MLPerf's early-stopping rule at 99 % confidence, over all "
          "seeds, for the share of requests that the client's percentile asks for. "
          "Requests without an answer count as later than all others. Restarted: answered by a "
          "cheaper subnet, after a run that would have been late was given up. Energy: the "
          "activity of a client's own runs, and by its share of busy time what the "
          "board draws without activity.",
      .header = {"client, policy", "requests", "attained %", "asked for %", "verdict", "restarted",
                 "p50 ms", "p90 ms", "p99 ms", "accuracy %", "energy J"}};
  for (std::size_t i = 0; i < result.scenario.clients.size(); ++i) {
    for (const PolicySummary& policy : result.policies) {
      const PooledClient& client = policy.clients[i];
      table.rows.push_back({client.name + ", " + policy.policy, base::StrCat(client.issued),
                            Shown(client.attainment, 1), Fixed(client.percentile, 1),
                            std::string(dynofa::scenario::VerdictName(client.verdict)),
                            base::StrCat(client.restarted), Shown(client.p50_ms, 1),
                            Shown(client.p90_ms, 1), Shown(client.p99_ms, 1),
                            Shown(client.accuracy, 2), Shown(client.energy_j, 1)});
    }
  }
  return table;
}

Table RecoveryTable(const ScenarioResult& result) {
  Table table{.title = "Recovery",
              .note =
                  "Until the first of ten attained requests in a row, counted in requests and "
                  "milliseconds from the event on: the value that 95 % of the seeds do not exceed. "
                  "Prompt: within 5 requests or 250 ms, whichever is later.",
              .header = {"event, client, policy", "p95 requests", "p95 ms", "recovered", "prompt"}};
  using Key = std::tuple<double, std::string, std::string>;
  std::map<Key, std::vector<std::pair<std::string, const PooledRecovery*>>> events;
  for (const PolicySummary& policy : result.policies) {
    for (const PooledRecovery& recovery : policy.recoveries) {
      events[{recovery.at_s, recovery.event, recovery.client}].emplace_back(policy.policy,
                                                                            &recovery);
    }
  }
  for (const auto& [key, recoveries] : events) {
    const auto& [at_s, event, client] = key;
    for (const auto& [policy, recovery] : recoveries) {
      table.rows.push_back({base::StrCat(Fixed(at_s, 1), " s ", event, ", ", client, ", ", policy),
                            ShownNumber(recovery->p95_requests, 0),
                            ShownNumber(recovery->p95_ms, 0),
                            base::StrCat(recovery->recovered, "/", recovery->runs),
                            base::StrCat(recovery->prompt, "/", recovery->runs)});
    }
  }
  return table;
}

}  // namespace

std::string ProfileErrorText(double profile_error) {
  if (profile_error == 0.0) return "";
  return base::StrCat("every policy but the oracle gets a profile that is off by ",
                      profile_error * 100.0, " % (standard deviation)");
}

std::string ReportLabel(const ScenarioResult& result) {
  const std::size_t seeds = result.policies.front().runs.size();
  const std::string error = ProfileErrorText(result.profile_error);
  return base::StrCat("All figures are emulated: board model ", result.board,
                      ", service time noise ", Fixed(result.scenario.service_noise * 100.0, 0),
                      " %, ", error, error.empty() ? "" : ", ", seeds,
                      seeds == 1 ? " seed" : " seeds, means with 95 % confidence intervals");
}

std::vector<Table> ReportTables(const ScenarioResult& result) {
  std::vector<Table> tables = {PolicyTable(result), ClientTable(result)};
  Table recovery = RecoveryTable(result);
  if (!recovery.rows.empty()) tables.push_back(std::move(recovery));
  return tables;
}

std::string MarkdownOf(const Table& table) {
  return base::StrCat("### ", table.title, "\n\n", table.note, table.note.empty() ? "" : "\n\n",
                      report::MarkdownTable(table.header, table.rows), "\n");
}

std::string MarkdownReport(const std::vector<ScenarioResult>& results) {
  std::string text;
  for (const ScenarioResult& result : results) {
    text += base::StrCat("## ", result.scenario.title, "\n\n`", result.scenario.id,
                         "`: ", result.scenario.about, "\n\n", ReportLabel(result), ".\n\n");
    for (const std::string& note : result.notes) text += note + ".\n\n";
    for (const Table& table : ReportTables(result)) text += MarkdownOf(table);
  }
  return text;
}

}  // namespace dynofa::tools::scenario
