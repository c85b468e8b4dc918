#ifndef DYNOFA_POLICIES_THREADS_H_
#define DYNOFA_POLICIES_THREADS_H_

#include <span>
#include <string>

#include "policies/operating_point.h"
#include "policies/power_mode.h"

namespace dynofa::policies {

/// More threads are taken only where they shorten a run to less than this share of its time with
/// fewer: below that the gain is lost in the spread, and the other cores stay free.
inline constexpr double kThreadGain = 0.95;

/// Threads that one inference may have on a cluster: the cores that the mode leaves it.
int MaxThreads(const PowerMode& mode, const std::string& cluster);

/// Of points that differ in their threads only, the one to run with: the fastest one that is worth
/// its threads, of those with at most `max_threads`. nullptr if there is none.
const OperatingPoint* PickThreads(std::span<const OperatingPoint* const> points, int max_threads);

}  // namespace dynofa::policies

#endif  // DYNOFA_POLICIES_THREADS_H_
