#include "daemon/base/strings.h"
#include "daemon/tools/report/text.h"
#include "daemon/tools/scenario/report.h"

namespace dynofa::tools::scenario {
namespace {

using report::XmlEscaped;

constexpr char kHead[] = R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>dynofa scenarios (emulated)</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; color: #24292f; max-width: 1080px; margin: 2em auto;
       padding: 0 1em; }
table { border-collapse: collapse; font-size: 13px; margin: 0.5em 0 1.5em; display: block;
        overflow-x: auto; }
th, td { padding: 3px 10px; border: 1px solid #d8dee4; text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
th { background: #f6f8fa; }
svg { max-width: 100%; height: auto; margin: 0.5em 0; }
.label-line { background: #fff8c5; border: 1px solid #d4a72c; padding: 0.3em 0.8em; }
summary { cursor: pointer; font-weight: 600; }
</style>
</head>
<body>
<h1>Scenarios</h1>
)";

std::string Cells(const std::vector<std::string>& cells, const char* tag) {
  std::string row = "<tr>";
  for (const std::string& cell : cells) {
    row += base::StrCat("<", tag, ">", XmlEscaped(cell), "</", tag, ">");
  }
  return row + "</tr>\n";
}

std::string Html(const Table& table) {
  std::string html = base::StrCat("<h3>", XmlEscaped(table.title), "</h3>\n");
  if (!table.note.empty()) html += base::StrCat("<p>", XmlEscaped(table.note), "</p>\n");
  html += "<table>\n" + Cells(table.header, "th");
  for (const std::vector<std::string>& row : table.rows) html += Cells(row, "td");
  return html + "</table>\n";
}

std::string Section(const ScenarioResult& result) {
  std::string html = base::StrCat(
      "<section id=\"", XmlEscaped(result.scenario.id), "\">\n<h2>",
      XmlEscaped(result.scenario.title), "</h2>\n<p>", XmlEscaped(result.scenario.about),
      "</p>\n<p class=\"label-line\">", XmlEscaped(ReportLabel(result)), "</p>\n");
  for (const std::string& note : result.notes) {
    html += base::StrCat("<p>", XmlEscaped(note), ".</p>\n");
  }
  for (const Table& table : ReportTables(result)) html += Html(table);
  for (const auto& trace : result.traces) {
    html += base::StrCat("<details open>\n<summary>", XmlEscaped(trace.policy), "</summary>\n",
                         TimelineSvg(result.scenario, trace), "</details>\n");
  }
  return html + "</section>\n";
}

}  // namespace

std::string HtmlReport(const std::vector<ScenarioResult>& results) {
  std::string html = kHead;
  html += "<ul>\n";
  for (const ScenarioResult& result : results) {
    html += base::StrCat("<li><a href=\"#", XmlEscaped(result.scenario.id), "\">",
                         XmlEscaped(result.scenario.title), "</a></li>\n");
  }
  html += "</ul>\n";
  for (const ScenarioResult& result : results) html += Section(result);
  return html + "</body>\n</html>\n";
}

}  // namespace dynofa::tools::scenario
