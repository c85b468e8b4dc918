#ifndef DYNOFA_DAEMON_HARDWARE_SYSFS_ACCELERATORS_H_
#define DYNOFA_DAEMON_HARDWARE_SYSFS_ACCELERATORS_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/hardware/sysfs/class_folder.h"
#include "daemon/hardware/sysfs/clock_device.h"

namespace dynofa::hardware::sysfs {

/// What a devfreq device clocks, by what the kernel says of it; kOther is none of our business
/// (video codecs, buses).
enum class DeviceRole { kGpu, kNpu, kDla, kMemory, kOther };
DeviceRole RoleOf(const std::string& name, const ParentDevice& parent);

/// An accelerator with a clock. Its load is that of everybody.
struct ClockedAccelerator {
  ClockDevice clock;
  /// The devfreq device's name, by which cooling devices know it.
  std::string device;
  /// Says how busy it is; null if nothing does.
  std::unique_ptr<Attributes> load;
};

/// What there is besides CPUs.
struct Accelerators {
  std::vector<ClockedAccelerator> clocked;
  /// Found without a clock that could be seen.
  std::vector<policies::ClusterInfo> others;
  /// The memory controller's clock: an attribute, and how it spells frequencies.
  std::unique_ptr<Attributes> memory;
  std::string memory_attribute;
  std::string memory_source;
};

/// Looks below `root`, which stands for /sys. GPUs may be set; NPUs and DLAs are shown.
Accelerators FindAccelerators(const std::string& root);

/// How busy an accelerator is, 0..1: per mille of `load` on a Jetson, per cent before an '@' on a
/// Rockchip. nullopt for anything else.
std::optional<double> ParseAcceleratorLoad(std::string_view text);

}  // namespace dynofa::hardware::sysfs

#endif  // DYNOFA_DAEMON_HARDWARE_SYSFS_ACCELERATORS_H_
