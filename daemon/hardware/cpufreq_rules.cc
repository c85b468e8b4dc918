#include "daemon/hardware/cpufreq_rules.h"

#include <algorithm>

namespace dynofa::hardware {
namespace {

std::int64_t RoundDown(std::span<const std::int64_t> table, std::int64_t khz) {
  const auto above = std::upper_bound(table.begin(), table.end(), khz);
  return above == table.begin() ? table.front() : *(above - 1);
}

std::int64_t RoundUp(std::span<const std::int64_t> table, std::int64_t khz) {
  const auto at = std::lower_bound(table.begin(), table.end(), khz);
  return at == table.end() ? table.back() : *at;
}

}  // namespace

Limits EffectiveLimits(Limits requested, std::span<const std::int64_t> table,
                       std::int64_t cap_khz) {
  Limits limits = requested;
  if (cap_khz > 0) limits.max_khz = std::min(limits.max_khz, cap_khz);
  limits.min_khz = std::min(limits.min_khz, limits.max_khz);
  if (!table.empty()) {
    limits.max_khz = RoundDown(table, limits.max_khz);
    limits.min_khz = RoundUp(table, limits.min_khz);
    limits.min_khz = std::min(limits.min_khz, limits.max_khz);
  }
  return limits;
}

}  // namespace dynofa::hardware
