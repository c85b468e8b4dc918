#ifndef DYNOFA_DAEMON_EMULATOR_FAULT_H_
#define DYNOFA_DAEMON_EMULATOR_FAULT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daemon/emulator/board_model.h"

namespace dynofa::emulator {

/// The three knobs of a cluster.
enum class Knob { kGovernor, kMin, kMax };

/// "governor", "min" or "max".
std::string_view KnobName(Knob knob);

enum class FaultKind {
  kRefuse,   ///< the write fails with `error`
  kClamp,    ///< a higher maximum is stored as `khz`
  kLate,     ///< the write succeeds, and has effect `late_s` later
  kBlock,    ///< the write returns when the fault ends, and then has effect
  kStale,    ///< what is read of a cluster, zone or rail stays as it is
  kHide,     ///< a knob, zone or rail cannot be found: its file is gone
  kTrip,     ///< a zone is held at `celsius`
  kForeign,  ///< another program writes `governor`, `min_khz`, `max_khz`: those that are set
  kAway,     ///< a cluster goes; it returns under `index`, with its knobs as found if `reset`
};

/// One thing that goes wrong on an emulated board, at a time or at a write: the same each time.
///
/// Writes are counted per fault from when the script begins: those to its cluster and its knob
/// (any, if there is none). A fault of writes (refuse, clamp, late, block) is about the writes
/// `at_write` to `at_write + writes - 1`, or about all from `at_s` on. Any other begins at `at_s`,
/// or right after the write `at_write`. All end after `for_s`, if that is not 0, or with the
/// script.
struct Fault {
  FaultKind kind = FaultKind::kRefuse;
  std::string cluster;       ///< its id; empty where a zone or a rail is meant
  std::optional<Knob> knob;  ///< of the cluster; empty = each of them
  std::string zone;
  std::string rail;

  double at_s = 0.0;
  int at_write = 0;  ///< from 1; 0 = by time
  int writes = 1;
  double for_s = 0.0;

  int error = 0;  ///< errno
  std::int64_t khz = 0;
  double late_s = 0.0;
  double celsius = 0.0;
  std::string governor;
  std::int64_t min_khz = 0;
  std::int64_t max_khz = 0;
  int index = -1;  ///< of the policy; -1 = as before
  bool reset = false;
};

/// Whether a fault is about writes as they happen.
bool IsOfWrites(FaultKind kind);

/// Reads a script of faults (TOML, an array of tables `fault`; docs/adding-a-board.md lists the
/// keys) strictly. INVALID_ARGUMENT with file, line and key.
absl::StatusOr<std::vector<Fault>> ParseFaults(std::string_view text, const std::string& file);

/// NOT_FOUND if a fault names a cluster, zone or rail that the board has not; INVALID_ARGUMENT if a
/// foreign writer would write what the cluster refuses.
absl::Status CheckFaults(const BoardModel& board, const std::vector<Fault>& faults);

}  // namespace dynofa::emulator

#endif  // DYNOFA_DAEMON_EMULATOR_FAULT_H_
