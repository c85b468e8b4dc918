#include "daemon/manager/arrival_variation.h"

#include <algorithm>
#include <utility>

namespace dynofa::manager {
namespace {

constexpr int kFewestPairs = 8;
constexpr int kMemoryPairs = 100;

}  // namespace

void ArrivalVariation::Add(base::TimePoint arrival) {
  if (!last_) {
    last_ = arrival;
    return;
  }
  const double gap_s = std::max(0.0, base::ToSeconds(arrival - *last_));
  last_ = std::max(*last_, arrival);
  const double before_s = std::exchange(gap_s_, gap_s);
  const double both_s = gap_s + before_s;
  // Three requests at once say that there is a burst, not how uneven times are.
  if (before_s < 0.0 || both_s <= 0.0) return;
  const double contrast = (gap_s - before_s) / both_s;
  pairs_ = std::min(pairs_ + 1, kMemoryPairs);
  mean_ += (3.0 * contrast * contrast - mean_) / pairs_;
}

std::optional<double> ArrivalVariation::value() const {
  if (pairs_ < kFewestPairs) return std::nullopt;
  return mean_;
}

}  // namespace dynofa::manager
