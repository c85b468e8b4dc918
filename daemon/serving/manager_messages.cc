#include "daemon/serving/manager_messages.h"

#include <string>
#include <string_view>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/serving/parameters.h"
#include "policies/evidence.h"

namespace dynofa::serving {
namespace {

std::string Name(policies::Evidence evidence) {
  return std::string(policies::EvidenceName(evidence));
}

std::string_view KindName(manager::SessionKind kind) {
  switch (kind) {
    case manager::SessionKind::kStream:
      return "stream";
    case manager::SessionKind::kLease:
      return "lease";
    case manager::SessionKind::kImplicit:
      return "implicit";
  }
  return "stream";
}

absl::Status CheckClientName(const std::string& name) {
  bool printable = true;
  for (const char c : name) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) printable = false;
  }
  if (printable && name.size() <= manager::kMaxClientName) return absl::OkStatus();
  return absl::InvalidArgumentError(base::StrCat("client_name must be printable and have at most ",
                                                 manager::kMaxClientName, " bytes"));
}

template <typename Reasons, typename Field>
void FillReasons(const Reasons& reasons, Field* field) {
  for (const policies::Reason& reason : reasons) {
    v1::Reason* const message = field->Add();
    message->set_code(reason.code);
    message->set_text(reason.text);
  }
}

void FillRequirement(const policies::Requirement& requirement, v1::Requirement* message) {
  if (requirement.latency_ms) message->set_latency_ms(*requirement.latency_ms);
  message->set_percentile(requirement.percentile);
  if (requirement.min_accuracy) message->set_min_accuracy(*requirement.min_accuracy);
  if (requirement.max_energy_mj) message->set_max_energy_mj(*requirement.max_energy_mj);
  message->set_rate_hz(requirement.rate_hz);
  message->set_priority(requirement.priority);
}

void FillPoint(const policies::OperatingPoint& point, v1::OperatingPoint* message) {
  message->set_model(point.model);
  message->set_subnet(point.subnet);
  message->set_cluster(point.cluster);
  message->set_threads(point.threads);
  message->set_frequency_khz(point.frequency_khz);
  message->set_latency_ms(point.latency_ms);
  message->set_latency_label(Name(point.latency_evidence));
  if (point.active_power_w) message->set_active_power_w(*point.active_power_w);
  message->set_power_label(Name(point.power_evidence));
  message->set_accuracy(point.accuracy);
  message->set_accuracy_label(Name(point.accuracy_evidence));
}

void FillAssignment(const policies::Assignment& assignment, v1::Assignment* message) {
  FillPoint(assignment.point, message->mutable_point());
  message->set_feasible(assignment.feasible);
  message->set_predicted_latency_ms(assignment.predicted_latency_ms);
  FillReasons(assignment.reasons, message->mutable_reasons());
}

void FillSetting(const policies::ClusterSetting& setting, v1::ClusterSetting* message) {
  message->set_governor(setting.governor);
  message->set_min_khz(setting.min_khz);
  message->set_max_khz(setting.max_khz);
}

void FillCluster(const manager::ClusterView& view, v1::Cluster* message) {
  const policies::ClusterState& state = view.state;
  message->set_id(state.info.id);
  message->set_kind(std::string(policies::ClusterKindName(state.info.kind)));
  for (const int cpu : state.info.host_cpus) message->add_host_cpus(cpu);
  message->set_available(state.available);
  message->set_writable(state.info.writable);
  message->set_read_only_reason(state.info.read_only_reason);
  message->set_frequency_khz(state.frequency_khz);
  if (!state.info.frequencies_khz.empty()) {
    message->set_lowest_khz(state.info.frequencies_khz.front());
    message->set_highest_khz(state.info.frequencies_khz.back());
  }
  message->set_temperature_c(state.temperature_c);
  message->set_slowdown(state.slowdown);
  message->set_foreign_load(state.foreign_load);
  FillSetting(view.requested, message->mutable_requested());
  FillSetting(view.effective, message->mutable_effective());
  message->set_limited_by(view.limited_by);
}

void FillHosted(const manager::StatusView& view, v1::Status* status) {
  for (const policies::PowerMode& mode : view.power_modes) {
    v1::PowerMode* const message = status->add_power_modes();
    message->set_name(mode.name);
    message->set_description(mode.description);
    message->set_objective(std::string(policies::ObjectiveName(mode.objective)));
  }
  for (const manager::ModelView& model : view.models) {
    v1::Model* const message = status->add_models();
    message->set_name(model.name);
    message->set_backend(model.backend);
    for (const std::string& subnet : model.subnets) message->add_subnets(subnet);
    if (model.profile != nullptr) {
      message->set_profile_points(static_cast<std::int64_t>(model.profile->entries.size()));
    }
  }
}

void FillPower(const manager::StatusView& view, v1::Status* status) {
  for (const hardware::RailReading& rail : view.rails) {
    v1::Rail* const message = status->add_rails();
    message->set_name(rail.name);
    message->set_power_w(rail.power_w);
  }
  status->set_board_power_w(view.board_power_w);
  if (view.rails.empty() && view.board_power_w == 0.0) return;
  status->set_power_label(Name(view.emulated_board.empty() ? policies::Evidence::kMeasured
                                                           : policies::Evidence::kEmulated));
}

}  // namespace

absl::StatusOr<policies::Requirement> ParseRequirement(const v1::Requirement& requirement,
                                                       std::uint32_t uid,
                                                       const Admission& admission) {
  policies::Requirement parsed;
  if (requirement.has_latency_ms()) parsed.latency_ms = requirement.latency_ms();
  if (requirement.has_percentile()) parsed.percentile = requirement.percentile();
  if (requirement.has_min_accuracy()) parsed.min_accuracy = requirement.min_accuracy();
  if (requirement.has_max_energy_mj()) parsed.max_energy_mj = requirement.max_energy_mj();
  parsed.rate_hz = requirement.rate_hz();
  if (requirement.has_priority()) parsed.priority = requirement.priority();
  if (std::string error = policies::RequirementError(parsed); !error.empty()) {
    return absl::InvalidArgumentError(error);
  }
  if (parsed.latency_ms) {
    DYNOFA_RETURN_IF_ERROR(CheckResponseTime("latency_ms", *parsed.latency_ms));
  }
  std::optional<int> wanted;
  if (requirement.has_priority()) wanted = requirement.priority();
  DYNOFA_ASSIGN_OR_RETURN(parsed.priority, admission.Priority(uid, wanted));
  return parsed;
}

absl::StatusOr<base::Duration> ParseTimeToLive(double seconds) {
  if (seconds == 0.0) return manager::SessionSpec().time_to_live;
  const double least = base::ToSeconds(manager::kMinTimeToLive);
  const double most = base::ToSeconds(manager::kMaxTimeToLive);
  if (seconds >= least && seconds <= most) return base::FromSeconds(seconds);
  return absl::InvalidArgumentError(base::StrCat(
      "time_to_live_s is ", seconds, "; allowed: ", least, " to ", most, ", or 0 for the default"));
}

absl::StatusOr<manager::SessionSpec> ParseSessionSpec(const v1::OpenSessionRequest& request,
                                                      manager::SessionKind kind,
                                                      const manager::Caller& caller,
                                                      const Admission& admission) {
  manager::SessionSpec spec;
  DYNOFA_RETURN_IF_ERROR(CheckClientName(request.client_name()));
  spec.model = request.model();
  spec.client_name = request.client_name();
  spec.kind = kind;
  spec.caller = caller;
  DYNOFA_ASSIGN_OR_RETURN(spec.requirement,
                          ParseRequirement(request.requirement(), caller.uid, admission));
  if (kind == manager::SessionKind::kLease) {
    DYNOFA_ASSIGN_OR_RETURN(spec.time_to_live, ParseTimeToLive(request.time_to_live_s()));
  }
  return spec;
}

void FillSession(const manager::SessionView& view, v1::SessionState* state) {
  state->set_session(view.id);
  state->set_model(view.model);
  state->set_client_name(view.client_name);
  state->set_kind(std::string(KindName(view.kind)));
  state->set_uid(view.caller.uid);
  state->set_pid(view.caller.pid);
  FillRequirement(view.requirement, state->mutable_requirement());
  if (view.assignment) FillAssignment(*view.assignment, state->mutable_assignment());
  v1::Observation* const observed = state->mutable_observed();
  observed->set_completed(view.observed.completed);
  observed->set_missed(view.observed.missed);
  observed->set_p50_ms(view.observed.p50_ms);
  observed->set_p99_ms(view.observed.p99_ms);
  observed->set_rate_hz(view.observed.rate_hz);
  observed->set_restarted(view.observed.restarted);
  state->set_total_completed(view.total_completed);
  state->set_total_missed(view.total_missed);
  state->set_total_restarted(view.total_restarted);
}

void FillStatus(const manager::StatusView& view, v1::Status* status) {
  status->set_version(view.version);
  status->set_board(view.board);
  status->set_emulated_board(view.emulated_board);
  status->set_uptime_s(view.uptime_s);
  status->set_power_mode(view.power_mode);
  status->set_policy(view.policy);
  FillHosted(view, status);
  for (const manager::ClusterView& cluster : view.clusters) {
    FillCluster(cluster, status->add_clusters());
  }
  FillPower(view, status);
  for (const manager::SessionView& session : view.sessions) {
    FillSession(session, status->add_sessions());
  }
  status->set_decision_number(view.decision_number);
  FillReasons(view.decision.reasons, status->mutable_reasons());
  if (view.decision.predicted_power_w) {
    status->set_predicted_power_w(*view.decision.predicted_power_w);
  }
  for (const std::string& note : view.notes) status->add_notes(note);
}

}  // namespace dynofa::serving
