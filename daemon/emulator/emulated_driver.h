#ifndef DYNOFA_DAEMON_EMULATOR_EMULATED_DRIVER_H_
#define DYNOFA_DAEMON_EMULATOR_EMULATED_DRIVER_H_

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daemon/emulator/emulated_board.h"
#include "daemon/hardware/board.h"
#include "daemon/hardware/sensor_watch.h"

namespace dynofa::emulator {

/// An emulated board as a driver: what dynofa-boardd runs for `--board emulated:...`, and what
/// tests and simulations use in process. It writes as hardware/sysfs does: one knob at a time in a
/// safe order, back again in reverse if one write fails, and what somebody else sets is respected
/// as a limit and left there in the end. The baseline is what the knobs were at creation.
class EmulatedDriver final : public hardware::BoardDriver {
 public:
  /// `host_cpus` is how many CPUs the emulation has: cluster i of the model is mapped to host
  /// CPU i mod host_cpus. `board` must outlive the driver.
  EmulatedDriver(EmulatedBoard& board, int host_cpus);

  const hardware::BoardInfo& info() const override { return info_; }
  hardware::ApplyResult Apply(const std::vector<policies::ClusterSetting>& settings) override;
  absl::StatusOr<hardware::BoardReading> Read() override;
  absl::Status ReleaseCluster(const std::string& cluster) override;
  bool HasLeftovers() override;
  void RestoreLeftovers() override;
  void ReportLoad(const std::vector<hardware::ClusterLoad>& loads) override;

 private:
  using Knobs = EmulatedBoard::Knobs;
  struct Step {
    Knob knob;
    std::string text;
  };
  /// What is known of a cluster's knobs; a lock of its own keeps them together for a call.
  struct Owned {
    std::mutex writing;
    Knobs baseline;
    /// What was last asked for and what was read back after it; empty before the first write.
    std::optional<Knobs> asked, settled;
    /// A maximum that somebody else has set since, kHz; 0 = none.
    std::int64_t foreign_khz = 0;
    /// Its release has failed.
    bool left = false;
  };

  hardware::SettingOutcome ApplyOne(const policies::ClusterSetting& setting);
  /// Takes what somebody else has set as what is put back in the end.
  static void Adopt(Owned& owned, const Knobs& present);
  // With the cluster's lock held.
  void SetLeft(Owned& owned, bool left);
  absl::Status ReleaseOne(const std::string& cluster, Owned& owned);
  absl::Status Write(const std::string& cluster, const Knobs& wanted, Owned& owned);
  absl::Status Perform(const std::string& cluster, const std::vector<Step>& steps,
                       const Knobs& before);

  EmulatedBoard& board_;
  hardware::BoardInfo info_;
  std::map<std::string, Owned> owned_;  // its keys are constant after construction
  std::atomic<int> leftovers_{0};       ///< clusters that are left
  std::mutex sensors_mutex_;
  hardware::SensorWatch sensors_;
};

}  // namespace dynofa::emulator

#endif  // DYNOFA_DAEMON_EMULATOR_EMULATED_DRIVER_H_
