#include <cstdio>
#include <memory>
#include <string>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/engine/checkpoint/state_dict.h"
#include "daemon/engine/ofa/accuracy_predictor.h"
#include "daemon/tools/model_commands.h"
#include "daemon/tools/model_directory.h"

namespace dynofa::tools {
namespace {

using engine::ofa::AccuracyPredictor;

struct PredictArguments {
  std::string model;
  std::string predictor;
};

std::string PredictionText(const AccuracyPredictor& predictor,
                           const engine::ofa::SubnetConfig& config) {
  const absl::StatusOr<float> top1 = predictor.Predict(config);
  if (!top1.ok()) return base::StrCat("no prediction: ", top1.status().message());
  if (config.resolution < AccuracyPredictor::kFirstFittedResolution) {
    return "no prediction: the predictor was not fitted below 160 pixels";
  }
  char text[64];
  std::snprintf(text, sizeof(text), "predicted %.4f (modelled)", static_cast<double>(*top1));
  return text;
}

absl::Status Predict(const PredictArguments& arguments) {
  DYNOFA_ASSIGN_OR_RETURN(const auto manifest, ReadModelManifest(arguments.model));
  DYNOFA_ASSIGN_OR_RETURN(const auto dict,
                          engine::checkpoint::StateDict::Read(arguments.predictor));
  DYNOFA_ASSIGN_OR_RETURN(const auto predictor, AccuracyPredictor::Create(dict));
  std::printf(
      "top-1 of model.toml, and as predicted for width 1.2 on images held out of ImageNet's "
      "training set: about 3.4 points above ImageNet's own test\n");
  for (const engine::ofa::Subnet& subnet : manifest.subnets) {
    DYNOFA_ASSIGN_OR_RETURN(const auto plan,
                            engine::ofa::MakePlan(manifest.architecture, subnet.config));
    std::printf("%-20s %3d px  %7.2f MMACs  top-1 %.4f (%s)  %s\n", subnet.id.c_str(),
                subnet.config.resolution, 1e-6 * static_cast<double>(plan.macs), subnet.accuracy,
                std::string(policies::EvidenceName(subnet.accuracy_evidence)).c_str(),
                PredictionText(predictor, subnet.config).c_str());
  }
  return absl::OkStatus();
}

}  // namespace

void AddPredictCommand(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<PredictArguments>();
  CLI::App* command = app.add_subcommand(
      "predict",
      "Shows what the published accuracy predictor of OFA MobileNetV3 says about the subnets of "
      "model.toml");
  command->add_option("--model", arguments->model, "Model directory")->required();
  command->add_option("--predictor", arguments->predictor, "acc_predictor.pth, or as safetensors")
      ->required();
  command->callback(
      [arguments, &action]() { action = [arguments]() { return Predict(*arguments); }; });
}

}  // namespace dynofa::tools
