#ifndef DYNOFA_DAEMON_CONTROL_REFUSAL_COUNT_H_
#define DYNOFA_DAEMON_CONTROL_REFUSAL_COUNT_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

#include "daemon/base/clock.h"

namespace dynofa::control {

/// Counts refused calls so that who repeats them cannot fill the log: the first is worth a line,
/// those after it one line per minute at most. For one thread.
class RefusalCount {
 public:
  static constexpr base::Duration kPause = std::chrono::minutes(1);

  /// Counts one call. How many to write about at `now`, this one among them, or nullopt.
  std::optional<std::uint64_t> Add(base::TimePoint now) {
    ++unsaid_;
    if (said_ && now - *said_ < kPause) return std::nullopt;
    said_ = now;
    return std::exchange(unsaid_, 0);
  }

 private:
  std::uint64_t unsaid_ = 0;
  std::optional<base::TimePoint> said_;
};

}  // namespace dynofa::control

#endif  // DYNOFA_DAEMON_CONTROL_REFUSAL_COUNT_H_
