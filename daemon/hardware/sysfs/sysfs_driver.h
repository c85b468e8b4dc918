#ifndef DYNOFA_DAEMON_HARDWARE_SYSFS_SYSFS_DRIVER_H_
#define DYNOFA_DAEMON_HARDWARE_SYSFS_SYSFS_DRIVER_H_

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daemon/base/clock.h"
#include "daemon/hardware/board.h"
#include "daemon/hardware/journal/journal.h"
#include "daemon/hardware/nvml/nvml.h"
#include "daemon/hardware/sensor_watch.h"
#include "daemon/hardware/sysfs/clock_cluster.h"
#include "daemon/hardware/sysfs/cluster_group.h"
#include "daemon/hardware/sysfs/folder_watch.h"
#include "daemon/hardware/sysfs/power_rails.h"
#include "daemon/hardware/sysfs/process_watch.h"
#include "daemon/hardware/sysfs/processor_load.h"
#include "daemon/hardware/sysfs/processors.h"
#include "daemon/hardware/sysfs/thermal.h"
#include "daemon/hardware/sysfs/turnstile.h"

namespace dynofa::hardware::sysfs {

/// Where the kernel shows itself, unless a test says otherwise.
inline constexpr std::string_view kSysfsRoot = "/sys";
inline constexpr std::string_view kProcRoot = "/proc";
inline constexpr std::string_view kBootIdFile = "/proc/sys/kernel/random/boot_id";

/// This boot's id. An error if the file cannot be read or is empty.
absl::StatusOr<std::string> ReadBootId(const std::string& path);

/// The machine's own board: a cluster per cpufreq policy, found by its related_cpus, or for several
/// where there are many; one of the CPUs that no policy has, GPUs that devfreq clocks; NPUs, DLAs
/// and discrete GPUs are shown. Zones, rails and the load of others as far as the kernel shows
/// them. Thread-safe as BoardDriver says.
class SysfsBoardDriver final : public BoardDriver {
 public:
  struct Options {
    /// Stands for /sys.
    std::string root = std::string(kSysfsRoot);
    /// Stands for /proc; empty: the load of others is unknown.
    std::string proc_root = std::string(kProcRoot);
    /// File of NVIDIA's library; empty: discrete GPUs are not looked for.
    std::string nvml;
    /// Of the rails' counters; must outlive the driver. nullptr: the machine's.
    const base::Clock* clock = nullptr;
    /// Waits between two looks at a settling value; a real wait if empty.
    std::function<void(base::Duration)> pause;
    /// What is done about a knob that another program sets.
    ForeignWriters foreign_writers = ForeignWriters::kRespect;
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
  bool HasLeftovers() override;
  void RestoreLeftovers() override;
  bool MayBeOutdated() override;
  bool IsOutdated() override;
  void ReportLoad(const std::vector<ClusterLoad>& loads) override;

 private:
  // A cluster, which is used in `turn`. `mutex` is held only for moments.
  struct Guarded {
    std::vector<std::string> identities;  ///< of its clocks; constant
    std::unique_ptr<ClusterGroup> group;
    /// Of an accelerator, which says how busy it is.
    std::unique_ptr<Attributes> load;
    Turnstile turn;
    std::mutex mutex;
    ClusterReading last;
  };
  // A write takes microseconds, its settling milliseconds; a cluster that is held for longer than
  // this hangs in the kernel.
  static constexpr base::Duration kPatience = std::chrono::milliseconds(100);

  SysfsBoardDriver(const Options& options, Processors processors, journal::Journal& journal);

  void FindCpus();
  void FindOthers(const Options& options);
  void FindDiscreteGpus(const Options& options);
  void FindSensors(const Options& options);
  void AddClocks(std::vector<ClockDevice> devices, std::unique_ptr<Attributes> load,
                 std::function<long()> depth);
  /// The same, asked again only after a moment: for many clocks that are looked at together.
  std::function<long()> Remembered(std::function<long()> depth) const;
  /// Leaves out what a cluster's first CPU says for all of them.
  void ShowFindings(const std::map<std::string, std::string>& clusters);
  /// What a cluster needs to know whose cooling devices are in as far as `depth` says.
  ClusterWorld WorldOf(std::function<long()> depth) const;
  void Show(policies::ClusterInfo info);
  /// Puts back what an earlier process of this boot has left.
  void RestoreEarlier();
  /// Releases a cluster, wherever its device is now. Its user is the caller.
  absl::Status ReleaseWherever(ClusterGroup& group);
  /// Puts back a device that was not there at the start; true if it is done.
  bool RestoreLate(const std::string& identity);
  /// Every clock that is there.
  std::vector<ClockDevice> DevicesNow();
  /// Those that no cluster has and that nothing is to be put back of, as clusters.
  std::vector<policies::ClusterInfo> FindAppeared();
  void ReadAppeared(BoardReading& reading);
  /// The device as it is now, if it is there and can be read.
  std::optional<ClockDevice> FindDevice(const std::string& identity);
  void NoteLeftover(const std::string& identity, bool left);
  bool IsLeftover(const std::string& identity);
  SettingOutcome ApplyOne(const policies::ClusterSetting& setting);
  ClusterReading ReadOne(Guarded& guarded, const std::vector<int>& online);
  /// Looks for a device that is gone: it may be back under another number.
  bool FindAgain(ClockCluster& cluster);
  bool FindAgain(ClusterGroup& group, const std::vector<int>& online);
  void ReadDiscreteGpus(BoardReading& reading);
  double OthersOn(const policies::ClusterInfo& info, Guarded* guarded);

  const base::SteadyClock steady_;
  const base::Clock& clock_;
  const std::function<void(base::Duration)> pause_;
  const std::string root_;
  const ForeignWriters foreign_writers_;
  journal::Journal& journal_;
  // What is found at the start.
  BoardInfo info_;
  Thermal thermal_;
  std::map<std::string, std::unique_ptr<Guarded>> clusters_;
  std::unique_ptr<Attributes> memory_;
  std::string memory_attribute_;
  std::unique_ptr<ProcessorLoad> load_;
  std::vector<std::string> discrete_;  // clusters by their index in nvml_

  std::mutex mutex_;
  // Used with mutex_ held.
  Processors processors_;
  std::unique_ptr<PowerRails> rails_;
  ProcessWatch processes_;
  std::unique_ptr<nvml::Nvml> nvml_;
  std::map<std::string, double> own_busy_;
  SensorWatch sensors_;
  FolderWatch folders_;
  std::vector<policies::ClusterInfo> appeared_;

  std::mutex leftovers_mutex_;
  std::set<std::string> leftovers_;  ///< with the mutex held; devices as the journal calls them
};

}  // namespace dynofa::hardware::sysfs

#endif  // DYNOFA_DAEMON_HARDWARE_SYSFS_SYSFS_DRIVER_H_
