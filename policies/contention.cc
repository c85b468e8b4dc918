#include "policies/contention.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace dynofa::policies {
double Queue::TailMs(double mean_ms, double found_busy, double late_share) const {
  return mean_ms / (2.0 * (1.0 - busy_)) *
         std::log(found_busy / std::max(late_share, kLeastLateShare));
}

double Queue::ResponseMs(const Demand& own, double late_share) const {
  if (overloaded()) return std::numeric_limits<double>::infinity();
  const bool counted = own.rate_hz > 0.0;
  const double own_busy = counted ? own.service_ms * own.rate_hz / 1e3 : 0.0;
  const double others_busy = busy_ - own_busy;
  const double found_busy = others_busy + own_busy * std::min(1.0, own.variation);
  if (found_busy <= std::max(late_share, kNothing)) return own.service_ms;
  double wait_ms = 0.0;
  if (others_busy > std::max(late_share, kNothing)) {
    // The rest of the run in progress is spread evenly over its length.
    const double met = 1.0 - late_share / others_busy;
    const double longest = counted && own.service_ms >= longest_.longest_ms()
                               ? longest_.second_ms()
                               : longest_.longest_ms();
    const double one_each = each_ms_ - (counted ? own.service_ms : 0.0);
    wait_ms = std::max(met * longest,
                       std::min(met * one_each, TailMs(busy_ms_ / busy_, found_busy, late_share)));
  }
  if (uneven_ > kNothing) {
    wait_ms = std::max(wait_ms, TailMs(uneven_ms_ / uneven_, found_busy, late_share));
  }
  return own.service_ms + wait_ms;
}

Queue::Bound Queue::WaitBound() const {
  Bound bound;
  bound.even_ms_ = EvenResponseMs();
  bound.longest_ms_ = longest_.longest_ms();
  const double mean_ms = uneven_ > kNothing ? steepest_ms_ : busy_ms_ / std::max(busy_, kNothing);
  bound.slope_ms_ = mean_ms / (2.0 * (1.0 - busy_));
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
