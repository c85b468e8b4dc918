#ifndef DYNOFA_POLICIES_POOLING_H_
#define DYNOFA_POLICIES_POOLING_H_

#include <span>
#include <vector>

#include "policies/operating_point.h"

namespace dynofa::policies {

/// Makes values that must not rise fall or stay, as close to what they were as possible: neighbours
/// that rise get their mean (isotonic regression by pooling adjacent violators; Barlow et al.,
/// "Statistical Inference under Order Restrictions", 1972).
void PoolRising(std::span<double> values);

/// The same with the latencies of each subnet (on each cluster, with each number of threads) over
/// its frequencies: what has a higher clock is not slower, whatever noise a profile has.
void PoolLatencies(std::vector<OperatingPoint>& points);

}  // namespace dynofa::policies

#endif  // DYNOFA_POLICIES_POOLING_H_
