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
#include "daemon/engine/torch/training_phase.h"

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
  /// One is drawn for each step, in every phase.
  std::vector<int> resolutions;
  std::vector<TrainingPhase> phases;  ///< see ProgressiveShrinking()
  /// Weights of a net of this architecture (weights.safetensors) to begin with; empty: fresh ones.
  /// A classifier for another number of classes begins afresh.
  std::string start_from;
  int batch = 64;
  double momentum = 0.9;  ///< Nesterov
  /// On weights of convolutions and the classifier; none on batch norm and biases.
  double weight_decay = 3e-5;
  double label_smoothing = 0.1;
  /// Weight of the cross entropy with the teacher's answers, beside 1 for that with the labels.
  double distillation = 1.0;
  /// Zeros around an image before a crop of its own size is drawn, pixels.
  int crop_padding = 4;
  std::uint64_t seed = 1;
  int threads = 1;
  std::string device = "cpu";  ///< as libtorch names it: "cpu", "cuda", "cuda:1"
};

/// What comes next: a step of an epoch of a phase, all from 0.
struct TrainingPosition {
  int phase = 0;
  int epoch = 0;
  int step = 0;
  bool operator==(const TrainingPosition&) const = default;
};

/// After some steps, and at the end of each epoch.
struct TrainingProgress {
  const TrainingPhase* phase = nullptr;
  int epoch = 0;  ///< of the phase, from 0
  int step = 0;   ///< steps of the epoch that are done
  int steps = 0;  ///< of an epoch
  /// Share of the work of all phases, [0, 1]: subnets count by their usual cost.
  double done = 0.0;
  double loss = 0.0;      ///< mean since the last report
  double accuracy = 0.0;  ///< on the augmented training images, since the last report
  double learning_rate = 0.0;
};

/// Trains the weights of a supernet by progressive shrinking: SGD, a resolution and subnets drawn
/// at random for each step, distillation from the full net. Every draw depends on the seed and the
/// position alone: with one thread on the CPU, the same options and images give the same weights,
/// bit for bit, however often the run was stopped and resumed. Thread-compatible.
class Trainer {
 public:
  virtual ~Trainer() = default;

  /// At the beginning of the first phase. INVALID_ARGUMENT for options out of range or weights that
  /// do not fit, UNAVAILABLE if this libtorch has no such device.
  static absl::StatusOr<std::unique_ptr<Trainer>> Create(const TrainingOptions& options);

  virtual TrainingPosition position() const = 0;
  /// All phases are through.
  virtual bool done() const = 0;

  /// Runs to the end of the present epoch. `report` may save a checkpoint; if it returns false,
  /// the run stops there with CANCELLED and can go on later.
  virtual absl::Status RunEpoch(const ImageSet& images,
                                const std::function<bool(const TrainingProgress&)>& report) = 0;

  /// Weights, momentum, teacher and position, for LoadCheckpoint() of a trainer with the same
  /// options. Threads and device may differ, phases may have been added at the end, and those that
  /// had not begun may be gone.
  /// FAILED_PRECONDITION if the options differ otherwise.
  virtual absl::Status SaveCheckpoint(const std::string& path) const = 0;
  virtual absl::Status LoadCheckpoint(const std::string& path) = 0;

  /// Writes weights.safetensors. Running statistics of the supernet are those of its largest
  /// subnet at `resolution`, taken on `calibration`.
  virtual absl::Status SaveWeights(const std::string& path, const ImageSet& calibration,
                                   int resolution) = 0;
};

}  // namespace dynofa::engine::torch_backend

#endif  // DYNOFA_DAEMON_ENGINE_TORCH_TRAINER_H_
