#ifndef DYNOFA_DAEMON_HARDWARE_SYSFS_PROCESSORS_H_
#define DYNOFA_DAEMON_HARDWARE_SYSFS_PROCESSORS_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "daemon/hardware/board.h"
#include "daemon/hardware/sysfs/attributes.h"
#include "daemon/hardware/sysfs/clock_device.h"

namespace dynofa::hardware::sysfs {

/// The machine's CPUs as the kernel shows them below `root`, which stands for /sys.
class Processors {
 public:
  /// NOT_FOUND if not even one CPU is online.
  static absl::StatusOr<Processors> Find(const std::string& root);

  /// The CPUs that are online now; those at the last look if that cannot be told.
  std::vector<int> ReadOnline();

  /// The cpufreq policies with CPUs, by their first CPU, each with the capacity of its CPUs.
  std::vector<ClockDevice> Policies() const;

  /// The package (socket) of a CPU; -1 if the kernel does not say.
  int PackageOf(int cpu) const;

  /// `cpus`, which no policy clocks, as a cluster without knobs.
  policies::ClusterInfo Unclocked(const std::vector<int>& cpus) const;

  /// How the drivers are set up: their mode, turbo, preferences, CPUs that are offline.
  std::vector<Finding> Findings() const;

  /// What firmware calls the machine; empty if it does not.
  std::string MachineName() const;

 private:
  explicit Processors(std::string root, std::unique_ptr<Attributes> attributes)
      : root_(std::move(root)), attributes_(std::move(attributes)) {}

  std::string folder() const;
  int CapacityOf(int cpu) const;

  std::string root_;
  std::unique_ptr<Attributes> attributes_;
  std::vector<int> online_;
};

}  // namespace dynofa::hardware::sysfs

#endif  // DYNOFA_DAEMON_HARDWARE_SYSFS_PROCESSORS_H_
