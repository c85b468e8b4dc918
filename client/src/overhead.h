#ifndef DYNOFA_CLIENT_SRC_OVERHEAD_H_
#define DYNOFA_CLIENT_SRC_OVERHEAD_H_

#include <algorithm>
#include <chrono>
#include <mutex>

#include "dynofa/types.h"

namespace dynofa::client {

/// What a client waits for its answers beside the time that the daemon accounts for: transport and
/// wake-ups, as a running mean. It is told with each request (parameter `overhead_ms`), so that a
/// latency target is met as the client sees it. Thread-safe.
class Overhead {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  void Observe(TimePoint sent, const Inference& answer) {
    const double total =
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - sent).count();
    const double here = std::clamp(total - answer.queue_ms - answer.compute_ms, 0.0, kMostMs);
    std::lock_guard lock(mutex_);
    mean_ms_ += (observed_ ? kWeight : 1.0) * (here - mean_ms_);
    observed_ = true;
  }

  /// 0 before the first answer.
  double ms() const {
    std::lock_guard lock(mutex_);
    return mean_ms_;
  }

 private:
  static constexpr double kWeight = 0.1;
  static constexpr double kMostMs = 1000.0;

  mutable std::mutex mutex_;
  double mean_ms_ = 0.0;   ///< guarded by mutex_
  bool observed_ = false;  ///< guarded by mutex_
};

}  // namespace dynofa::client

#endif  // DYNOFA_CLIENT_SRC_OVERHEAD_H_
