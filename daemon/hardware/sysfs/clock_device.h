#ifndef DYNOFA_DAEMON_HARDWARE_SYSFS_CLOCK_DEVICE_H_
#define DYNOFA_DAEMON_HARDWARE_SYSFS_CLOCK_DEVICE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "daemon/hardware/sysfs/attributes.h"
#include "daemon/hardware/sysfs/frequency_unit.h"
#include "policies/cluster.h"

namespace dynofa::hardware::sysfs {

/// A clock that the kernel lets be set, as found: a cpufreq policy or a devfreq device.
struct ClockDevice {
  std::unique_ptr<Attributes> attributes;
  policies::ClusterInfo info;
  /// Who it is in the journal, by content ("cpufreq 0 1", "devfreq 17000000.gv11b").
  std::string identity;
  /// Names of the attributes.
  std::string governor, min, max, current;
  /// Of the attribute with the platform's own limit; empty if the interface has none.
  std::string firmware_limit;
  FrequencyUnit unit;
  /// CPUs that share the clock, online or not; none of a device.
  std::vector<int> related_cpus;
  std::int64_t hardware_max_khz = 0;
  /// Does the kernel round limits to the table? Without it any limit within the range stands.
  bool rounds = true;
};

/// Reads what does not change about the policy in a folder of cpufreq. NOT_FOUND if it is none:
/// it has no CPUs. `online` are the CPUs that are; the cluster's id is that of its first CPU.
absl::StatusOr<ClockDevice> ProbeCpufreq(std::unique_ptr<Attributes> attributes,
                                         const std::vector<int>& online);

/// The same for a folder of devfreq with the device's `name`, as the cluster `id`. NOT_FOUND if it
/// has no frequencies.
absl::StatusOr<ClockDevice> ProbeDevfreq(std::unique_ptr<Attributes> attributes,
                                         const std::string& name, const std::string& id,
                                         policies::ClusterKind kind);

}  // namespace dynofa::hardware::sysfs

#endif  // DYNOFA_DAEMON_HARDWARE_SYSFS_CLOCK_DEVICE_H_
