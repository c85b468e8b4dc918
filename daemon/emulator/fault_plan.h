#ifndef DYNOFA_DAEMON_EMULATOR_FAULT_PLAN_H_
#define DYNOFA_DAEMON_EMULATOR_FAULT_PLAN_H_

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/emulator/fault.h"

namespace dynofa::emulator {

/// A script of faults as it happens: counts writes, knows what has begun and what is over. Whoever
/// owns it tells it of writes and of time, in their order. Not thread-safe.
class FaultPlan {
 public:
  FaultPlan() = default;
  FaultPlan(std::vector<Fault> faults, base::TimePoint start);

  /// What becomes of a write.
  struct Fate {
    int error = 0;
    std::int64_t clamp_khz = 0;  ///< 0 = none
    base::Duration late{};
    bool blocks = false;
    std::optional<base::TimePoint> blocks_until;  ///< if it ends by time
  };

  /// Counts a write and says what becomes of it. Faults that begin after it are due at once.
  Fate OnWrite(std::string_view cluster, Knob knob, base::TimePoint now);

  /// When the next fault begins or ends by time; empty if none does.
  std::optional<base::TimePoint> NextChange() const;

  /// The faults, other than those of writes, that have begun or ended up to `now` since the last
  /// call, in their order. The pointers live as long as the plan.
  struct Changes {
    std::vector<const Fault*> begun;
    std::vector<const Fault*> ended;
  };
  Changes Take(base::TimePoint now);

  /// Those under way, as `Take` has told.
  std::vector<const Fault*> Active() const;

 private:
  enum class Stage { kWaiting, kActive, kOver };
  struct Entry {
    Fault fault;
    base::TimePoint begins;  ///< if by time, or once the write has been
    bool by_time = true;
    Stage stage = Stage::kWaiting;
    int writes = 0;
  };

  static std::optional<base::TimePoint> EndOf(const Entry& entry);
  bool Touches(const Entry& entry, base::TimePoint now) const;

  std::vector<Entry> entries_;
};

}  // namespace dynofa::emulator

#endif  // DYNOFA_DAEMON_EMULATOR_FAULT_PLAN_H_
