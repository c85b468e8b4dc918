#ifndef DYNOFA_DAEMON_HARDWARE_SYSFS_CLOCK_CLUSTER_H_
#define DYNOFA_DAEMON_HARDWARE_SYSFS_CLOCK_CLUSTER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daemon/base/clock.h"
#include "daemon/hardware/board.h"
#include "daemon/hardware/cpufreq_rules.h"
#include "daemon/hardware/journal/journal.h"
#include "daemon/hardware/sysfs/clock_device.h"

namespace dynofa::hardware::sysfs {

/// What is done about a knob that another program sets while it is in use here.
enum class ForeignWriters {
  kRespect,       ///< it is left to them
  kTakeBackOnce,  ///< it is set once more; to whoever insists it is left
};

/// What a cluster needs from around it.
struct ClusterWorld {
  /// Why something else than a request may hold the clock down now: "thermal" or empty.
  std::function<std::string(const std::vector<int>& cpus)> cap;
  /// How far such caps are in, as a sum over whatever causes them; empty if that is not known.
  std::function<long(const std::vector<int>& cpus)> cap_depth;
  /// Waits between two looks at a value that the kernel may still be settling.
  std::function<void(base::Duration)> pause;
  ForeignWriters foreign_writers = ForeignWriters::kRespect;
};

/// A cluster with a clock that the kernel lets be set, and the clock's three knobs: governor,
/// minimum, maximum. The rules are the same for a cpufreq policy and for a devfreq device.
///
/// Every write is preceded by the journal: the baseline as found and the value about to be
/// written are stored first, the value read back after settling is stored afterwards.
///
/// Neither a cap nor another program is fought. What heat or firmware allows is remembered as long
/// as they act, since a request that heeds a cap hides it; when they give way a little it is
/// forgotten, and the next request shows what they allow. A maximum that somebody else has set is
/// a limit until it is changed again: below it settings are applied, above it it stays; who sets it
/// again and again gets it. A governor or minimum that somebody else has set is left to them until
/// it is what it was before. Each is also what is put back in the end.
///
/// Thread-compatible; the driver gives each cluster a lock of its own.
class ClockCluster {
 public:
  /// `journal` must outlive the cluster.
  ClockCluster(ClockDevice device, journal::Journal& journal, ClusterWorld world);

  const policies::ClusterInfo& info() const { return device_.info; }

  /// Who it is in the journal.
  const std::string& identity() const { return device_.identity; }

  /// CPUs that share the clock, online or not; none of a device.
  const std::vector<int>& related_cpus() const { return device_.related_cpus; }

  /// Whether its knobs can be read.
  bool IsThere() { return ReadPresent().ok(); }

  /// As Board::Apply, for one setting. If a write fails, the knobs of this cluster go back to what
  /// they were before the call.
  SettingOutcome Apply(const policies::ClusterSetting& setting);

  // Apply in parts, for clocks that are set together (clock_transaction.h). After an error Undo
  // comes next.

  /// Looks, and stages in the journal what Commit will write.
  SettingOutcome Prepare(const policies::ClusterSetting& setting);
  /// Writes, once the journal is stored, and stages what became of it.
  absl::Status Commit();
  /// Takes back what Prepare and Commit have done in this transaction.
  void Undo();
  /// Fills in what is in force, and what limits it.
  void Describe(SettingOutcome& outcome);

  ClusterReading Read();

  /// Puts back every knob that the journal names and that may be put back.
  absl::Status Release();
  /// The same, and leaves it to the caller to store the journal.
  absl::Status PutBack();

  /// The same device, found again after it was gone.
  void Reattach(ClockDevice device);

  /// The device has just appeared. The kernel has forgotten what was set; what is to be put back
  /// stays what it was.
  void BeginAnew();

 private:
  struct Present {
    std::string governor, min, max;  // raw
    Limits limits;
  };
  struct Step {
    std::string knob;
    std::string text;
    std::vector<std::string> expected;  ///< what the kernel may show then
  };
  using Records = std::vector<journal::KnobRecord>;
  // A change between Prepare and the end of its transaction.
  struct Change {
    std::string governor;
    Limits target;
    Present before;
    std::vector<Step> steps;
    Records found;     ///< in the journal, before it
    Records intended;  ///< in the journal, while it writes
    Limits last_asked, last_settled;
    std::string last_governor;
    bool begun = false;    ///< to write
    bool written = false;  ///< all steps
  };

  bool IsKnob(std::string_view name) const;
  const std::string& Raw(const Present& present, std::string_view knob) const;
  /// What the kernel makes of limits, as far as nothing caps them.
  Limits Expected(const Limits& limits) const;
  absl::StatusOr<Present> ReadPresent();
  std::int64_t ReadKhz(const std::string& name);
  std::string Cap();
  std::string BaselineOf(const std::string& knob, const Present& present, const Records& records);
  /// Whether the knob's present value follows from what was written here.
  bool Explained(const journal::KnobRecord& record, const Present& present, bool capped) const;
  bool Explained(const Records& records, const Present& present);
  /// Brings the remembered limits up to date.
  void Observe(const Limits& present);
  /// Takes what somebody else has set as the value to put back, and notes which knobs are left to
  /// them.
  void Adopt(const Present& present, Records& records);
  /// Whether a knob that somebody else has set is to be set again all the same.
  bool MayTakeBack(const std::string& knob) const;
  bool MayTakeBackAny(const Present& present);
  /// Whether the knob is not what it was set to here, though it follows from nothing else.
  bool Reverted(const std::string& knob, const Present& present, bool capped) const;
  /// Counts that somebody else has set a knob, once for each time that it was set here.
  void NoteForeign(const journal::KnobRecord& record, const Present& present);
  /// Whether a knob belongs to somebody else until the release.
  bool IsLeft(const std::string& knob) const;
  bool LeavesAny() const;
  /// What is asked of the kernel: `wanted` within the maximum that somebody else has set.
  Limits Target(const policies::ClusterSetting& wanted) const;
  std::vector<Step> Plan(const std::string& governor, const Limits& target,
                         const Present& present) const;
  void Intend(const std::vector<Step>& steps, const Present& present, Records& records);
  absl::Status Perform(const std::vector<Step>& steps, const Present& before);
  void RollBack(const std::vector<Step>& done, const Present& before);
  absl::StatusOr<Present> Settle(const std::string& governor, const Limits& target);
  /// Fills in what a setting leaves open, and begins a change.
  absl::Status Begin(policies::ClusterSetting& wanted);
  /// The records that may be put back; what somebody else has set is logged.
  Records Restorable(const Records& records, const Present& present);
  /// Writes a baseline, again if it is refused.
  absl::Status Restore(const journal::KnobRecord& record);
  bool SetByOthers(const Present& present) const;
  std::string Limitation(const policies::ClusterSetting& wanted,
                         const policies::ClusterSetting& effective);

  ClockDevice device_;
  journal::Journal& journal_;
  const ClusterWorld world_;
  /// What was last asked for and what became of it, to tell a foreign writer; 0 = nothing.
  Limits last_asked_;
  Limits last_settled_;
  std::string last_governor_;
  /// Why a cap acts, and the highest frequency that it was seen to allow; 0 = none seen.
  std::string cap_;
  std::int64_t cap_khz_ = 0;
  /// How far it was in then.
  long cap_depth_ = 0;
  /// The maximum that somebody else has set since the first write; 0 = none.
  std::int64_t foreign_khz_ = 0;
  /// What others have done to a knob since the last release.
  struct Foreign {
    int times = 0;
    std::string before;  ///< they came: what would have been put back
    std::string value;   ///< what they set last
    std::string seen;    ///< the same, until it is set here again
    bool given_back = false;
  };
  std::map<std::string, Foreign> foreign_;
  std::optional<Change> change_;
  /// The device is another one than the last setting was made on.
  bool forgotten_ = false;
};

}  // namespace dynofa::hardware::sysfs

#endif  // DYNOFA_DAEMON_HARDWARE_SYSFS_CLOCK_CLUSTER_H_
