#ifndef DYNOFA_DAEMON_ENGINE_TORCH_CALIBRATION_H_
#define DYNOFA_DAEMON_ENGINE_TORCH_CALIBRATION_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "daemon/engine/ofa/weights.h"
#include "daemon/engine/torch/trainer.h"

namespace dynofa::engine::torch_backend {

struct CalibrationOptions {
  int images = 2000;  ///< drawn without replacement; all if there are fewer
  int batch = 200;
  int crop_padding = 4;
  std::uint64_t seed = 937162211;
  int threads = 1;
};

/// Batch-norm statistics of the subnet `config` of `model`, taken on augmented training images at
/// the subnet's resolution (set_running_statistics of the reference: SPEC.md section 4).
absl::StatusOr<ofa::SubnetStatistics> Calibrate(const ofa::OfaModel& model,
                                                const ofa::SubnetConfig& config,
                                                const ImageSet& images,
                                                const CalibrationOptions& options);

/// Share of `images` that `subnet` of `model` classifies correctly, in batches. For choices
/// during training: figures that are published come from the serving path instead.
absl::StatusOr<double> Accuracy(const ofa::OfaModel& model, std::string_view subnet,
                                const ImageSet& images, int threads);

}  // namespace dynofa::engine::torch_backend

#endif  // DYNOFA_DAEMON_ENGINE_TORCH_CALIBRATION_H_
