#include "daemon/tools/scenario/report.h"

#include <nlohmann/json.hpp>
#include <string>

#include "daemon/base/log.h"
#include "daemon/emulator/board_file.h"
#include "daemon/scenario/rules/scenario_file.h"
#include "daemon/tools/scenario/sensitivity.h"
#include "tests/support/catch.h"

namespace dynofa::tools::scenario {
namespace {

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::size_t Count(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++count;
  return count;
}

/// Ten seconds with an event; the board is overloaded, so that some requests have no answer.
const ScenarioResult& Result() {
  static const ScenarioResult result = [] {
    base::SetLogLevel(base::LogLevel::kError);
    const auto scenario =
        dynofa::scenario::ParseScenario(R"(title = "A <title> & more"
about = "What it is"
board = "jetson-xavier-nx"
length_s = 10
[[model]]
name = "net"
ladder = "ladders/dynamic-ofa.toml"
[[client]]
name = "camera"
model = "net"
latency_ms = 60
patience_ms = 200
arrivals = { kind = "periodic", rate_hz = 40 }
[[event]]
at_s = 5
power_cap_w = 8
)",
                                        std::string(DYNOFA_SCENARIOS_DIR) + "/test.toml");
    REQUIRE(scenario.ok());
    const auto& board = *emulator::FindBoardModel("jetson-xavier-nx");
    auto played = dynofa::scenario::RunSuite(
        *scenario, board,
        {.policies = {"hierarchical", "performance"}, .seeds = 2, .keep_traces = true});
    REQUIRE(played.ok());
    return *std::move(played);
  }();
  return result;
}

TEST_CASE("every report says that its figures are emulated, and by what") {
  for (const std::string& text : {MarkdownReport({Result()}), HtmlReport({Result()})}) {
    CHECK(Has(text, "All figures are emulated: board model jetson-xavier-nx"));
    CHECK(Has(text, "2 seeds, means with 95 % confidence intervals"));
  }
  CHECK(nlohmann::json::parse(JsonReport({Result()}))[0]["evidence"] == "emulated");
}

TEST_CASE("every report says by how much the profile was wrong, and nothing if it was right") {
  ScenarioResult wrong = Result();
  wrong.profile_error = 0.125;
  for (auto* report : {&MarkdownReport, &HtmlReport}) {
    CHECK(Has(report({wrong}), "gets a profile that is off by 12.5 % (standard deviation)"));
    CHECK_FALSE(Has(report({Result()}), "profile"));
  }
  CHECK(nlohmann::json::parse(JsonReport({wrong}))[0]["profile_error"] == 0.125);
  CHECK(nlohmann::json::parse(JsonReport({Result()}))[0]["profile_error"] == 0.0);
}

TEST_CASE("tables have a row for each policy, client and event") {
  const auto tables = ReportTables(Result());
  REQUIRE(tables.size() == 3);
  CHECK(tables[0].rows.size() == 2);
  CHECK(tables[1].rows.size() == 2);
  CHECK(tables[2].rows.size() == 2);
  for (const Table& table : tables) {
    for (const auto& row : table.rows) CHECK(row.size() == table.header.size());
  }
  CHECK(tables[0].rows[0].back() == "–");
  CHECK(Has(tables[2].rows[0][0], "5.0 s power cap 8 W, camera, "));
}

TEST_CASE("the JSON has every run, and null for what there is not") {
  const auto json = nlohmann::json::parse(JsonReport({Result()}));
  REQUIRE(json.size() == 1);
  REQUIRE(json[0]["policies"].size() == 2);
  const auto& policy = json[0]["policies"][0];
  CHECK(policy["runs"].size() == 2);
  CHECK(policy["runs"][1]["seed"] == 2);
  CHECK(policy["runs"][0]["clients"][0]["issued"] == 400);
  CHECK(policy["runs"][0]["clients"][0]["p99_ms"].is_null());
  CHECK(policy["attainment_percent"]["half_width_95"].is_number());
  CHECK(json[0]["comparisons"][0]["reference"] == "hierarchical");
}

TEST_CASE("the page needs nothing else and escapes what it is given") {
  const std::string page = HtmlReport({Result()});
  CHECK(Has(page, "A &lt;title&gt; &amp; more"));
  CHECK_FALSE(Has(page, "<title> & more"));
  CHECK(Count(page, "<svg") == 2);
  CHECK(Count(page, "<section") == Count(page, "</section>"));
  CHECK(Count(page, "<table") == Count(page, "</table>"));
  for (const char* reference : {"<script", "<link", "src=", "url(", "@import"}) {
    CHECK_FALSE(Has(page, reference));
  }
  // The namespace of SVG is a name, not an address to load from.
  CHECK(Count(page, "http") == Count(page, "xmlns=\"http://www.w3.org/2000/svg\""));
}

TEST_CASE("a timeline shows its panels, events and policy") {
  const std::string svg = TimelineSvg(Result().scenario, Result().traces[0]);
  for (const char* part : {"latency and target, ms", "subnet, by its accuracy", "clock, MHz",
                           "temperature, degrees C", "power of the board, W", "camera", "gpu",
                           "5.0 s: power cap 8 W", "hierarchical, seed 1 (emulated)"}) {
    CHECK(Has(svg, part));
  }
  CHECK_FALSE(Has(svg, "nan"));
  CHECK_FALSE(Has(svg, "inf"));
}

TEST_CASE("a coefficient is varied each way, and what changes a conclusion is named") {
  const auto& board = *emulator::FindBoardModel("jetson-xavier-nx");
  const dynofa::scenario::SuiteOptions options{.policies = {"hierarchical", "performance"}};
  const auto one = RunSensitivity(Result().scenario, board, {"capacitance_f"}, 30.0, options);
  REQUIRE(one.ok());
  REQUIRE(one->table.rows.size() == 3);
  CHECK(one->table.rows[0][0] == "as it is");
  CHECK(one->table.rows[1][0] == "capacitance_f -30 %");
  CHECK(one->table.rows[2][0] == "capacitance_f +30 %");
  // A board on which everything takes ten times as long leaves nothing to conclude.
  const auto slow = RunSensitivity(Result().scenario, board, {"pixel_ns"}, 99.0, options);
  REQUIRE(slow.ok());
  CHECK_FALSE(slow->exceptions.empty());
  CHECK(absl::IsNotFound(
      RunSensitivity(Result().scenario, board, {"magic"}, 30.0, options).status()));
}

TEST_CASE("conclusions are about service first, then about energy beyond the interval") {
  const dynofa::scenario::PolicySummary first = Result().policies[0];
  dynofa::scenario::PolicySummary other = first;
  const auto conclude = [&] {
    return ConclusionOf(dynofa::scenario::CompareEnergy(other, first), other, first);
  };
  CHECK(conclude() == Conclusion::kSame);
  for (auto& run : other.runs) run.board_j *= 1.1;
  CHECK(conclude() == Conclusion::kMore);
  for (auto& run : other.runs) run.board_j *= 0.5;
  CHECK(conclude() == Conclusion::kLess);
  other.accuracy.mean += 1.0;
  CHECK(conclude() == Conclusion::kBetterService);
  other.attainment.mean -= 1.0;
  CHECK(conclude() == Conclusion::kWorseService);
}

TEST_CASE(
    "a conclusion speaks for a policy that needs less, or serves better without needing more") {
  const dynofa::scenario::PolicySummary first = Result().policies[0];
  dynofa::scenario::PolicySummary other = first;
  CHECK(SideOf(Conclusion::kMore, other, first) == Side::kFirst);
  CHECK(SideOf(Conclusion::kLess, other, first) == Side::kOther);
  CHECK(SideOf(Conclusion::kSame, other, first) == Side::kNone);
  other.accuracy.mean += 1.0;
  other.board_j.mean += 1.0;
  CHECK(SideOf(Conclusion::kBetterService, other, first) == Side::kNone);
  other.board_j.mean -= 2.0;
  CHECK(SideOf(Conclusion::kBetterService, other, first) == Side::kOther);
  other.attainment.mean -= 10.0;
  CHECK(SideOf(Conclusion::kWorseService, other, first) == Side::kFirst);
}

TEST_CASE("a profile error is played, the same whoever plays first, and said beside the tables") {
  const auto& board = *emulator::FindBoardModel("jetson-xavier-nx");
  dynofa::scenario::SuiteOptions options{
      .policies = {"hierarchical", "performance"}, .seeds = 2, .profile_error = 0.3};
  const auto wrong = dynofa::scenario::RunSuite(Result().scenario, board, options);
  REQUIRE(wrong.ok());
  CHECK(wrong->policies[0].board_j.mean != Result().policies[0].board_j.mean);
  options.jobs = 2;
  const auto again = dynofa::scenario::RunSuite(Result().scenario, board, options);
  REQUIRE(again.ok());
  CHECK(JsonReport({*wrong}) == JsonReport({*again}));
  const auto varied = RunSensitivity(Result().scenario, board, {"volt"}, 10.0, options);
  REQUIRE(varied.ok());
  CHECK(Has(varied->table.note, "a profile that is off by 30 %"));
}

TEST_CASE("the result does not depend on how many threads play") {
  const auto& board = *emulator::FindBoardModel("jetson-xavier-nx");
  const auto parallel = dynofa::scenario::RunSuite(
      Result().scenario, board,
      {.policies = {"hierarchical", "performance"}, .seeds = 2, .jobs = 3});
  REQUIRE(parallel.ok());
  CHECK(JsonReport({*parallel}) == JsonReport({Result()}));
}

}  // namespace
}  // namespace dynofa::tools::scenario
