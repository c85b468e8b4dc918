#include "daemon/tools/report/text.h"

#include <cstddef>
#include <cstdio>

namespace dynofa::tools::report {
namespace {

std::string Format(const char* format, int digits, double value) {
  char text[64];
  std::snprintf(text, sizeof(text), format, digits, value);
  return text;
}

std::string Row(const std::vector<std::string>& cells) {
  std::string row = "|";
  for (const std::string& cell : cells) row += " " + cell + " |";
  return row + "\n";
}

}  // namespace

std::string Fixed(double value, int digits) { return Format("%.*f", digits, value); }

std::string Signed(double value, int digits) { return Format("%+.*f", digits, value); }

std::string MarkdownTable(const std::vector<std::string>& header,
                          const std::vector<std::vector<std::string>>& rows) {
  std::string table = Row(header) + "|---|";
  for (std::size_t column = 1; column < header.size(); ++column) table += "--:|";
  table += "\n";
  for (const std::vector<std::string>& row : rows) table += Row(row);
  return table;
}

std::string XmlEscaped(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

}  // namespace dynofa::tools::report
