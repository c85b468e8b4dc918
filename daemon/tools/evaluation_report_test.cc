#include "daemon/tools/evaluation_report.h"

#include <nlohmann/json.hpp>

#include "tests/support/catch.h"

namespace dynofa::tools {
namespace {

EvaluatedSubnet Subnet(const std::string& id, std::int64_t macs, std::size_t correct, double ms) {
  EvaluatedSubnet subnet;
  subnet.info.id = id;
  subnet.info.macs = macs;
  subnet.info.parameters = 1'500'000;
  subnet.info.accuracy = 0.25;
  subnet.info.accuracy_evidence = policies::Evidence::kPublished;
  subnet.config = {{3, 5}, {4, 6}, {1, 1}, 28};
  subnet.correct = correct;
  subnet.images = correct > 0 ? 100 : 0;
  if (ms > 0) subnet.latency = Latency{ms, 0.9 * ms, 1.1 * ms};
  return subnet;
}

EvaluationReport Report() {
  EvaluationReport report{.model = "tiny", .backend = "cpu", .weights_digest = "abc"};
  report.subnets = {Subnet("a", 1'000'000, 80, 0.2), Subnet("b", 4'000'000, 90, 0.5),
                    Subnet("c", 5'000'000, 85, 0.6)};
  report.floor = Subnet("floor", 900'000, 0, 0.15);
  report.unreadable = 2;
  return report;
}

TEST_CASE("the report as JSON has configuration, cost, top-1, latency, span and floor") {
  const auto json = nlohmann::json::parse(EvaluationJson(Report()));
  REQUIRE(json["subnets"].size() == 3);
  const auto& a = json["subnets"][0];
  CHECK(a["id"] == "a");
  CHECK(a["kernels"] == nlohmann::json({3, 5}));
  CHECK(a["resolution"] == 28);
  CHECK(a["macs"] == 1'000'000);
  CHECK(a["parameters"] == 1'500'000);
  CHECK(a["top1"] == 0.8);
  CHECK(a["evidence"] == "measured");
  CHECK(a["latency_ms"] == 0.2);
  CHECK(json["macs_span"]["ratio"] == Approx(5.0));
  CHECK(json["latency_span"]["ratio"] == Approx(3.0));
  CHECK(json["floor"]["latency_ms"] == 0.15);
  CHECK_FALSE(json["floor"].contains("top1"));  // nobody calibrated it
  CHECK(json["unreadable_images"] == 2);
  REQUIRE(json["dominated"].size() == 1);
  CHECK(json["dominated"][0]["level"] == "c");
  CHECK(json["dominated"][0]["by"] == "b");
}

TEST_CASE("without images the catalogue's accuracy is given as what it is") {
  EvaluationReport report = Report();
  for (EvaluatedSubnet& subnet : report.subnets) subnet.correct = subnet.images = 0;
  const auto json = nlohmann::json::parse(EvaluationJson(report));
  CHECK(json["subnets"][0]["top1"] == 0.25);
  CHECK(json["subnets"][0]["evidence"] == "published");
  CHECK(EvaluationMarkdown(report).find("top-1 (published)") != std::string::npos);
}

TEST_CASE("without latencies there is no floor and nothing is dominated") {
  EvaluationReport report = Report();
  report.floor.reset();
  for (EvaluatedSubnet& subnet : report.subnets) subnet.latency.reset();
  const auto json = nlohmann::json::parse(EvaluationJson(report));
  CHECK_FALSE(json.contains("dominated"));
  CHECK_FALSE(json["subnets"][0].contains("latency_ms"));
  CHECK(EvaluationText(report).find(" ms") == std::string::npos);
}

TEST_CASE("the table names what is counted and what is measured") {
  const std::string table = EvaluationMarkdown(Report());
  CHECK(table.find("million multiply-adds (counted)") != std::string::npos);
  CHECK(table.find("top-1 (measured, 100 images)") != std::string::npos);
  CHECK(table.find("| `a` | 28 | 1, 1 | 1.00 | 1.500 | 0.8000 | 0.200 |") != std::string::npos);
  CHECK(table.find("floor: the supernet's smallest subnet at 28 pixels") != std::string::npos);
}

}  // namespace
}  // namespace dynofa::tools
