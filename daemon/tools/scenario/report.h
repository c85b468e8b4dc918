#ifndef DYNOFA_DAEMON_TOOLS_SCENARIO_REPORT_H_
#define DYNOFA_DAEMON_TOOLS_SCENARIO_REPORT_H_

#include <string>
#include <vector>

#include "daemon/scenario/suite.h"

namespace dynofa::tools::scenario {

using dynofa::scenario::ScenarioResult;

/// A table as text: its first column is a name, the others are figures.
struct Table {
  std::string title;
  /// What the columns mean where the header does not say; may be empty.
  std::string note;
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;
};

/// The policies, their clients, and how soon requirements held again after each event.
std::vector<Table> ReportTables(const ScenarioResult& result);

/// The table with its title and note.
std::string MarkdownOf(const Table& table);

/// "every policy but the oracle gets a profile that is off by 20 % (standard deviation)"; empty if
/// the profile is right.
std::string ProfileErrorText(double profile_error);

/// What every report says first: where the figures come from.
std::string ReportLabel(const ScenarioResult& result);

std::string MarkdownReport(const std::vector<ScenarioResult>& results);

/// Every figure of every run. Numbers that do not exist (percentiles without requests, intervals
/// of one seed) are null.
std::string JsonReport(const std::vector<ScenarioResult>& results);

/// One page that needs nothing else: tables, and the timelines of the first seed.
std::string HtmlReport(const std::vector<ScenarioResult>& results);

/// An SVG of one simulation: latency against target, subnet, clock, temperature and power.
std::string TimelineSvg(const dynofa::scenario::Scenario& scenario,
                        const dynofa::scenario::Trace& trace);

}  // namespace dynofa::tools::scenario

#endif  // DYNOFA_DAEMON_TOOLS_SCENARIO_REPORT_H_
