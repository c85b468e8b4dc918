#include "daemon/tools/families/report.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

#include "daemon/tools/report/svg.h"
#include "daemon/tools/report/text.h"
#include "tests/support/catch.h"

namespace dynofa::tools::families {
namespace {

using report::Fixed;
using report::XmlEscaped;
using report::MarkdownTable;
using report::Signed;

bool Has(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

std::size_t Count(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++count;
  return count;
}

// The families that come with the program with latencies that follow their multiply-adds.
Measurement Invented() {
  Measurement m;
  m.threads = {1, 2};
  m.conditions.processor = "Processor <X> & co";
  m.largest_difference = 2e-6;
  std::vector<Family> families = BuiltInFamilies().value();
  for (Family& family : families) {
    std::vector<std::vector<Spread>> ms;
    for (const Member& member : family.members) {
      const double cost = static_cast<double>(member.network.cost.macs) / 1e8;
      ms.push_back({{cost, 0.9 * cost, 1.2 * cost}, {cost / 2, cost / 2, cost / 2}});
    }
    m.families.push_back({std::move(family), std::move(ms)});
  }
  const auto series = [&](std::size_t family, std::size_t thread) {
    Series result;
    for (std::size_t i = 0; i < m.families[family].ms.size(); ++i) {
      result.top1.push_back(m.families[family].family.members[i].top1);
      result.cost.push_back({m.families[family].ms[i][thread].median});
    }
    return result;
  };
  for (std::size_t baseline = 2; baseline < m.families.size(); ++baseline) {
    const std::vector<Match> one = Compare(series(0, 0), series(baseline, 0));
    const auto published =
        ComparePublished(m.families[0].family.figure_gpu, m.families[baseline].family.figure_gpu);
    m.contests.push_back({0, baseline, published, {}, one, {one, one}});
  }
  m.folding = {{"some-network", 2, {0.97, 0.95, 0.99}}};
  return m;
}

}  // namespace

TEST_CASE("The tables have every network, label their figures and show what is missing") {
  const Measurement m = Invented();
  const std::string text = MarkdownReport(m);
  for (const MeasuredFamily& measured : m.families) {
    for (const Member& member : measured.family.members) {
      INFO(member.id);
      CHECK(Has(text, "| " + member.id + " |"));
    }
  }
  for (const char* label : {"measured, 1 thread", "measured, 2 threads", "published, CPU",
                            "Top-1 is published", "Computed:"}) {
    INFO(label);
    CHECK(Has(text, label));
  }
  // US-MobileNets are all less accurate than the subject.
  CHECK(Has(text, "| US-MobileNetV1 | – | – | – | – | – |"));
  CHECK(Has(text, "| some-network | 2 threads | 0.970 (0.950–0.990) |"));
  CHECK(Has(text, "pair of the published claim"));
  CHECK_FALSE(Has(text, "nan"));
}

TEST_CASE("Figures from a busy machine say that they are a draft") {
  Measurement m = Invented();
  CHECK_FALSE(Has(MarkdownReport(m), "draft"));
  m.conditions.load_before = 3.0;
  CHECK(Has(MarkdownReport(m), "draft"));
}

TEST_CASE("The JSON report is JSON with the same networks") {
  const auto json = nlohmann::json::parse(JsonReport(Invented()));
  CHECK(json["families"].size() == 9);
  CHECK(json["families"][0]["networks"][0]["measured_ms"][1]["threads"] == 2);
  CHECK(json["comparisons"].size() == 7);
  const auto& match = json["comparisons"][1]["measured"][0]["matches"][2];
  CHECK(match["network"] == "autoslim-mnasnet-532m");
  // Latencies that follow multiply-adds give their ratio.
  CHECK(match["speedup"]["median"].get<double>() == Approx(1.99).margin(0.01));
}

TEST_CASE("The figure has a panel per number of threads and a mark per network") {
  const Measurement m = Invented();
  const std::string svg = SvgFigure(m);
  CHECK(svg.find("<svg ") == 0);
  CHECK(Has(svg, "</svg>\n"));
  CHECK(Has(svg, "Processor &lt;X&gt; &amp; co"));
  CHECK(Has(svg, "prefers-color-scheme: dark"));
  CHECK(Count(svg, "<title>") == 2 * 103);
  CHECK(Count(svg, "top-1, % (published)") == 2);
  CHECK(Count(svg, "class=\"legend\"") == 9);
  CHECK_FALSE(Has(svg, "nan"));
}

TEST_CASE("Only what stands between the markers of a page is replaced") {
  const std::string begin = "<!-- begin: written by dynofa-bench families -->\n";
  const std::string end = "<!-- end: written by dynofa-bench families -->\n";
  const std::string page = "before\n" + begin + "old\n" + end + "after\n";
  const std::string once = ReplaceGenerated(page, "new\n").value();
  CHECK(once == "before\n" + begin + "\nnew\n\n" + end + "after\n");
  CHECK(ReplaceGenerated(once, "new\n").value() == once);
  CHECK_FALSE(ReplaceGenerated("no markers\n", "new\n").ok());
  CHECK_FALSE(ReplaceGenerated(end + begin, "new\n").ok());
}

TEST_CASE("Numbers and markup are written as they have to be") {
  CHECK(Fixed(1.005, 1) == "1.0");
  CHECK(Signed(2.04, 1) == "+2.0");
  CHECK(Signed(-2.0, 1) == "-2.0");
  CHECK(MarkdownTable({"a", "b"}, {{"x", "1"}}) == "| a | b |\n|---|--:|\n| x | 1 |\n");
  CHECK(XmlEscaped("<a & \"b\">") == "&lt;a &amp; &quot;b&quot;&gt;");
}

}  // namespace dynofa::tools::families
