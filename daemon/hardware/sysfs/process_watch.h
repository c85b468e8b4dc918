#ifndef DYNOFA_DAEMON_HARDWARE_SYSFS_PROCESS_WATCH_H_
#define DYNOFA_DAEMON_HARDWARE_SYSFS_PROCESS_WATCH_H_

#include <optional>
#include <string>
#include <vector>

#include "daemon/base/clock.h"

namespace dynofa::hardware::sysfs {

/// Which of OtherActors() run as a process. Looks at all processes, so rarely. Thread-compatible.
class ProcessWatch {
 public:
  /// `proc_root` stands for /proc; empty: nothing is seen.
  explicit ProcessWatch(std::string proc_root) : proc_root_(std::move(proc_root)) {}

  /// Their names, in the order of OtherActors(); as of at most kPeriod ago.
  const std::vector<std::string>& Read(base::TimePoint now);

  static constexpr base::Duration kPeriod = std::chrono::seconds(5);

 private:
  std::string proc_root_;
  std::optional<base::TimePoint> looked_at_;
  std::vector<std::string> seen_;
};

}  // namespace dynofa::hardware::sysfs

#endif  // DYNOFA_DAEMON_HARDWARE_SYSFS_PROCESS_WATCH_H_
