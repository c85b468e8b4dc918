#include "client/src/convert.h"

#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace dynofa::client {
namespace {

Requirement ToRequirement(const v1::Requirement& message) {
  Requirement requirement;
  if (message.has_latency_ms()) requirement.latency_ms = message.latency_ms();
  if (message.has_percentile()) requirement.percentile = message.percentile();
  if (message.has_min_accuracy()) requirement.min_accuracy = message.min_accuracy();
  if (message.has_max_energy_mj()) requirement.max_energy_mj = message.max_energy_mj();
  requirement.rate_hz = message.rate_hz();
  if (message.has_priority()) requirement.priority = message.priority();
  return requirement;
}

template <typename Field>
std::vector<Reason> ToReasons(const Field& field) {
  std::vector<Reason> reasons;
  for (const v1::Reason& reason : field) reasons.push_back({reason.code(), reason.text()});
  return reasons;
}

OperatingPoint ToPoint(const v1::OperatingPoint& message) {
  OperatingPoint point;
  point.model = message.model();
  point.subnet = message.subnet();
  point.cluster = message.cluster();
  point.threads = message.threads();
  point.frequency_khz = message.frequency_khz();
  point.latency_ms = message.latency_ms();
  point.latency_label = message.latency_label();
  if (message.has_active_power_w()) point.active_power_w = message.active_power_w();
  point.power_label = message.power_label();
  point.accuracy = message.accuracy();
  point.accuracy_label = message.accuracy_label();
  return point;
}

ClusterSetting ToSetting(const v1::ClusterSetting& message) {
  return {message.governor(), message.min_khz(), message.max_khz()};
}

ClusterInfo ToCluster(const v1::Cluster& message) {
  ClusterInfo cluster;
  cluster.id = message.id();
  cluster.kind = message.kind();
  cluster.host_cpus.assign(message.host_cpus().begin(), message.host_cpus().end());
  cluster.available = message.available();
  cluster.writable = message.writable();
  cluster.read_only_reason = message.read_only_reason();
  cluster.frequency_khz = message.frequency_khz();
  cluster.lowest_khz = message.lowest_khz();
  cluster.highest_khz = message.highest_khz();
  cluster.temperature_c = message.temperature_c();
  cluster.slowdown = message.slowdown();
  cluster.foreign_load = message.foreign_load();
  cluster.requested = ToSetting(message.requested());
  cluster.effective = ToSetting(message.effective());
  cluster.limited_by = message.limited_by();
  return cluster;
}

std::vector<std::string> Lines(const inference::ModelMetadataResponse& message,
                               const char* property) {
  const auto found = message.properties().find(property);
  std::vector<std::string> lines;
  if (found == message.properties().end() || found->second.empty()) return lines;
  const std::string& text = found->second;
  for (std::size_t start = 0; start <= text.size();) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    lines.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return lines;
}

std::string Property(const inference::ModelMetadataResponse& message, const char* name) {
  const auto found = message.properties().find(name);
  return found == message.properties().end() ? "" : found->second;
}

/// The parameters of an answer by name; what is missing reads as zero or empty.
class Parameters {
 public:
  explicit Parameters(const inference::ModelInferResponse& message) : map_(message.parameters()) {}

  bool Has(const char* name) const { return map_.contains(name); }
  std::string Text(const char* name) const { return Get(name).string_param(); }
  double Number(const char* name) const { return Get(name).double_param(); }
  std::int64_t Integer(const char* name) const { return Get(name).int64_param(); }
  bool Flag(const char* name) const { return Get(name).bool_param(); }

 private:
  const inference::InferParameter& Get(const char* name) const {
    const auto found = map_.find(name);
    return found == map_.end() ? inference::InferParameter::default_instance() : found->second;
  }

  const google::protobuf::Map<std::string, inference::InferParameter>& map_;
};

}  // namespace

Error ToError(const grpc::Status& status) {
  const int code = static_cast<int>(status.error_code());
  Error error;
  error.code = code >= 1 && code <= 16 ? static_cast<ErrorCode>(code) : ErrorCode::kUnknown;
  error.message = status.error_message();
  if (error.message.empty()) error.message = "the call failed with code " + std::to_string(code);
  return error;
}

void FillRequirement(const Requirement& requirement, v1::Requirement* message) {
  if (requirement.latency_ms) message->set_latency_ms(*requirement.latency_ms);
  if (requirement.percentile) message->set_percentile(*requirement.percentile);
  if (requirement.min_accuracy) message->set_min_accuracy(*requirement.min_accuracy);
  if (requirement.max_energy_mj) message->set_max_energy_mj(*requirement.max_energy_mj);
  message->set_rate_hz(requirement.rate_hz);
  if (requirement.priority) message->set_priority(*requirement.priority);
}

SessionInfo ToSessionInfo(const v1::SessionState& message) {
  SessionInfo info;
  info.id = message.session();
  info.model = message.model();
  info.client_name = message.client_name();
  info.kind = message.kind();
  info.uid = message.uid();
  info.pid = message.pid();
  info.requirement = ToRequirement(message.requirement());
  if (message.has_assignment()) {
    const v1::Assignment& assignment = message.assignment();
    info.assignment =
        Assignment{ToPoint(assignment.point()), assignment.feasible(),
                   assignment.predicted_latency_ms(), ToReasons(assignment.reasons())};
  }
  const v1::Observation& observed = message.observed();
  info.observed = {observed.completed(), observed.missed(),  observed.p50_ms(),
                   observed.p99_ms(),    observed.rate_hz(), observed.restarted()};
  info.total_completed = message.total_completed();
  info.total_missed = message.total_missed();
  info.total_restarted = message.total_restarted();
  return info;
}

Status ToStatus(const v1::Status& message) {
  Status status;
  status.version = message.version();
  status.board = message.board();
  status.emulated_board = message.emulated_board();
  status.uptime_s = message.uptime_s();
  status.power_mode = message.power_mode();
  for (const v1::PowerMode& mode : message.power_modes()) {
    status.power_modes.push_back({mode.name(), mode.description(), mode.objective()});
  }
  status.policy = message.policy();
  for (const v1::Model& model : message.models()) {
    status.models.push_back({model.name(),
                             model.backend(),
                             {model.subnets().begin(), model.subnets().end()},
                             model.profile_points()});
  }
  for (const v1::Cluster& cluster : message.clusters()) {
    status.clusters.push_back(ToCluster(cluster));
  }
  for (const v1::Rail& rail : message.rails()) {
    status.rails.push_back({rail.name(), rail.power_w()});
  }
  status.board_power_w = message.board_power_w();
  status.power_label = message.power_label();
  for (const v1::SessionState& session : message.sessions()) {
    status.sessions.push_back(ToSessionInfo(session));
  }
  status.decision_number = message.decision_number();
  status.reasons = ToReasons(message.reasons());
  if (message.has_predicted_power_w()) status.predicted_power_w = message.predicted_power_w();
  status.notes.assign(message.notes().begin(), message.notes().end());
  return status;
}

ModelInfo ToModelInfo(const inference::ModelMetadataResponse& message) {
  ModelInfo model;
  model.name = message.name();
  if (message.versions_size() > 0) model.version = message.versions(0);
  model.family = Property(message, "family");
  model.provenance = Property(message, "provenance");
  if (message.inputs_size() > 0) model.input_name = message.inputs(0).name();
  if (message.outputs_size() > 0) model.output_name = message.outputs(0).name();
  model.labels = Lines(message, "labels");
  const std::vector<std::string> accuracies = Lines(message, "accuracies");
  for (const std::string& id : Lines(message, "subnets")) {
    const std::size_t index = model.subnets.size();
    model.subnets.push_back(
        {id, index < accuracies.size() ? std::strtod(accuracies[index].c_str(), nullptr) : 0.0});
  }
  model.accuracy_label = Property(message, "accuracy_label");
  return model;
}

Result<Inference> ToInference(const inference::ModelInferResponse& message) {
  if (message.outputs_size() != 1 || message.raw_output_contents_size() != 1 ||
      message.outputs(0).datatype() != "FP32") {
    return Error{ErrorCode::kInternal, "the daemon's answer is not one raw FP32 output"};
  }
  Inference inference;
  const std::string& raw = message.raw_output_contents(0);
  inference.logits.resize(raw.size() / sizeof(float));
  std::memcpy(inference.logits.data(), raw.data(), inference.logits.size() * sizeof(float));
  const Parameters parameters(message);
  inference.model = message.model_name();
  inference.session = parameters.Text("session");
  inference.subnet = parameters.Text("subnet");
  inference.level = parameters.Integer("level");
  inference.cluster = parameters.Text("cluster");
  inference.frequency_khz = parameters.Integer("frequency_khz");
  inference.queue_ms = parameters.Number("queue_ms");
  inference.compute_ms = parameters.Number("compute_ms");
  inference.time_label = parameters.Text("time_label");
  inference.accuracy = parameters.Number("accuracy");
  inference.accuracy_label = parameters.Text("accuracy_label");
  if (parameters.Has("energy_mj")) inference.energy_mj = parameters.Number("energy_mj");
  inference.energy_label = parameters.Text("energy_label");
  inference.deadline_missed = parameters.Flag("deadline_missed");
  inference.restarted = parameters.Flag("restarted");
  inference.overrun = parameters.Flag("overrun");
  inference.board = parameters.Text("board");
  return inference;
}

}  // namespace dynofa::client
