#ifndef DYNOFA_DAEMON_TOOLS_EVALUATION_REPORT_H_
#define DYNOFA_DAEMON_TOOLS_EVALUATION_REPORT_H_

#include <string>
#include <vector>

#include "daemon/tools/evaluation.h"
#include "daemon/tools/pareto_check.h"

namespace dynofa::tools {

/// What an evaluation gave, for the reports.
struct EvaluationReport {
  std::string model;
  std::string backend;
  std::string weights_digest;
  std::vector<EvaluatedSubnet> subnets;  ///< cheapest first, at least one
  std::optional<EvaluatedSubnet> floor;  ///< where latencies were measured
  LatencyOptions latency;                ///< how they were
  std::size_t unreadable = 0;            ///< images
};

/// A line per subnet, for people.
std::string EvaluationText(const EvaluationReport& report);

/// Everything, as JSON: per subnet id, configuration, multiply-adds, parameters, top-1 and
/// latency; the span of the ladder and its floor; the levels that are not Pareto-optimal.
std::string EvaluationJson(const EvaluationReport& report);

/// The table for a document, in Markdown; each heading says what is counted and what is measured.
std::string EvaluationMarkdown(const EvaluationReport& report);

/// The levels that the latencies show to be dominated; empty without latencies.
std::vector<Domination> DominatedLevels(const EvaluationReport& report);

}  // namespace dynofa::tools

#endif  // DYNOFA_DAEMON_TOOLS_EVALUATION_REPORT_H_
