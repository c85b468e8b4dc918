#ifndef DYNOFA_DAEMON_HARDWARE_SYSFS_THERMAL_H_
#define DYNOFA_DAEMON_HARDWARE_SYSFS_THERMAL_H_

#include <memory>
#include <string>
#include <vector>

#include "daemon/hardware/board.h"
#include "daemon/hardware/sysfs/attributes.h"

namespace dynofa::hardware::sysfs {

/// Thermal zones and cooling devices, found by their type, never by their index. Thread-safe
/// after construction, as far as the kernel is.
class Thermal {
 public:
  /// `folder` is /sys/class/thermal or its copy. A machine without it has no zones.
  explicit Thermal(const std::string& folder);

  /// The zones that can be read now. A zone of the CPUs (by its type) is listed once for each of
  /// `cpu_clusters`, since the kernel does not say which cluster it lies on.
  std::vector<ZoneReading> Read(const std::vector<std::string>& cpu_clusters) const;

  /// "thermal" if a cooling device of one of these CPUs is active, else empty.
  std::string CapOf(const std::vector<int>& cpus) const;

  std::size_t zones() const { return zones_.size(); }

 private:
  struct Entry {
    std::string type;
    std::unique_ptr<Attributes> attributes;
  };

  std::vector<Entry> zones_;
  std::vector<Entry> cooling_;
};

}  // namespace dynofa::hardware::sysfs

#endif  // DYNOFA_DAEMON_HARDWARE_SYSFS_THERMAL_H_
