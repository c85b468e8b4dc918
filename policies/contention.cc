#include "policies/contention.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace dynofa::policies {

double Queue::ResponseMs(const Demand& own, double late_share) const {
  if (overloaded()) return std::numeric_limits<double>::infinity();
  const bool counted = own.rate_hz > 0.0;
  const double others_rate = rate_hz_ - own.rate_hz;
  const double others_busy = busy_ - own.service_ms * own.rate_hz / 1e3;
  // What is left after the own share is taken off may be rounding alone.
  constexpr double kNothing = 1e-9;
  if (others_busy <= std::max(late_share, kNothing) || others_rate <= kNothing) {
    return own.service_ms;
  }
  const double longest = counted && own.service_ms >= longest_ms_ ? second_ms_ : longest_ms_;
  const double mean_service = others_busy * 1e3 / others_rate;
  const double tail = mean_service / (2.0 * (1.0 - others_busy)) *
                      std::log(others_busy / std::max(late_share, kLeastLateShare));
  return own.service_ms + std::max(longest, tail);
}

Queue::Bound Queue::WaitBound() const {
  Bound bound;
  bound.longest_ms_ = longest_ms_;
  // The others' mean run is no longer than the longest, and they are busy no more than all are.
  bound.slope_ms_ = longest_ms_ / (2.0 * (1.0 - busy_));
  bound.log_busy_ = std::log(std::max(busy_, kLeastLateShare));
  return bound;
}

double Utilisation(std::span<const Demand> demands) {
  Queue queue;
  for (const Demand& demand : demands) queue.Add(demand);
  return queue.utilisation();
}

double ResponseMs(std::span<const Demand> demands, std::size_t own, double percentile) {
  Queue queue;
  for (const Demand& demand : demands) queue.Add(demand);
  return queue.ResponseMs(demands[own], 1.0 - percentile / 100.0);
}

}  // namespace dynofa::policies
