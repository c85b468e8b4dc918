#ifndef DYNOFA_DAEMON_BASE_CLOCK_H_
#define DYNOFA_DAEMON_BASE_CLOCK_H_

#include <algorithm>
#include <chrono>

namespace dynofa::base {

/// Points on a monotonic time line. In tests and simulations the line is virtual; nothing but
/// SteadyClock reads the machine's time.
using TimePoint = std::chrono::steady_clock::time_point;
using Duration = std::chrono::nanoseconds;

inline double ToMs(Duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}
inline double ToSeconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}
/// Saturates at a year either way, so that sums of times cannot overflow.
inline Duration FromMs(double ms) {
  constexpr double kYearMs = 365.0 * 24 * 3600 * 1e3;
  return std::chrono::duration_cast<Duration>(
      std::chrono::duration<double, std::milli>(std::clamp(ms, -kYearMs, kYearMs)));
}
inline Duration FromSeconds(double seconds) { return FromMs(seconds * 1e3); }

/// Source of the present time, injected wherever time matters.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimePoint Now() const = 0;
};

/// CLOCK_MONOTONIC. Thread-safe.
class SteadyClock final : public Clock {
 public:
  TimePoint Now() const override { return std::chrono::steady_clock::now(); }
};

}  // namespace dynofa::base

#endif  // DYNOFA_DAEMON_BASE_CLOCK_H_
