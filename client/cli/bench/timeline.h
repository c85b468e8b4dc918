#ifndef DYNOFA_CLIENT_CLI_BENCH_TIMELINE_H_
#define DYNOFA_CLIENT_CLI_BENCH_TIMELINE_H_

#include <chrono>

namespace dynofa::cli::bench {

/// Seconds of a scenario as points of real time. Plain value.
class Timeline {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Timeline(Clock::time_point start) : start_(start) {}

  Clock::time_point At(double seconds) const {
    return start_ +
           std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  }
  double Now() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

 private:
  Clock::time_point start_;
};

}  // namespace dynofa::cli::bench

#endif  // DYNOFA_CLIENT_CLI_BENCH_TIMELINE_H_
