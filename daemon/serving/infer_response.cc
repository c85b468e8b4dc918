#include "daemon/serving/infer_response.h"

#include <string_view>

namespace dynofa::serving {
namespace {

std::string_view DataTypeName(engine::DataType type) {
  switch (type) {
    case engine::DataType::kFloat32:
      return "FP32";
    case engine::DataType::kUint8:
      return "UINT8";
    case engine::DataType::kInt64:
      return "INT64";
  }
  return "FP32";
}

/// Sets parameters of one response by their name.
class Parameters {
 public:
  explicit Parameters(inference::ModelInferResponse* response)
      : map_(*response->mutable_parameters()) {}

  void Text(const char* name, std::string_view value) {
    map_[name].set_string_param(std::string(value));
  }
  void Number(const char* name, double value) { map_[name].set_double_param(value); }
  void Integer(const char* name, std::int64_t value) { map_[name].set_int64_param(value); }
  void Flag(const char* name, bool value) { map_[name].set_bool_param(value); }

 private:
  google::protobuf::Map<std::string, inference::InferParameter>& map_;
};

void FillParameters(const manager::InferenceReply& reply, Parameters parameters) {
  parameters.Text("subnet", reply.subnet);
  parameters.Integer("level", static_cast<std::int64_t>(reply.level));
  parameters.Text("cluster", reply.cluster);
  parameters.Integer("frequency_khz", reply.frequency_khz);
  parameters.Integer("threads", reply.threads);
  parameters.Number("queue_ms", reply.queue_ms);
  parameters.Number("compute_ms", reply.compute_ms);
  parameters.Text("time_label", policies::EvidenceName(reply.time_evidence));
  parameters.Number("accuracy", reply.accuracy);
  parameters.Text("accuracy_label", policies::EvidenceName(reply.accuracy_evidence));
  if (reply.energy_mj) parameters.Number("energy_mj", *reply.energy_mj);
  parameters.Text("energy_label",
                  policies::EvidenceName(reply.energy_mj ? reply.energy_evidence
                                                         : policies::Evidence::kUnknown));
  parameters.Flag("deadline_missed", reply.missed);
  if (reply.restarted) parameters.Flag("restarted", true);
  if (reply.overrun) parameters.Flag("overrun", true);
}

}  // namespace

void FillInferResponse(const inference::ModelInferRequest& request, const engine::ModelInfo& model,
                       const manager::InferenceReply& reply, const std::string& session,
                       const std::string& emulated_board, inference::ModelInferResponse* response) {
  response->set_model_name(model.name);
  response->set_model_version(model.version);
  response->set_id(request.id());
  auto* const output = response->add_outputs();
  output->set_name(model.output_name);
  output->set_datatype(std::string(DataTypeName(reply.output.type)));
  for (const std::int64_t extent : reply.output.shape) output->add_shape(extent);
  response->add_raw_output_contents(reply.output.bytes.data(), reply.output.bytes.size());
  Parameters parameters(response);
  FillParameters(reply, parameters);
  if (!session.empty()) parameters.Text("session", session);
  if (!emulated_board.empty()) parameters.Text("board", "emulated:" + emulated_board);
}

}  // namespace dynofa::serving
