#ifndef DYNOFA_DAEMON_EMULATOR_GOVERNOR_H_
#define DYNOFA_DAEMON_EMULATOR_GOVERNOR_H_

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "daemon/hardware/cpufreq_rules.h"

namespace dynofa::emulator {

/// The shortest time between two updates of a governor, seconds (schedutil's rate_limit_us and
/// ondemand's sampling_rate; 10 ms is what drivers with slow transitions get).
inline constexpr double kGovernorRateLimitS = 0.01;

/// The governors that are known; userspace keeps the present clock.
inline constexpr std::array<std::string_view, 6> kGovernors = {
    "performance", "powersave", "schedutil", "ondemand", "simple_ondemand", "userspace"};

/// The clock that a kernel governor chooses within `limits` (both of them table entries).
/// `utilisation` is the share of the time at `present_khz` that the cluster was busy, [0, 1].
/// `table` ascends and is not empty. Pure.
///
/// performance, powersave: the maximum, the minimum. schedutil (kernel/sched/cpufreq_schedutil.c):
/// 1.25 * f_max * frequency-invariant utilisation, rounded up to the table. ondemand
/// (drivers/cpufreq/cpufreq_ondemand.c): the maximum above 80 % busy, else in proportion between
/// the hardware's limits. simple_ondemand (drivers/devfreq/governor_simpleondemand.c): the maximum
/// above 90 % busy, as it is above 85 %, else what would be 88 % busy. Any other governor keeps the
/// present clock.
std::int64_t GovernorKhz(std::string_view governor, double utilisation, std::int64_t present_khz,
                         const hardware::Limits& limits, std::span<const std::int64_t> table);

}  // namespace dynofa::emulator

#endif  // DYNOFA_DAEMON_EMULATOR_GOVERNOR_H_
