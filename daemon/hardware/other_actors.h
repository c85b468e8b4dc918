#ifndef DYNOFA_DAEMON_HARDWARE_OTHER_ACTORS_H_
#define DYNOFA_DAEMON_HARDWARE_OTHER_ACTORS_H_

#include <string_view>
#include <vector>

namespace dynofa::hardware {

/// Another service or tool that sets clocks: how it is seen, and which knobs are left to it while
/// it is there. What it sets besides those is respected when it happens, as with any other program.
struct OtherActor {
  std::string_view name;
  /// Names on the system bus, one of which it owns while it runs.
  std::vector<std::string_view> bus_names;
  /// Its unit, for one that is no process most of the time.
  std::string_view unit;
  /// Its process as the kernel calls it (15 bytes at most); empty: it is seen in another way.
  std::string_view program;
  bool takes_governor = false;
  /// Minimum and maximum.
  bool takes_limits = false;
};

/// All that are known.
const std::vector<OtherActor>& OtherActors();

/// Null for a name that is not among them.
const OtherActor* FindOtherActor(std::string_view name);

}  // namespace dynofa::hardware

#endif  // DYNOFA_DAEMON_HARDWARE_OTHER_ACTORS_H_
