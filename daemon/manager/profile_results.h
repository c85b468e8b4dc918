#ifndef DYNOFA_DAEMON_MANAGER_PROFILE_RESULTS_H_
#define DYNOFA_DAEMON_MANAGER_PROFILE_RESULTS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "daemon/engine/profile.h"
#include "daemon/hardware/board.h"
#include "daemon/manager/measure_api.h"

namespace dynofa::manager {

/// What has been seen of one way to run a subnet.
struct CellResult {
  Measurement runs;
  /// Of the whole board while it ran, W.
  std::optional<double> power_w;
  absl::Status failure;

  void Add(const Measurement& more);
};

/// The entry that the runs make; nullopt if no run counts. Disturbed runs count only where hardly
/// any other one is left. `idle_w` is the board's power with the cluster idle at the same clock.
std::optional<engine::ProfileEntry> EntryOf(const CellResult& result, std::optional<double> idle_w);

/// Why a setting to `khz` does not hold, as a sentence; empty if it does.
std::string Refusal(const hardware::SettingOutcome& outcome, std::int64_t khz);

/// What holds the clock below `khz`, as a sentence; empty if nothing does.
std::string HeldBelow(const hardware::ClusterReading& reading, std::int64_t khz);

}  // namespace dynofa::manager

#endif  // DYNOFA_DAEMON_MANAGER_PROFILE_RESULTS_H_
