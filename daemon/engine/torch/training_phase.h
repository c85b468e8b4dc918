#ifndef DYNOFA_DAEMON_ENGINE_TORCH_TRAINING_PHASE_H_
#define DYNOFA_DAEMON_ENGINE_TORCH_TRAINING_PHASE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "daemon/engine/ofa/architecture.h"

namespace dynofa::engine::torch_backend {

/// One phase of progressive shrinking: the choices that its subnets are drawn from, and how long
/// and how fast they learn. Each list is a subset of the architecture's, its largest included.
struct TrainingPhase {
  std::string name;
  std::vector<int> kernels;
  std::vector<int> expands;
  std::vector<int> depths;
  int epochs = 1;
  /// Peak of the learning rate; it rises linearly over `warmup_epochs` and falls as a cosine to 0.
  double learning_rate = 0.1;
  double warmup_epochs = 0.0;
  /// Subnets that see each batch; their gradients are summed into one step.
  int subnets_per_step = 1;
  /// Also learn from the full net as it was at the end of the first phase.
  bool distil = false;
  /// Share of the draws that are the largest subnet; the others are uniform.
  double largest_share = 0.0;
  /// Expansions among which the middle channels are put in order before the phase: the most
  /// important first within each group that the supported widths delimit. Empty: no sorting.
  std::vector<int> sort_within;
};

/// Lengths and rates of the phases of ProgressiveShrinking().
struct ShrinkingOptions {
  int full_epochs = 20;
  int kernel_epochs = 3;
  int depth_epochs = 3;   ///< of each phase that allows one depth more
  int expand_epochs = 3;  ///< of each phase that allows one expansion more
  double full_learning_rate = 0.1;
  double elastic_learning_rate = 0.03;
  double warmup_epochs = 1.0;  ///< of the first phase
  int subnets_per_step = 2;    ///< from the first depth phase on
  double largest_share = 0.1;  ///< after the first phase
  /// Of each of the last phases, in which every choice is open as before and half of the draws are
  /// the largest subnet: the published recipe ends without them, and with the full net somewhat
  /// worse than its teacher.
  int polish_epochs = 0;
  int polish_rounds = 1;  ///< each begins at the peak of the learning rate again
};

/// The full net, then elastic kernels, then one depth after the other from the largest down, then
/// one expansion after the other, channels sorted before each, and the polish. Phases of 0 epochs
/// and of choices that the architecture does not have are left out. Source: OFA (ICLR 2020)
/// section 3.2 and train_ofa_net.py of mit-han-lab/once-for-all f03b2673.
std::vector<TrainingPhase> ProgressiveShrinking(const ofa::Architecture& architecture,
                                                const ShrinkingOptions& options);

/// INVALID_ARGUMENT names what is out of range or not a choice of `architecture`.
absl::Status CheckPhase(const TrainingPhase& phase, const ofa::Architecture& architecture);

/// The rate after `epochs` (with fraction) of `phase`.
double LearningRate(const TrainingPhase& phase, double epochs);

}  // namespace dynofa::engine::torch_backend

#endif  // DYNOFA_DAEMON_ENGINE_TORCH_TRAINING_PHASE_H_
