#ifndef DYNOFA_DAEMON_HARDWARE_SYSFS_CPUFREQ_CLUSTER_H_
#define DYNOFA_DAEMON_HARDWARE_SYSFS_CPUFREQ_CLUSTER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daemon/base/clock.h"
#include "daemon/hardware/board.h"
#include "daemon/hardware/cpufreq_rules.h"
#include "daemon/hardware/journal/journal.h"
#include "daemon/hardware/sysfs/attributes.h"

namespace dynofa::hardware::sysfs {

/// What a cluster needs from around it.
struct ClusterWorld {
  /// Why something else than a request may hold the clock down now: "thermal" or empty.
  std::function<std::string(const std::vector<int>& cpus)> cap;
  /// Waits between two looks at a value that the kernel may still be settling.
  std::function<void(base::Duration)> pause;
};

/// The CPUs of one cpufreq policy and its three knobs: governor, minimum, maximum.
///
/// Every write is preceded by the journal: the baseline as found and the value about to be
/// written are stored first, the value read back after settling is stored afterwards.
/// Thread-compatible; the driver gives each cluster a lock of its own.
class CpufreqCluster {
 public:
  /// Reads what does not change. NOT_FOUND if the folder is not a policy with CPUs. `journal`
  /// must outlive the cluster.
  static absl::StatusOr<std::unique_ptr<CpufreqCluster>> Create(
      std::unique_ptr<Attributes> attributes, const std::vector<int>& online,
      journal::Journal& journal, ClusterWorld world);

  const policies::ClusterInfo& info() const { return info_; }

  /// The policy's identity in the journal.
  const std::string& device() const { return device_; }

  /// As Board::Apply, for one setting. If a write fails, the knobs of this cluster go back to what
  /// they were before the call.
  SettingOutcome Apply(const policies::ClusterSetting& setting);

  ClusterReading Read();

  /// Puts back every knob that the journal names and that may be put back.
  absl::Status Release();

 private:
  struct Present {
    std::string governor, min, max;  // raw
    Limits limits;
    std::string_view Raw(std::string_view knob) const;
  };
  struct Step {
    std::string knob;
    std::string text;
    std::string expected;  ///< what the kernel will make of it
  };
  using Records = std::vector<journal::KnobRecord>;

  CpufreqCluster(std::unique_ptr<Attributes> attributes, journal::Journal& journal,
                 ClusterWorld world);

  absl::StatusOr<Present> ReadPresent();
  std::int64_t ReadKhz(const std::string& name);
  std::string Cap();
  std::string BaselineOf(const std::string& knob, const Present& present, const Records& records);
  std::vector<Step> Plan(const policies::ClusterSetting& wanted, const Present& present) const;
  void Intend(const std::vector<Step>& steps, const Present& present, Records& records);
  absl::Status Perform(const std::vector<Step>& steps, const Present& before);
  void RollBack(const std::vector<Step>& done, const Present& before);
  absl::StatusOr<Present> Settle(const policies::ClusterSetting& wanted);
  absl::Status Change(SettingOutcome& outcome, const Present& before, Records records);
  /// The records that may be put back; what somebody else has set is logged.
  Records Restorable(const Records& records, const Present& present);
  std::string Limitation(const policies::ClusterSetting& wanted,
                         const policies::ClusterSetting& effective);

  std::unique_ptr<Attributes> attributes_;
  journal::Journal& journal_;
  ClusterWorld world_;
  policies::ClusterInfo info_;
  std::string device_;
  std::vector<int> related_cpus_;
  std::int64_t hardware_max_khz_ = 0;
  /// What was last asked for and what became of it, to tell a foreign writer; 0 = nothing.
  Limits last_asked_;
  Limits last_settled_;
};

}  // namespace dynofa::hardware::sysfs

#endif  // DYNOFA_DAEMON_HARDWARE_SYSFS_CPUFREQ_CLUSTER_H_
