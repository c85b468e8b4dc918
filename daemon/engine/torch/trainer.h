#ifndef DYNOFA_DAEMON_ENGINE_TORCH_TRAINER_H_
#define DYNOFA_DAEMON_ENGINE_TORCH_TRAINER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daemon/engine/catalogue.h"
#include "daemon/engine/ofa/architecture.h"

namespace dynofa::engine::torch_backend {

/// Labelled square images of one size in memory.
struct ImageSet {
  int side = 0;
  std::vector<std::uint8_t> pixels;  ///< RGB, HWC, one image after the other
  std::vector<std::int64_t> labels;

  std::size_t size() const { return labels.size(); }
};

struct TrainingOptions {
  ofa::Architecture architecture;
  Preprocessing preprocessing;
  /// One is drawn for each step.
  std::vector<int> resolutions;
  int epochs = 30;
  int batch = 128;
  /// Peak of the learning rate; it rises linearly over `warmup_epochs` and falls as a cosine to 0.
  double learning_rate = 0.1;
  double warmup_epochs = 1.0;
  double momentum = 0.9;  ///< Nesterov
  /// On weights of convolutions and the classifier; none on batch norm and biases.
  double weight_decay = 3e-5;
  double label_smoothing = 0.1;
  /// Share of the steps that train the largest subnet; the others draw one uniformly.
  double largest_share = 0.25;
  /// Zeros around an image before a crop of its own size is drawn, pixels.
  int crop_padding = 4;
  std::uint64_t seed = 1;
  int threads = 1;
};

/// After every `report_steps` steps and at the end of each epoch.
struct TrainingProgress {
  int epoch = 0;          ///< from 0
  int step = 0;           ///< within the epoch, from 1
  int steps = 0;          ///< of an epoch
  double loss = 0.0;      ///< mean since the last report
  double accuracy = 0.0;  ///< on the augmented training images, since the last report
  double learning_rate = 0.0;
};

/// Trains the weights of a supernet: a subnet and a resolution drawn at random for each step, SGD.
/// The same options, images and thread count give the same draws. Thread-compatible.
class Trainer {
 public:
  virtual ~Trainer() = default;

  /// Fresh weights (he_fout initialisation). INVALID_ARGUMENT for options out of range.
  static absl::StatusOr<std::unique_ptr<Trainer>> Create(const TrainingOptions& options);

  /// Epochs that are done.
  virtual int epoch() const = 0;

  /// Runs the next epoch.
  virtual absl::Status RunEpoch(const ImageSet& images,
                                const std::function<void(const TrainingProgress&)>& report) = 0;

  /// Weights, momentum and epoch, for LoadCheckpoint() of a trainer with the same options.
  virtual absl::Status SaveCheckpoint(const std::string& path) const = 0;
  virtual absl::Status LoadCheckpoint(const std::string& path) = 0;

  /// Writes weights.safetensors. Running statistics of the supernet are those of its largest
  /// subnet at `resolution`, taken on `calibration`.
  virtual absl::Status SaveWeights(const std::string& path, const ImageSet& calibration,
                                   int resolution) = 0;
};

}  // namespace dynofa::engine::torch_backend

#endif  // DYNOFA_DAEMON_ENGINE_TORCH_TRAINER_H_
