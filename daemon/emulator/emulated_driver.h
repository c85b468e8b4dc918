#ifndef DYNOFA_DAEMON_EMULATOR_EMULATED_DRIVER_H_
#define DYNOFA_DAEMON_EMULATOR_EMULATED_DRIVER_H_

#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/emulator/emulated_board.h"
#include "daemon/hardware/board.h"

namespace dynofa::emulator {

/// Faults of a cluster that a test can ask for.
struct Fault {
  /// Every Apply to the cluster fails with this.
  absl::Status apply_error;
  /// The cluster's maximum ends up here, as if the firmware clamped it; 0 = no clamp.
  std::int64_t clamp_khz = 0;
  /// Apply does not return until the fault is gone.
  bool blocks = false;
  /// Readings of the cluster and its zones stay as they are.
  bool stale = false;
};

/// An emulated board as a driver: what dynofa-boardd runs for `--board emulated:...`, and what
/// tests and simulations use in process. The baseline is what the knobs were at creation.
class EmulatedDriver final : public hardware::BoardDriver {
 public:
  /// `host_cpus` is how many CPUs the emulation has: cluster i of the model is mapped to host
  /// CPU i mod host_cpus. `board` must outlive the driver.
  EmulatedDriver(EmulatedBoard& board, int host_cpus);

  const hardware::BoardInfo& info() const override { return info_; }
  hardware::ApplyResult Apply(const std::vector<policies::ClusterSetting>& settings) override;
  absl::StatusOr<hardware::BoardReading> Read() override;
  absl::Status ReleaseCluster(const std::string& cluster) override;
  void ReportLoad(const std::vector<hardware::ClusterLoad>& loads) override;

  /// Replaces a cluster's fault; a default one ends it and lets a blocked Apply go on.
  void SetFault(const std::string& cluster, Fault fault);

 private:
  hardware::SettingOutcome ApplyOne(const policies::ClusterSetting& setting);
  Fault AwaitFault(const std::string& cluster);
  void KeepStale(hardware::BoardReading& reading);

  EmulatedBoard& board_;
  hardware::BoardInfo info_;
  std::map<std::string, EmulatedBoard::Knobs> baseline_;

  std::mutex mutex_;
  std::condition_variable fault_changed_;
  std::map<std::string, Fault> faults_;
  hardware::BoardReading last_reading_;
};

}  // namespace dynofa::emulator

#endif  // DYNOFA_DAEMON_EMULATOR_EMULATED_DRIVER_H_
