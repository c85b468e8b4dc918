#include "daemon/control/decision_json.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <vector>

#include "policies/evidence.h"

namespace dynofa::control {
namespace {

using Json = nlohmann::ordered_json;

/// A figure with where it comes from.
Json Figure(const std::optional<double>& value, policies::Evidence evidence) {
  return {{"value", value ? Json(*value) : Json(nullptr)},
          {"evidence", std::string(policies::EvidenceName(evidence))}};
}

Json Reasons(const std::vector<policies::Reason>& reasons) {
  Json array = Json::array();
  for (const policies::Reason& reason : reasons) {
    array.push_back({{"code", reason.code}, {"text", reason.text}});
  }
  return array;
}

std::string ClientName(const manager::StatusView& status, std::string_view session) {
  for (const manager::SessionView& view : status.sessions) {
    if (view.id == session) return view.client_name;
  }
  return "";
}

Json AssignmentJson(const manager::StatusView& status, const policies::Assignment& assignment) {
  const policies::OperatingPoint& point = assignment.point;
  return {{"session", assignment.session},
          {"client", ClientName(status, assignment.session)},
          {"model", assignment.model},
          {"subnet", point.subnet},
          {"cluster", point.cluster},
          {"threads", point.threads},
          {"frequency_khz", point.frequency_khz},
          {"feasible", assignment.feasible},
          {"predicted_latency_ms",
           Figure(assignment.predicted_latency_ms, policies::Evidence::kModelled)},
          {"latency_ms", Figure(point.latency_ms, point.latency_evidence)},
          {"energy_mj", Figure(point.EnergyMj(), point.power_evidence)},
          {"accuracy", Figure(point.accuracy, point.accuracy_evidence)},
          {"reasons", Reasons(assignment.reasons)}};
}

Json SettingJson(const policies::ClusterSetting& setting) {
  return {{"cluster", setting.cluster},
          {"governor", setting.governor},
          {"min_khz", setting.min_khz},
          {"max_khz", setting.max_khz}};
}

}  // namespace

std::string DecisionJson(const manager::StatusView& status) {
  const policies::Decision& decision = status.decision;
  Json json = {{"number", status.decision_number},
               {"policy", decision.policy},
               {"power_mode", status.power_mode},
               {"assignments", Json::array()},
               {"settings", Json::array()},
               {"predicted_power_w",
                decision.predicted_power_w ? Json(*decision.predicted_power_w) : Json(nullptr)},
               {"reasons", Reasons(decision.reasons)}};
  for (const policies::Assignment& assignment : decision.assignments) {
    json["assignments"].push_back(AssignmentJson(status, assignment));
  }
  for (const policies::ClusterSetting& setting : decision.settings) {
    json["settings"].push_back(SettingJson(setting));
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace dynofa::control
