#ifndef DYNOFA_DAEMON_TOOLS_FAMILIES_REPORT_H_
#define DYNOFA_DAEMON_TOOLS_FAMILIES_REPORT_H_

#include <string>

#include "absl/status/statusor.h"
#include "daemon/tools/families/measurement.h"

namespace dynofa::tools::families {

/// The whole measurement for programs.
std::string JsonReport(const Measurement& measurement);

/// The same as tables for people, each figure labelled.
std::string MarkdownReport(const Measurement& measurement);

/// Latency against top-1, a panel for each number of threads, as an SVG that follows the reader's
/// light or dark colour scheme.
std::string SvgFigure(const Measurement& measurement);

/// `page` with `generated` between its two marker lines. INVALID_ARGUMENT if it has no such lines.
absl::StatusOr<std::string> ReplaceGenerated(const std::string& page, const std::string& generated);

}  // namespace dynofa::tools::families

#endif  // DYNOFA_DAEMON_TOOLS_FAMILIES_REPORT_H_
