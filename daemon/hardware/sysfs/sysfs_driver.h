#ifndef DYNOFA_DAEMON_HARDWARE_SYSFS_SYSFS_DRIVER_H_
#define DYNOFA_DAEMON_HARDWARE_SYSFS_SYSFS_DRIVER_H_

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daemon/base/clock.h"
#include "daemon/hardware/board.h"
#include "daemon/hardware/journal/journal.h"
#include "daemon/hardware/sysfs/clock_cluster.h"
#include "daemon/hardware/sysfs/thermal.h"

namespace dynofa::hardware::sysfs {

/// Where the kernel shows itself, unless a test says otherwise.
inline constexpr std::string_view kSysfsRoot = "/sys";
inline constexpr std::string_view kBootIdFile = "/proc/sys/kernel/random/boot_id";

/// This boot's id. An error if the file cannot be read or is empty.
absl::StatusOr<std::string> ReadBootId(const std::string& path);

/// The machine's own clusters: one per cpufreq policy, found by its related_cpus; on a machine
/// without cpufreq one cluster of all online CPUs, without knobs. Thread-safe as BoardDriver says.
class SysfsBoardDriver final : public BoardDriver {
 public:
  struct Options {
    /// Stands for /sys.
    std::string root = std::string(kSysfsRoot);
    /// Waits between two looks at a settling value; a real wait if empty.
    std::function<void(base::Duration)> pause;
  };

  /// Finds the clusters and puts back whatever `journal` names: knobs that an earlier process of
  /// this boot left behind. A knob that cannot be put back is logged and stays in the journal.
  /// `journal` must outlive the driver. NOT_FOUND if there is not even a list of CPUs.
  static absl::StatusOr<std::unique_ptr<SysfsBoardDriver>> Create(const Options& options,
                                                                  journal::Journal& journal);

  const BoardInfo& info() const override { return info_; }
  ApplyResult Apply(const std::vector<policies::ClusterSetting>& settings) override;
  absl::StatusOr<BoardReading> Read() override;
  absl::Status ReleaseCluster(const std::string& cluster) override;

 private:
  // A cluster and who may use it: one thread at a time, for which others wait as long as they
  // like. `mutex` is held only for moments.
  struct Guarded {
    std::unique_ptr<ClockCluster> cluster;
    std::mutex mutex;
    std::condition_variable freed;
    bool busy = false;
    ClusterReading last;
  };
  class Use;

  explicit SysfsBoardDriver(const std::string& root);

  void AddCluster(std::unique_ptr<ClockCluster> cluster);
  void AddClusterWithoutKnobs(const std::vector<int>& online);
  void RestoreLeftovers(journal::Journal& journal);
  SettingOutcome ApplyOne(const policies::ClusterSetting& setting);
  ClusterReading ReadOne(Guarded& guarded);

  BoardInfo info_;
  Thermal thermal_;
  std::vector<std::string> cpu_clusters_;
  std::map<std::string, std::unique_ptr<Guarded>> clusters_;  // constant after Create
};

}  // namespace dynofa::hardware::sysfs

#endif  // DYNOFA_DAEMON_HARDWARE_SYSFS_SYSFS_DRIVER_H_
