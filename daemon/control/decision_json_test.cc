#include "daemon/control/decision_json.h"

#include <limits>
#include <nlohmann/json.hpp>

#include "tests/support/catch.h"

namespace dynofa::control {
namespace {

manager::StatusView StatusWithOneSession() {
  manager::StatusView status;
  status.power_mode = "balanced";
  status.decision_number = 7;
  status.decision.policy = "hierarchical";
  policies::Assignment assignment;
  assignment.session = "s-1";
  assignment.point.subnet = "k3e4";
  assignment.point.latency_ms = 2.5;
  assignment.point.latency_evidence = policies::Evidence::kEmulated;
  assignment.feasible = false;
  assignment.reasons = {{"too-slow", "no subnet is faster than 1 ms"}};
  status.decision.assignments.push_back(assignment);
  status.decision.settings.push_back({"cpu0", "performance", 1000, 2000});
  manager::SessionView session;
  session.id = "s-1";
  session.client_name = "camera";
  status.sessions.push_back(session);
  return status;
}

TEST_CASE("The decision's parts are in the JSON, each figure with its evidence") {
  const auto json = nlohmann::json::parse(DecisionJson(StatusWithOneSession()));
  CHECK(json["number"] == 7);
  CHECK(json["power_mode"] == "balanced");
  CHECK(json["predicted_power_w"].is_null());
  REQUIRE(json["assignments"].size() == 1);
  const auto& assignment = json["assignments"][0];
  CHECK(assignment["client"] == "camera");
  CHECK(assignment["subnet"] == "k3e4");
  CHECK(assignment["feasible"] == false);
  CHECK(assignment["latency_ms"]["value"] == 2.5);
  CHECK(assignment["latency_ms"]["evidence"] == "emulated");
  CHECK(assignment["energy_mj"]["value"].is_null());
  CHECK(assignment["reasons"][0]["code"] == "too-slow");
  CHECK(json["settings"][0]["max_khz"] == 2000);
}

TEST_CASE("Names that are not UTF-8 and figures that are no numbers make valid JSON") {
  manager::StatusView status = StatusWithOneSession();
  status.sessions[0].client_name = std::string("\xff\0\n\"", 4);
  status.decision.predicted_power_w = std::numeric_limits<double>::quiet_NaN();
  const auto json = nlohmann::json::parse(DecisionJson(status));
  CHECK(json["predicted_power_w"].is_null());
  CHECK(json["assignments"][0]["client"].get<std::string>().find('"') != std::string::npos);
}

}  // namespace
}  // namespace dynofa::control
