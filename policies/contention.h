#ifndef DYNOFA_POLICIES_CONTENTION_H_
#define DYNOFA_POLICIES_CONTENTION_H_

#include <cstddef>
#include <span>

namespace dynofa::policies {

/// One session's use of a cluster that runs one inference at a time.
struct Demand {
  double service_ms = 0.0;  ///< compute time of one inference
  double rate_hz = 0.0;     ///< inferences per second
};

/// Utilisation from which on a cluster counts as overloaded.
inline constexpr double kOverload = 0.95;

/// Share of the cluster's time that the demands take; above 1 the queue grows without end.
double Utilisation(std::span<const Demand> demands);

/// Response time, queue included, that `percentile` percent of the requests of demand `own` stay
/// below, ms.
///
/// A session's own requests are taken as evenly spaced (a camera), so it waits only for others:
/// at most for the rest of the run in progress, and for what they have queued. The queue is that
/// of M/D/1 with the others' utilisation, its tail taken as exponential. Infinity when the
/// cluster is overloaded (utilisation of kOverload or more).
double ResponseMs(std::span<const Demand> demands, std::size_t own, double percentile);

}  // namespace dynofa::policies

#endif  // DYNOFA_POLICIES_CONTENTION_H_
