#include "daemon/emulator/governor.h"

#include <algorithm>
#include <cmath>

namespace dynofa::emulator {
namespace {

constexpr double kHeadroom = 1.25;
constexpr double kOndemandUpThreshold = 0.8;
constexpr double kDevfreqUpThreshold = 0.9;
constexpr double kDevfreqDownThreshold = 0.85;
constexpr double kDevfreqTarget = 0.88;

double OndemandTarget(double utilisation, std::int64_t max_khz,
                      std::span<const std::int64_t> table) {
  if (utilisation > kOndemandUpThreshold) return static_cast<double>(max_khz);
  const double low = static_cast<double>(table.front());
  const double high = static_cast<double>(table.back());
  return low + utilisation * (high - low);
}

// CPUFREQ_RELATION_L: the lowest entry at or above the target, within the limits.
std::int64_t AtOrAbove(double target, const hardware::Limits& limits,
                       std::span<const std::int64_t> table) {
  const auto khz = static_cast<std::int64_t>(std::ceil(target));
  const auto entry = std::lower_bound(table.begin(), table.end(), khz);
  return std::clamp(entry == table.end() ? table.back() : *entry, limits.min_khz, limits.max_khz);
}

}  // namespace

std::int64_t GovernorKhz(std::string_view governor, double utilisation, std::int64_t present_khz,
                         const hardware::Limits& limits, std::span<const std::int64_t> table) {
  if (governor == "performance") return limits.max_khz;
  if (governor == "powersave") return limits.min_khz;
  if (governor == "schedutil") {
    // utilisation * present / f_max is frequency-invariant; f_max cancels.
    return AtOrAbove(kHeadroom * utilisation * static_cast<double>(present_khz), limits, table);
  }
  if (governor == "ondemand") {
    return AtOrAbove(OndemandTarget(utilisation, limits.max_khz, table), limits, table);
  }
  if (governor == "simple_ondemand" && utilisation > kDevfreqUpThreshold) return limits.max_khz;
  if (governor == "simple_ondemand" && utilisation <= kDevfreqDownThreshold) {
    return AtOrAbove(utilisation * static_cast<double>(present_khz) / kDevfreqTarget, limits,
                     table);
  }
  return std::clamp(present_khz, limits.min_khz, limits.max_khz);
}

}  // namespace dynofa::emulator
