#include "daemon/tools/report/text.h"

#include "daemon/tools/report/svg.h"
#include "tests/support/catch.h"

namespace dynofa::tools::report {
namespace {

TEST_CASE("numbers have the digits that were asked for") {
  CHECK(Fixed(1.25, 1) == "1.2");
  CHECK(Fixed(-0.5, 0) == "-0");
  CHECK(Signed(2.0, 1) == "+2.0");
}

TEST_CASE("a table has its first column to the left") {
  CHECK(MarkdownTable({"a", "b"}, {{"x", "1"}}) == "| a | b |\n|---|--:|\n| x | 1 |\n");
}

TEST_CASE("what goes into XML is escaped, in text and in attributes") {
  CHECK(XmlEscaped("<a & \"b\">") == "&lt;a &amp; &quot;b&quot;&gt;");
  Svg svg(10, 20, "");
  svg.Text(1, 2, "<b>", "x\" y=\"");
  const std::string text = svg.Finish();
  CHECK(text.find("&lt;b&gt;") != std::string::npos);
  CHECK(text.find("x&quot; y=&quot;") != std::string::npos);
  CHECK(text.find("</svg>") != std::string::npos);
}

}  // namespace
}  // namespace dynofa::tools::report
