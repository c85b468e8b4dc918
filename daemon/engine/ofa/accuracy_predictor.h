#ifndef DYNOFA_DAEMON_ENGINE_OFA_ACCURACY_PREDICTOR_H_
#define DYNOFA_DAEMON_ENGINE_OFA_ACCURACY_PREDICTOR_H_

#include <cstddef>
#include <vector>

#include "absl/status/statusor.h"
#include "daemon/engine/checkpoint/state_dict.h"
#include "daemon/engine/ofa/architecture.h"

namespace dynofa::engine::ofa {

/// The published accuracy predictor of OFA MobileNetV3 (han-cai/files ofa/acc_predictor.pth,
/// arXiv 1908.09791 section 3.4): four linear layers with ReLU between them, in float32.
/// Immutable.
///
/// It was fitted for width 1.2, on images held out of ImageNet's training set: its values lie
/// about 3.4 points above the published top-1 of such nets. Only resolutions 160, 176, 192, 208
/// and 224 took part; the inputs for 112, 128 and 144 exist and mean nothing. A search that trusts
/// it finds its errors: what it picks must be measured.
class AccuracyPredictor {
 public:
  /// Inputs: 20 blocks x 3 kernels, 20 blocks x 3 expands, 8 resolutions.
  static constexpr std::size_t kInputs = 128;
  static constexpr int kFirstFittedResolution = 160;

  /// From the tensors "0.weight", "0.bias", then 2, 4 and 6. INVALID_ARGUMENT names what is
  /// missing, too much, not float32 or of a shape that does not follow from the layer before.
  static absl::StatusOr<AccuracyPredictor> Create(const checkpoint::StateDict& dict);

  /// The positions of the inputs that are 1 for `config`, ascending. INVALID_ARGUMENT if `config`
  /// is no subnet of the published supernets (20 blocks, kernels 3, 5, 7, expands 3, 4, 6, depths 2
  /// to 4) or its resolution none of 112, 128, ..., 224.
  static absl::StatusOr<std::vector<std::size_t>> Encode(const SubnetConfig& config);

  /// Predicted top-1 as a fraction. Errors as of Encode().
  absl::StatusOr<float> Predict(const SubnetConfig& config) const;

 private:
  struct Layer {
    std::size_t outputs = 0;
    std::vector<float> weight;  ///< [outputs, inputs]
    std::vector<float> bias;
  };

  AccuracyPredictor() = default;

  std::vector<Layer> layers_;
};

}  // namespace dynofa::engine::ofa

#endif  // DYNOFA_DAEMON_ENGINE_OFA_ACCURACY_PREDICTOR_H_
