#ifndef DYNOFA_DAEMON_HARDWARE_CPUFREQ_RULES_H_
#define DYNOFA_DAEMON_HARDWARE_CPUFREQ_RULES_H_

#include <cstdint>
#include <span>

namespace dynofa::hardware {

/// The two limits of a cluster's clock, kHz.
struct Limits {
  std::int64_t min_khz = 0;
  std::int64_t max_khz = 0;

  friend bool operator==(const Limits&, const Limits&) = default;
};

/// What the kernel makes of limits that were asked for, as seen on Linux 6.1 and 6.12
/// (cpufreq_set_policy in drivers/cpufreq/cpufreq.c): nothing is refused; both are clamped to the
/// table, `max` is rounded down to an entry and `min` up, `max` never exceeds `cap_khz` (0 = no
/// cap), and where they cross `max` wins. `table` ascends; an empty one only resolves the
/// crossing and the cap.
Limits EffectiveLimits(Limits requested, std::span<const std::int64_t> table,
                       std::int64_t cap_khz = 0);

/// True if the limits must be written as max, then min; false for min, then max. Old kernels
/// refuse a pair that crosses, so raising starts with max and lowering with min.
inline bool WriteMaxFirst(const Limits& present, const Limits& wanted) {
  return wanted.max_khz >= present.min_khz;
}

}  // namespace dynofa::hardware

#endif  // DYNOFA_DAEMON_HARDWARE_CPUFREQ_RULES_H_
