#include "daemon/serving/model_description.h"

#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_join.h"
#include "policies/evidence.h"

namespace dynofa::serving {
namespace {

constexpr char kPlatform[] = "dynofa";
constexpr std::int64_t kInputShape[] = {1, -1, -1, 3};

}  // namespace

void DescribeModel(const engine::ModelInfo& model, inference::ModelMetadataResponse* response) {
  response->set_name(model.name);
  response->add_versions(model.version);
  response->set_platform(kPlatform);
  auto* const input = response->add_inputs();
  input->set_name(model.input_name);
  input->set_datatype("UINT8");
  for (const std::int64_t extent : kInputShape) input->add_shape(extent);
  auto* const output = response->add_outputs();
  output->set_name(model.output_name);
  output->set_datatype("FP32");
  output->add_shape(1);
  output->add_shape(model.classes);

  std::vector<std::string> subnets;
  std::vector<std::string> accuracies;
  std::set<int> resolutions;
  std::set<std::string> labels;
  for (const engine::SubnetInfo& subnet : model.catalogue) {
    subnets.push_back(subnet.id);
    accuracies.push_back(std::to_string(subnet.accuracy));
    resolutions.insert(subnet.resolution);
    labels.insert(std::string(policies::EvidenceName(subnet.accuracy_evidence)));
  }
  auto& properties = *response->mutable_properties();
  properties["labels"] = absl::StrJoin(model.labels, "\n");
  properties["subnets"] = absl::StrJoin(subnets, "\n");
  properties["accuracies"] = absl::StrJoin(accuracies, "\n");
  properties["accuracy_label"] = absl::StrJoin(labels, "/");
  properties["resolutions"] = absl::StrJoin(resolutions, "\n");
  properties["family"] = model.family;
  properties["provenance"] = model.provenance;
}

void ConfigOfModel(const engine::ModelInfo& model, inference::ModelConfig* config) {
  config->set_name(model.name);
  config->set_platform(kPlatform);
  config->set_backend(kPlatform);
  auto* const input = config->add_input();
  input->set_name(model.input_name);
  input->set_data_type(inference::TYPE_UINT8);
  for (const std::int64_t extent : kInputShape) input->add_dims(extent);
  auto* const output = config->add_output();
  output->set_name(model.output_name);
  output->set_data_type(inference::TYPE_FP32);
  output->add_dims(1);
  output->add_dims(model.classes);
}

}  // namespace dynofa::serving
