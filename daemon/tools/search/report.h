#ifndef DYNOFA_DAEMON_TOOLS_SEARCH_REPORT_H_
#define DYNOFA_DAEMON_TOOLS_SEARCH_REPORT_H_

#include <string>

#include "daemon/tools/search/search.h"

namespace dynofa::tools::search {

/// What a search found and how far its table and predictor were off, in lines for people. Every
/// figure is measured, or predicted and named so.
std::string ReportText(const SearchResult& result, const SearchOptions& options);

/// The same as JSON, with every candidate.
std::string ReportJson(const engine::ofa::OfaModel& model, const SearchResult& result,
                       const SearchOptions& options);

}  // namespace dynofa::tools::search

#endif  // DYNOFA_DAEMON_TOOLS_SEARCH_REPORT_H_
