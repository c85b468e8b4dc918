#ifndef DYNOFA_DAEMON_ENGINE_CPU_PART_TIMER_H_
#define DYNOFA_DAEMON_ENGINE_CPU_PART_TIMER_H_

#include <memory>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "daemon/base/clock.h"
#include "daemon/engine/ofa/weights.h"

namespace dynofa::engine::cpu {

/// Times the parts of subnets while whole subnets run, so that every part finds caches and memory
/// as it does in service: a layer that runs over and over on its own is faster than it ever is in
/// a net. Thread-compatible.
class PartTimer {
 public:
  /// Times runs with `threads` threads, by `clock`, which outlives the timer.
  static absl::StatusOr<std::unique_ptr<PartTimer>> Create(
      std::shared_ptr<const ofa::OfaModel> model, int threads, const base::Clock& clock);
  virtual ~PartTimer() = default;

  /// Runs `subnet` of the model's catalogue `runs` times; the median time of each part, ms: the
  /// stem, every block in order, and the tail (final expansion to logits). NOT_FOUND for an
  /// unknown subnet.
  virtual absl::StatusOr<std::vector<double>> Time(std::string_view subnet, int runs) = 0;
};

}  // namespace dynofa::engine::cpu

#endif  // DYNOFA_DAEMON_ENGINE_CPU_PART_TIMER_H_
