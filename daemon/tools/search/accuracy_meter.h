#ifndef DYNOFA_DAEMON_TOOLS_SEARCH_ACCURACY_METER_H_
#define DYNOFA_DAEMON_TOOLS_SEARCH_ACCURACY_METER_H_

#include <cstddef>
#include <memory>

#include "absl/status/statusor.h"
#include "daemon/engine/ofa/weights.h"
#include "daemon/engine/torch/calibration.h"
#include "daemon/tools/search/space.h"

namespace dynofa::tools::search {

/// How carefully the accuracy of a subnet is measured.
struct AccuracyProtocol {
  int calibration_images = 2000;  ///< training images, for the subnet's own batch-norm statistics
  std::size_t images = 5000;      ///< of the held-out ones, the first; all if there are fewer
};

/// Measures what subnets of one weight set can do: calibrates each on training images (libtorch,
/// in batches), then classifies held-out ones on the backend that serves. The same subnet and
/// protocol give the same figure. Thread-safe.
class AccuracyMeter {
 public:
  using ImageSet = engine::torch_backend::ImageSet;

  /// `model` gives weights and preprocessing. The sets outlive the meter, have images, and share
  /// none.
  AccuracyMeter(std::shared_ptr<const engine::ofa::OfaModel> model, const ImageSet& training,
                const ImageSet& holdout)
      : model_(std::move(model)), training_(training), holdout_(holdout) {}

  /// Top-1 of `config` as a fraction, on one thread.
  absl::StatusOr<double> Measure(const SubnetConfig& config,
                                 const AccuracyProtocol& protocol) const;

 private:
  std::shared_ptr<const engine::ofa::OfaModel> model_;
  const ImageSet& training_;
  const ImageSet& holdout_;
};

}  // namespace dynofa::tools::search

#endif  // DYNOFA_DAEMON_TOOLS_SEARCH_ACCURACY_METER_H_
