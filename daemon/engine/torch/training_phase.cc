#include "daemon/engine/torch/training_phase.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <span>

#include "daemon/base/range.h"
#include "daemon/base/status.h"
#include "daemon/base/strings.h"

namespace dynofa::engine::torch_backend {
namespace {

using base::CheckRange;

constexpr double kPolishLargestShare = 0.5;

// The largest `count` of `choices`, which ascend.
std::vector<int> Largest(const std::vector<int>& choices, std::size_t count) {
  return {choices.end() - static_cast<std::ptrdiff_t>(std::min(count, choices.size())),
          choices.end()};
}

absl::Status CheckChoices(std::string_view what, std::span<const int> chosen,
                          const std::vector<int>& choices) {
  const bool known = std::ranges::all_of(
      chosen, [&choices](int value) { return std::ranges::find(choices, value) != choices.end(); });
  if (known && !chosen.empty() && std::ranges::is_sorted(chosen) &&
      chosen.back() == choices.back()) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(base::StrCat(
      "a phase's ", what, " must be choices of the architecture, ascending, the largest included"));
}

}  // namespace

std::vector<TrainingPhase> ProgressiveShrinking(const ofa::Architecture& a,
                                                const ShrinkingOptions& options) {
  std::vector<TrainingPhase> phases;
  TrainingPhase next{.name = "full",
                     .kernels = Largest(a.kernels, 1),
                     .expands = Largest(a.expands, 1),
                     .depths = Largest(a.depths, 1),
                     .epochs = options.full_epochs,
                     .learning_rate = options.full_learning_rate,
                     .warmup_epochs = std::min(options.warmup_epochs, 0.2 * options.full_epochs)};
  const auto add = [&phases, &next](std::string name, int epochs) {
    next.name = std::move(name);
    next.epochs = epochs;
    if (epochs > 0) phases.push_back(next);
  };
  add("full", options.full_epochs);
  next.distil = true;
  next.learning_rate = options.elastic_learning_rate;
  next.warmup_epochs = 0.0;
  next.largest_share = options.largest_share;
  if (a.kernels.size() > 1) {
    next.kernels = a.kernels;
    add("kernel", options.kernel_epochs);
  }
  next.subnets_per_step = options.subnets_per_step;
  for (std::size_t count = 2; count <= a.depths.size(); ++count) {
    next.depths = Largest(a.depths, count);
    add(base::StrCat("depth ", count - 1), options.depth_epochs);
  }
  for (std::size_t count = 2; count <= a.expands.size(); ++count) {
    next.sort_within = next.expands;
    next.expands = Largest(a.expands, count);
    add(base::StrCat("expand ", count - 1), options.expand_epochs);
  }
  next.sort_within.clear();
  next.largest_share = kPolishLargestShare;
  for (int round = 1; round <= options.polish_rounds; ++round) {
    add(round == 1 ? "polish" : base::StrCat("polish ", round), options.polish_epochs);
  }
  return phases;
}

absl::Status CheckPhase(const TrainingPhase& phase, const ofa::Architecture& a) {
  DYNOFA_RETURN_IF_ERROR(CheckChoices("kernels", phase.kernels, a.kernels));
  DYNOFA_RETURN_IF_ERROR(CheckChoices("expands", phase.expands, a.expands));
  DYNOFA_RETURN_IF_ERROR(CheckChoices("depths", phase.depths, a.depths));
  if (!phase.sort_within.empty()) {
    DYNOFA_RETURN_IF_ERROR(CheckChoices("sort_within", phase.sort_within, a.expands));
  }
  DYNOFA_RETURN_IF_ERROR(CheckRange("epochs", phase.epochs, 1, 100'000));
  DYNOFA_RETURN_IF_ERROR(CheckRange("learning_rate", phase.learning_rate, 1e-9, 100));
  DYNOFA_RETURN_IF_ERROR(CheckRange("warmup_epochs", phase.warmup_epochs, 0, phase.epochs - 0.1));
  DYNOFA_RETURN_IF_ERROR(CheckRange("largest_share", phase.largest_share, 0, 1));
  return CheckRange("subnets_per_step", phase.subnets_per_step, 1, 64);
}

double LearningRate(const TrainingPhase& phase, double epochs) {
  if (epochs < phase.warmup_epochs) return phase.learning_rate * epochs / phase.warmup_epochs;
  const double done = (epochs - phase.warmup_epochs) / (phase.epochs - phase.warmup_epochs);
  return phase.learning_rate * 0.5 * (1.0 + std::cos(std::numbers::pi * std::min(done, 1.0)));
}

}  // namespace dynofa::engine::torch_backend
