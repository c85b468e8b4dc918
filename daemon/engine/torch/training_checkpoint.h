#ifndef DYNOFA_DAEMON_ENGINE_TORCH_TRAINING_CHECKPOINT_H_
#define DYNOFA_DAEMON_ENGINE_TORCH_TRAINING_CHECKPOINT_H_

#include <string>

#include "absl/status/status.h"
#include "daemon/engine/torch/elastic_net.h"
#include "daemon/engine/torch/trainer.h"

namespace dynofa::engine::torch_backend {

/// Everything that a training run is, beside its options and images. Tensors are shared: reading
/// writes into them.
struct TrainingState {
  TrainingPosition position;
  NamedTensors weights;
  NamedTensors momentum;
  NamedTensors teacher;  ///< empty before the first phase that distils
};

/// What the options say that changes the weights, as one line, phases last: a checkpoint belongs to
/// it, to what it begins, and to its beginning up to the checkpoint. `start` is a digest of the weights that it starts from, or empty.
std::string OptionsText(const TrainingOptions& options, const std::string& start);

/// Writes `state` as a safetensors file, as a whole or not at all.
absl::Status WriteCheckpoint(const std::string& path, const TrainingState& state,
                             const std::string& options);

/// Reads into `state`, whose weights and momentum have their shapes; the teacher is made if the
/// file has one. INVALID_ARGUMENT if the file is no checkpoint of these shapes or names a position
/// outside of `phases`, FAILED_PRECONDITION if it belongs to other `options`.
absl::Status ReadCheckpoint(const std::string& path, const std::string& options,
                            const std::vector<TrainingPhase>& phases, TrainingState& state);

/// Writes weights.safetensors: `tensors` by their keys.
absl::Status WriteWeights(const std::string& path, const NamedTensors& tensors);

}  // namespace dynofa::engine::torch_backend

#endif  // DYNOFA_DAEMON_ENGINE_TORCH_TRAINING_CHECKPOINT_H_
