#ifndef DYNOFA_DAEMON_TOOLS_REPORT_TEXT_H_
#define DYNOFA_DAEMON_TOOLS_REPORT_TEXT_H_

#include <string>
#include <vector>

namespace dynofa::tools::report {

/// `value` with that many digits after the point.
std::string Fixed(double value, int digits);

/// As Fixed, with the sign in front.
std::string Signed(double value, int digits);

/// A table in Markdown, its first column to the left and all others to the right. Every row has
/// as many cells as the header.
std::string MarkdownTable(const std::vector<std::string>& header,
                          const std::vector<std::vector<std::string>>& rows);

/// `text` for use inside an XML element or attribute.
std::string XmlEscaped(const std::string& text);

}  // namespace dynofa::tools::report

#endif  // DYNOFA_DAEMON_TOOLS_REPORT_TEXT_H_
