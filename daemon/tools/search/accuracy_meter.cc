#include "daemon/tools/search/accuracy_meter.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "daemon/base/status.h"
#include "daemon/engine/loader/loader.h"
#include "daemon/engine/preprocess.h"
#include "daemon/tools/subnet_models.h"

namespace dynofa::tools::search {
namespace {

using engine::torch_backend::ImageSet;

engine::Tensor ImageAt(const ImageSet& set, std::size_t index) {
  const auto bytes = static_cast<std::size_t>(set.side) * static_cast<std::size_t>(set.side) * 3;
  engine::Tensor tensor{.type = engine::DataType::kUint8, .shape = {1, set.side, set.side, 3}};
  const auto pixels = std::as_bytes(std::span(set.pixels).subspan(index * bytes, bytes));
  tensor.bytes.assign(pixels.begin(), pixels.end());
  return tensor;
}

// Share of the first `count` images that the subnet classifies correctly.
absl::StatusOr<double> Top1(engine::Supernet& supernet, const engine::PreparedSubnet& subnet,
                            const ImageSet& images, std::size_t count) {
  DYNOFA_ASSIGN_OR_RETURN(const auto workspace, supernet.NewWorkspace(1));
  const auto side = static_cast<std::size_t>(subnet.info().resolution);
  std::vector<float> input(side * side * 3);
  std::vector<float> logits(static_cast<std::size_t>(supernet.info().classes));
  std::size_t correct = 0;
  for (std::size_t i = 0; i < count; ++i) {
    DYNOFA_RETURN_IF_ERROR(engine::MakeInput(ImageAt(images, i), supernet.info().preprocessing,
                                             subnet.info().resolution, input));
    DYNOFA_RETURN_IF_ERROR(subnet.Run(input, logits, *workspace));
    const auto best = std::max_element(logits.begin(), logits.end()) - logits.begin();
    correct += best == images.labels[i] ? 1 : 0;
  }
  return static_cast<double>(correct) / static_cast<double>(count);
}

}  // namespace

absl::StatusOr<double> AccuracyMeter::Measure(const SubnetConfig& config,
                                              const AccuracyProtocol& protocol) const {
  // Batches of this size stay in the cache better than those of the reference.
  constexpr int kBatch = 64;
  const std::size_t images = std::min(protocol.images, holdout_.size());
  if (images == 0) return absl::InvalidArgumentError("accuracy needs images to be measured on");
  DYNOFA_ASSIGN_OR_RETURN(
      engine::ofa::SubnetStatistics statistics,
      engine::torch_backend::Calibrate(*model_, config, training_,
                                       {.images = protocol.calibration_images, .batch = kBatch}));
  const engine::ofa::Subnet subnet{.id = SubnetId(config), .config = config};
  DYNOFA_ASSIGN_OR_RETURN(const auto model,
                          ModelOf(model_, {subnet}, {{subnet.id, std::move(statistics)}}));
  DYNOFA_ASSIGN_OR_RETURN(const auto supernet,
                          engine::MakeOfaSupernet(model, engine::BackendNames().front()));
  DYNOFA_ASSIGN_OR_RETURN(const auto prepared, supernet->Prepare(subnet.id));
  return Top1(*supernet, *prepared, holdout_, images);
}

}  // namespace dynofa::tools::search
