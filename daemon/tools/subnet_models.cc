#include "daemon/tools/subnet_models.h"

#include <utility>

#include "daemon/base/status.h"
#include "daemon/engine/ofa/model.h"

namespace dynofa::tools {

absl::StatusOr<std::shared_ptr<const engine::ofa::OfaModel>> ModelOf(
    std::shared_ptr<const engine::ofa::OfaModel> model,
    const std::vector<engine::ofa::Subnet>& subnets, StatisticsBySubnet statistics) {
  DYNOFA_ASSIGN_OR_RETURN(const std::vector<engine::ofa::TensorShape> shapes,
                          engine::ofa::StateDictShapes(model->architecture()));
  const engine::ofa::Manifest manifest{.name = model->info().name,
                                       .labels = model->info().labels,
                                       .preprocessing = model->info().preprocessing,
                                       .architecture = model->architecture(),
                                       .subnets = subnets};
  std::string digest = model->info().weights_digest;
  engine::ofa::WeightSet weights;
  for (const engine::ofa::TensorShape& shape : shapes) {
    weights.tensors.emplace(shape.key, model->Weight(shape.key));
  }
  weights.owner = std::move(model);
  return engine::ofa::MakeModel(manifest, std::move(weights), std::move(statistics),
                                std::move(digest));
}

}  // namespace dynofa::tools
