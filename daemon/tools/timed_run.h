#ifndef DYNOFA_DAEMON_TOOLS_TIMED_RUN_H_
#define DYNOFA_DAEMON_TOOLS_TIMED_RUN_H_

#include <sys/resource.h>

#include <chrono>
#include <cstddef>
#include <vector>

#include "absl/status/statusor.h"
#include "daemon/base/status.h"

namespace dynofa::tools {

/// Wall time of one run.
struct TimedRun {
  double ms = 0.0;
  /// Another program had the CPU for a part of it, so that the time says little about the run.
  bool disturbed = false;
};

/// Whose involuntary context switches make a run disturbed.
enum class Watch { kThread = RUSAGE_THREAD, kProcess = RUSAGE_SELF };

inline long InvoluntarySwitches(Watch watch) {
  rusage usage{};
  getrusage(static_cast<decltype(RUSAGE_SELF)>(watch), &usage);
  return usage.ru_nivcsw;
}

/// Calls `run`, which returns an absl::Status, and takes its time.
template <typename Run>
absl::StatusOr<TimedRun> Time(Watch watch, Run&& run) {
  const long before = InvoluntarySwitches(watch);
  const auto start = std::chrono::steady_clock::now();
  DYNOFA_RETURN_IF_ERROR(run());
  const auto elapsed = std::chrono::steady_clock::now() - start;
  return TimedRun{std::chrono::duration<double, std::milli>(elapsed).count(),
                  InvoluntarySwitches(watch) != before};
}

/// The times of `runs` runs, in milliseconds, after some that do not count: of those that nothing
/// disturbed, or of all if hardly any was left alone.
template <typename Run>
absl::StatusOr<std::vector<double>> UsefulTimes(int runs, Run&& run) {
  constexpr int kWarmUps = 2;
  constexpr std::size_t kFewestClean = 5;
  for (int i = 0; i < kWarmUps; ++i) DYNOFA_RETURN_IF_ERROR(run());
  std::vector<double> all;
  std::vector<double> clean;
  for (int i = 0; i < runs; ++i) {
    DYNOFA_ASSIGN_OR_RETURN(const TimedRun timed, Time(Watch::kProcess, run));
    all.push_back(timed.ms);
    if (!timed.disturbed) clean.push_back(timed.ms);
  }
  return clean.size() >= kFewestClean ? clean : all;
}

}  // namespace dynofa::tools

#endif  // DYNOFA_DAEMON_TOOLS_TIMED_RUN_H_
