#ifndef DYNOFA_DAEMON_HARDWARE_BOARD_H_
#define DYNOFA_DAEMON_HARDWARE_BOARD_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "policies/cluster.h"
#include "policies/power_mode.h"

namespace dynofa::hardware {

/// A temperature at which the kernel does something about a zone.
struct Trip {
  std::string type;  ///< as the kernel says: "active", "passive", "hot", "critical"
  double temperature_c = 0.0;
};

struct ZoneInfo {
  std::string type;  ///< as ZoneReading::type
  std::vector<Trip> trips;
};

struct RailInfo {
  std::string name;    ///< as RailReading::name
  std::string source;  ///< who measures: "ina3221", "rapl", "battery", ...
  /// Is it a part (or the whole) of BoardReading::board_power_w?
  bool in_board_power = false;
};

/// Something that was found and is neither cluster, zone nor rail, for people and programs.
struct Finding {
  std::string kind;    ///< lower-case words with dashes: "memory-clock", "preference", "turbo"
  std::string name;    ///< which one: a cluster's id, a device; may be empty
  std::string source;  ///< the kernel's driver or interface
  std::string value;   ///< as found when the board was opened
};

/// What does not change about a board while it is open.
struct BoardInfo {
  /// For people: "Jetson Xavier NX (emulated)", "2 CPUs without cpufreq".
  std::string name;
  /// The emulated model's label ("jetson-xavier-nx"); empty for real hardware.
  std::string emulated_model;
  /// The emulated model as the text of its board file (daemon/emulator/board_file.h), so that who
  /// gets this has the same one; empty for real hardware.
  std::string emulated_board;
  std::vector<policies::ClusterInfo> clusters;
  /// Modes of the board's vendor (nvpmodel); may be empty.
  std::vector<policies::PowerMode> vendor_modes;
  std::vector<ZoneInfo> zones;
  std::vector<RailInfo> rails;
  std::vector<Finding> findings;
  /// What is missing and why, a sentence each.
  std::vector<std::string> notes;
};

struct ClusterReading {
  std::string cluster;
  bool available = true;
  std::string governor;
  std::int64_t min_khz = 0;
  std::int64_t max_khz = 0;
  std::int64_t frequency_khz = 0;
  /// Power of the cluster while idle at this frequency, W; 0 if unknown.
  double static_power_w = 0.0;
  /// Share of the cluster that programs other than dynofa use, 0..1.
  double foreign_load = 0.0;
  /// Highest frequency that heat, another program or caution allows, kHz; 0 = no such limit.
  std::int64_t limit_khz = 0;
  /// Why `max_khz` is not what was asked for, or empty: "thermal" (a cooling device), "firmware"
  /// (a limit of the platform), "clamped" (rounded to the table or the hardware's limits),
  /// "foreign-writer" (another program set it), "stale-sensor" (its temperature is not known any
  /// more), "stuck" (a write has not returned; the rest of the reading is the last one known).
  std::string limited_by;
  /// The knobs "governor", "min" or "max" that another program sets and that are left to it.
  std::vector<std::string> left_to_others;
  /// What was set is not in force, though nobody else claims it (a device that went and came back):
  /// apply it again.
  bool forgotten = false;
};

struct ZoneReading {
  std::string type;     ///< the zone's `type`, such as "CPU-therm"
  std::string cluster;  ///< the cluster it belongs to, or empty
  double temperature_c = 0.0;
};

struct RailReading {
  std::string name;
  double power_w = 0.0;
};

/// Everything read at one moment.
struct BoardReading {
  std::vector<ClusterReading> clusters;
  std::vector<ZoneReading> zones;
  std::vector<RailReading> rails;
  /// Those of OtherActors() that run as a process, by name.
  std::vector<std::string> other_actors;
  /// Power of the whole board, W; 0 if no rail tells.
  double board_power_w = 0.0;
  /// Over how long before the reading that is an average, s; 0: it is that of the moment.
  double board_power_over_s = 0.0;
  /// Clusters that could be set, though BoardInfo does not say so: their clocks have appeared since
  /// the board was opened. Who opens it anew gets them, and their frequencies and governors; of
  /// very many some are named.
  std::vector<policies::ClusterInfo> appeared;
  /// Clock of the memory, kHz; 0 if unknown.
  std::int64_t memory_khz = 0;
  /// Share of the last ten seconds in which some task waited for a CPU, 0..1 (the kernel's
  /// pressure stall information).
  std::optional<double> cpu_pressure;
};

/// What became of one setting of a transaction.
struct SettingOutcome {
  std::string cluster;
  /// OK: written and read back. Else why not, in words.
  absl::Status status;
  policies::ClusterSetting requested;
  policies::ClusterSetting effective;
  /// As ClusterReading::limited_by, when effective differs from requested.
  std::string limited_by;
};

struct ApplyResult {
  std::vector<SettingOutcome> outcomes;
};

/// How busy dynofa's own inferences kept a cluster since the last report.
struct ClusterLoad {
  std::string cluster;
  /// Share of the time in which inferences ran, 0..1.
  double busy = 0.0;
  /// CPUs that they kept busy on average: busy times their threads.
  double cpus = 0.0;
};

/// A board as its one owner sees it. Every call is a plain value; answers come later on the
/// task runner that was given at creation, so that a write that blocks in firmware never blocks
/// the caller. Callbacks may be dropped when the board is destroyed. Thread-compatible.
class Board {
 public:
  template <typename T>
  using Callback = std::function<void(absl::StatusOr<T>)>;

  virtual ~Board() = default;

  virtual const BoardInfo& info() const = 0;

  /// Applies all settings in a safe order and reads back. A setting that fails does not stop the
  /// others. The originals are journalled before the first write.
  virtual void Apply(std::vector<policies::ClusterSetting> settings,
                     Callback<ApplyResult> done) = 0;

  virtual void Read(Callback<BoardReading> done) = 0;

  /// Puts every knob back as it was found and answers when that is done.
  virtual void Release(std::function<void(absl::Status)> done) = 0;

  /// Tells what of the load is dynofa's own; no answer. An emulated board's power, heat and
  /// governors follow from it, and on real hardware what is left is the load of others.
  virtual void ReportLoad(const std::vector<ClusterLoad>& loads) { (void)loads; }
};

/// The synchronous other side: what drives knobs. Implemented by hardware/sysfs and by the
/// emulator; runs inside dynofa-boardd, or in process in tests.
///
/// Thread-safe: a call that blocks in firmware holds up only the calls that need the same
/// cluster, so that the owner can give each cluster a thread of its own. Read never waits for a
/// cluster that is being written: it answers with the last reading, marked "stuck".
class BoardDriver {
 public:
  virtual ~BoardDriver() = default;

  virtual const BoardInfo& info() const = 0;

  /// As Board::Apply. May block as long as the kernel does.
  virtual ApplyResult Apply(const std::vector<policies::ClusterSetting>& settings) = 0;

  virtual absl::StatusOr<BoardReading> Read() = 0;

  /// Puts the knobs of a cluster back as they were found, each one if its present value is still
  /// explained by what was written here. Idempotent.
  virtual absl::Status ReleaseCluster(const std::string& cluster) = 0;

  /// ReleaseCluster for all of them; the first error, after trying every one.
  absl::Status Release() {
    absl::Status first;
    for (const policies::ClusterInfo& cluster : info().clusters) {
      first.Update(ReleaseCluster(cluster.id));
    }
    return first;
  }

  /// Whether a knob that should have been put back was not: its device was away, or refused it.
  virtual bool HasLeftovers() { return false; }

  /// Tries to put those back that can be now. A device that an earlier process has left changed may
  /// appear long after the start.
  virtual void RestoreLeftovers() {}

  /// Whether it is worth to ask IsOutdated(). Touches no device.
  virtual bool MayBeOutdated() { return false; }

  /// Looks whether a clock has appeared that info() does not know: another driver, made now, has
  /// it. One with leftovers counts only when they are put back. May block as long as the kernel
  /// does.
  virtual bool IsOutdated() { return MayBeOutdated(); }

  /// As Board::ReportLoad.
  virtual void ReportLoad(const std::vector<ClusterLoad>& loads) { (void)loads; }
};

}  // namespace dynofa::hardware

#endif  // DYNOFA_DAEMON_HARDWARE_BOARD_H_
