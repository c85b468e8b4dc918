#include "daemon/tools/evaluation.h"

#include <algorithm>
#include <span>
#include <utility>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/engine/loader/loader.h"
#include "daemon/engine/ofa/model.h"
#include "daemon/engine/preprocess.h"
#include "daemon/tools/images.h"
#include "daemon/tools/skipped_images.h"
#include "daemon/tools/subnet_models.h"

namespace dynofa::tools {
namespace {

using engine::ofa::OfaModel;

// Longer than an id may be would not do; nobody names a level so.
constexpr char kFloorId[] = "smallest-subnet-of-the-supernet";

absl::StatusOr<engine::Tensor> ReadTensor(const std::string& path) {
  DYNOFA_ASSIGN_OR_RETURN(const Image image, ReadImage(path));
  engine::Tensor tensor{.type = engine::DataType::kUint8,
                        .shape = {1, image.height, image.width, 3}};
  const auto bytes = std::as_bytes(std::span(image.pixels));
  tensor.bytes.assign(bytes.begin(), bytes.end());
  return tensor;
}

std::vector<std::string> IdsOf(const std::vector<EvaluatedSubnet>& subnets) {
  std::vector<std::string> ids;
  for (const EvaluatedSubnet& subnet : subnets) ids.push_back(subnet.info.id);
  return ids;
}

engine::ofa::Subnet FloorOf(const OfaModel& model) {
  int resolution = model.info().catalogue.front().resolution;
  for (const engine::SubnetInfo& info : model.info().catalogue) {
    resolution = std::min(resolution, info.resolution);
  }
  return {.id = kFloorId, .config = SmallestSubnet(model.architecture(), resolution)};
}

}  // namespace

absl::StatusOr<Evaluation> Evaluation::Create(const std::string& directory,
                                              const std::string& level,
                                              const std::string& backend) {
  Evaluation evaluation;
  DYNOFA_ASSIGN_OR_RETURN(evaluation.model_, engine::ofa::LoadModel(directory));
  const std::string_view chosen = backend.empty() ? engine::BackendNames().front() : backend;
  DYNOFA_ASSIGN_OR_RETURN(evaluation.supernet_, engine::MakeOfaSupernet(evaluation.model_, chosen));
  for (const engine::SubnetInfo& info : evaluation.supernet_->info().catalogue) {
    if (level != "all" && level != info.id) continue;
    evaluation.subnets_.push_back({.info = info, .config = *evaluation.model_->Config(info.id)});
  }
  if (evaluation.subnets_.empty()) {
    return absl::NotFoundError(base::StrCat("there is no subnet \"", level, "\""));
  }
  return evaluation;
}

absl::Status Evaluation::MeasureTop1(const ClassFolders& folders, int threads) {
  DYNOFA_ASSIGN_OR_RETURN(const std::vector<std::size_t> labels,
                          MatchLabels(folders, supernet_->info().labels));
  std::vector<std::shared_ptr<const engine::PreparedSubnet>> prepared;
  for (const std::string& id : IdsOf(subnets_)) {
    DYNOFA_ASSIGN_OR_RETURN(prepared.emplace_back(), supernet_->Prepare(id));
  }
  DYNOFA_ASSIGN_OR_RETURN(const auto workspace, supernet_->NewWorkspace(threads));
  SkippedImages skipped;
  for (const LabelledFile& file : folders.files) {
    const absl::StatusOr<engine::Tensor> image = ReadTensor(file.path);
    const std::size_t label = labels[static_cast<std::size_t>(file.label)];
    DYNOFA_RETURN_IF_ERROR(image.ok() ? Add(*image, label, prepared, *workspace)
                                      : skipped.Add(image.status()));
  }
  unreadable_ = skipped.count();
  return skipped.Finish(folders.files.size());
}

absl::Status Evaluation::Add(
    const engine::Tensor& image, std::size_t label,
    const std::vector<std::shared_ptr<const engine::PreparedSubnet>>& prepared,
    engine::Workspace& workspace) {
  for (std::size_t i = 0; i < subnets_.size(); ++i) {
    const auto side = static_cast<std::size_t>(subnets_[i].info.resolution);
    std::vector<float> input(side * side * 3);
    DYNOFA_RETURN_IF_ERROR(engine::MakeInput(image, supernet_->info().preprocessing,
                                             subnets_[i].info.resolution, input));
    std::vector<float> logits(static_cast<std::size_t>(supernet_->info().classes));
    DYNOFA_RETURN_IF_ERROR(prepared[i]->Run(input, logits, workspace));
    const auto best = std::max_element(logits.begin(), logits.end()) - logits.begin();
    subnets_[i].correct += static_cast<std::size_t>(best) == label ? 1 : 0;
    ++subnets_[i].images;
  }
  return absl::OkStatus();
}

absl::Status Evaluation::MeasureLatency(const LatencyOptions& options) {
  std::vector<engine::ofa::Subnet> catalogue = {FloorOf(*model_)};
  StatisticsBySubnet statistics;
  for (const EvaluatedSubnet& subnet : subnets_) {
    catalogue.push_back({.id = subnet.info.id, .config = subnet.config});
    statistics[subnet.info.id] = model_->Statistics(subnet.info.id);
  }
  DYNOFA_ASSIGN_OR_RETURN(const auto model, ModelOf(model_, catalogue, std::move(statistics)));
  DYNOFA_ASSIGN_OR_RETURN(const auto supernet,
                          engine::MakeOfaSupernet(model, supernet_->backend()));
  std::vector<std::string> ids = IdsOf(subnets_);
  ids.push_back(kFloorId);
  DYNOFA_ASSIGN_OR_RETURN(const std::vector<Latency> latencies,
                          MeasureLatencies(*supernet, ids, options));
  for (std::size_t i = 0; i < subnets_.size(); ++i) subnets_[i].latency = latencies[i];
  floor_ = EvaluatedSubnet{.info = *model->info().Find(kFloorId),
                           .config = catalogue.front().config,
                           .latency = latencies.back()};
  return absl::OkStatus();
}

}  // namespace dynofa::tools
