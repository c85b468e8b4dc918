#ifndef DYNOFA_DAEMON_HARDWARE_SYSFS_PROCESSOR_LOAD_H_
#define DYNOFA_DAEMON_HARDWARE_SYSFS_PROCESSOR_LOAD_H_

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/hardware/board.h"
#include "daemon/hardware/sysfs/attributes.h"

namespace dynofa::hardware::sysfs {

/// Time that a CPU has been busy, and all that it has counted, in ticks of the kernel.
struct CpuTicks {
  std::int64_t busy = 0;
  std::int64_t all = 0;
};

/// The "cpuN" lines of /proc/stat by CPU. Lines that are not understood are left out. Waiting for a
/// disk is not busy; time that a hypervisor gave to others is.
std::map<int, CpuTicks> ParseCpuTicks(std::string_view text);

/// The ten seconds' share of the "some" line of a pressure file, 0..1.
std::optional<double> ParsePressure(std::string_view text);

/// The load of the CPUs that is not dynofa's. Thread-safe.
class ProcessorLoad {
 public:
  /// `proc` stands for /proc; empty: nothing is known. `clusters` are those whose CPUs are looked
  /// at; others are ignored. Adds to `notes` what is missing and why.
  ProcessorLoad(const std::string& proc, const std::vector<policies::ClusterInfo>& clusters,
                std::vector<std::string>& notes);

  /// Ends a window, in which `own` was dynofa's: from the next one on, Of() tells the rest.
  void EndWindow(const std::vector<ClusterLoad>& own);

  /// Share of the cluster's CPUs that others keep busy, 0..1; 0 before the second window.
  double Of(const std::string& cluster) const;

  std::optional<double> pressure() const;

 private:
  struct Cluster {
    std::string id;
    std::vector<int> cpus;
    double others = 0.0;
    bool known = false;
  };

  const std::unique_ptr<Attributes> proc_;
  const std::unique_ptr<Attributes> pressure_;
  mutable std::mutex mutex_;
  std::vector<Cluster> clusters_;
  std::map<int, CpuTicks> last_;
};

}  // namespace dynofa::hardware::sysfs

#endif  // DYNOFA_DAEMON_HARDWARE_SYSFS_PROCESSOR_LOAD_H_
