#ifndef DYNOFA_DAEMON_HARDWARE_SYSFS_PROCESS_STATS_H_
#define DYNOFA_DAEMON_HARDWARE_SYSFS_PROCESS_STATS_H_

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace dynofa::hardware::sysfs {

/// How often the threads that a process has now have waited for something, since they began: each
/// of these ended with a wake-up. `proc` stands for /proc. NOT_FOUND if there is no such process.
absl::StatusOr<std::int64_t> VoluntarySwitches(pid_t pid, const std::string& proc);

/// The folder of this program's file; empty if the kernel does not tell.
std::string ProgramFolder();

}  // namespace dynofa::hardware::sysfs

#endif  // DYNOFA_DAEMON_HARDWARE_SYSFS_PROCESS_STATS_H_
