#include "client/cli/json.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace dynofa::cli {
namespace {

template <typename T>
Json OrNull(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}

Json ToJson(const std::vector<client::Reason>& reasons) {
  Json json = Json::array();
  for (const client::Reason& reason : reasons) {
    json.push_back({{"code", reason.code}, {"text", reason.text}});
  }
  return json;
}

Json ToJson(const client::ClusterSetting& setting) {
  return {
      {"governor", setting.governor}, {"min_khz", setting.min_khz}, {"max_khz", setting.max_khz}};
}

Json ToJson(const client::ClusterInfo& cluster) {
  return {{"id", cluster.id},
          {"kind", cluster.kind},
          {"host_cpus", cluster.host_cpus},
          {"available", cluster.available},
          {"writable", cluster.writable},
          {"read_only_reason", cluster.read_only_reason},
          {"frequency_khz", cluster.frequency_khz},
          {"lowest_khz", cluster.lowest_khz},
          {"highest_khz", cluster.highest_khz},
          {"temperature_c", cluster.temperature_c},
          {"slowdown", cluster.slowdown},
          {"foreign_load", cluster.foreign_load},
          {"requested", ToJson(cluster.requested)},
          {"effective", ToJson(cluster.effective)},
          {"limited_by", cluster.limited_by}};
}

}  // namespace

Json ToJson(const client::Requirement& requirement) {
  return {{"latency_ms", OrNull(requirement.latency_ms)},
          {"percentile", OrNull(requirement.percentile)},
          {"min_accuracy", OrNull(requirement.min_accuracy)},
          {"max_energy_mj", OrNull(requirement.max_energy_mj)},
          {"rate_hz", requirement.rate_hz},
          {"priority", OrNull(requirement.priority)}};
}

Json ToJson(const client::Assignment& assignment) {
  const client::OperatingPoint& point = assignment.point;
  return {{"subnet", point.subnet},
          {"cluster", point.cluster},
          {"threads", point.threads},
          {"frequency_khz", point.frequency_khz},
          {"latency_ms", point.latency_ms},
          {"latency_label", point.latency_label},
          {"active_power_w", OrNull(point.active_power_w)},
          {"power_label", point.power_label},
          {"accuracy", point.accuracy},
          {"accuracy_label", point.accuracy_label},
          {"feasible", assignment.feasible},
          {"predicted_latency_ms", assignment.predicted_latency_ms},
          {"reasons", ToJson(assignment.reasons)}};
}

Json ToJson(const client::SessionInfo& session) {
  Json json = {{"session", session.id},
               {"model", session.model},
               {"name", session.client_name},
               {"kind", session.kind},
               {"uid", session.uid},
               {"pid", session.pid},
               {"requirement", ToJson(session.requirement)}};
  json["assignment"] = session.assignment ? ToJson(*session.assignment) : Json();
  json["observed"] = {
      {"completed", session.observed.completed}, {"missed", session.observed.missed},
      {"p50_ms", session.observed.p50_ms},       {"p99_ms", session.observed.p99_ms},
      {"rate_hz", session.observed.rate_hz},     {"restarted", session.observed.restarted}};
  json["total_completed"] = session.total_completed;
  json["total_missed"] = session.total_missed;
  json["total_restarted"] = session.total_restarted;
  return json;
}

Json ToJson(const client::Status& status) {
  Json json = {{"version", status.version},
               {"board", status.board},
               {"emulated_board", status.emulated_board},
               {"uptime_s", status.uptime_s},
               {"power_mode", status.power_mode},
               {"policy", status.policy}};
  json["power_modes"] = Json::array();
  for (const client::PowerMode& mode : status.power_modes) {
    json["power_modes"].push_back(
        {{"name", mode.name}, {"description", mode.description}, {"objective", mode.objective}});
  }
  json["models"] = Json::array();
  for (const client::HostedModel& model : status.models) {
    json["models"].push_back({{"name", model.name},
                              {"backend", model.backend},
                              {"subnets", model.subnets},
                              {"profile_points", model.profile_points}});
  }
  json["clusters"] = Json::array();
  for (const client::ClusterInfo& cluster : status.clusters) {
    json["clusters"].push_back(ToJson(cluster));
  }
  json["rails"] = Json::array();
  for (const client::Rail& rail : status.rails) {
    json["rails"].push_back({{"name", rail.name}, {"power_w", rail.power_w}});
  }
  json["board_power_w"] = status.board_power_w;
  json["power_label"] = status.power_label;
  json["sessions"] = Json::array();
  for (const client::SessionInfo& session : status.sessions) {
    json["sessions"].push_back(ToJson(session));
  }
  json["decision_number"] = status.decision_number;
  json["reasons"] = ToJson(status.reasons);
  json["predicted_power_w"] = OrNull(status.predicted_power_w);
  json["notes"] = status.notes;
  return json;
}

Json ToJson(const client::ProfileProgress& progress) {
  Json json = {{"state", progress.state},
               {"total", progress.total},
               {"known", progress.known},
               {"measured", progress.measured},
               {"skipped", progress.skipped},
               {"cluster", progress.cluster},
               {"frequency_khz", progress.frequency_khz},
               {"elapsed_s", progress.elapsed_s},
               {"left_s", OrNull(progress.left_s)},
               {"message", progress.message}};
  json["gaps"] = Json::array();
  for (const client::ProfileGap& gap : progress.gaps) {
    json["gaps"].push_back(
        {{"cluster", gap.cluster}, {"frequency_khz", gap.frequency_khz}, {"reason", gap.reason}});
  }
  return json;
}

Json ToJson(const client::ModelProfile& profile) {
  Json entries = Json::array();
  for (const client::ProfileEntry& entry : profile.entries) {
    entries.push_back({{"subnet", entry.subnet},
                       {"cluster", entry.cluster},
                       {"threads", entry.threads},
                       {"frequency_khz", entry.frequency_khz},
                       {"median_ms", entry.median_ms},
                       {"p10_ms", entry.p10_ms},
                       {"p90_ms", entry.p90_ms},
                       {"runs", entry.runs},
                       {"latency_label", entry.latency_label},
                       {"active_power_w", OrNull(entry.active_power_w)},
                       {"power_label", entry.power_label}});
  }
  return {{"model", profile.model}, {"entries", std::move(entries)}};
}

Json ToJson(const client::Inference& inference) {
  return {{"model", inference.model},
          {"session", inference.session},
          {"subnet", inference.subnet},
          {"level", inference.level},
          {"cluster", inference.cluster},
          {"frequency_khz", inference.frequency_khz},
          {"queue_ms", inference.queue_ms},
          {"compute_ms", inference.compute_ms},
          {"time_label", inference.time_label},
          {"accuracy", inference.accuracy},
          {"accuracy_label", inference.accuracy_label},
          {"energy_mj", OrNull(inference.energy_mj)},
          {"energy_label", inference.energy_label},
          {"deadline_missed", inference.deadline_missed},
          {"restarted", inference.restarted},
          {"overrun", inference.overrun},
          {"board", inference.board}};
}

}  // namespace dynofa::cli
