#ifndef DYNOFA_DAEMON_ENGINE_TORCH_STATISTICS_H_
#define DYNOFA_DAEMON_ENGINE_TORCH_STATISTICS_H_

#include "daemon/engine/ofa/weights.h"
#include "daemon/engine/torch/calibration.h"
#include "daemon/engine/torch/elastic_net.h"

namespace dynofa::engine::torch_backend {

/// The statistics that `subnet` of `model` runs with: its own where there are some, else the
/// supernet's. Copies, so that they outlive the model.
FixedStatistics StatisticsOf(const ofa::OfaModel& model, std::string_view subnet);

/// The statistics of `net` running `plan` over augmented `images`.
ofa::SubnetStatistics AverageOver(const ElasticNet& net, const ofa::NetPlan& plan,
                                  const Preprocessing& preprocessing, const ImageSet& images,
                                  const CalibrationOptions& options);

}  // namespace dynofa::engine::torch_backend

#endif  // DYNOFA_DAEMON_ENGINE_TORCH_STATISTICS_H_
