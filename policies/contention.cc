#include "policies/contention.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace dynofa::policies {
double Utilisation(std::span<const Demand> demands) {
  double sum = 0.0;
  for (const Demand& demand : demands) sum += demand.service_ms * demand.rate_hz / 1e3;
  return sum;
}

double ResponseMs(std::span<const Demand> demands, std::size_t own, double percentile) {
  if (Utilisation(demands) >= kOverload) return std::numeric_limits<double>::infinity();
  const double service = demands[own].service_ms;
  double busy = 0.0;
  double rate = 0.0;
  double longest = 0.0;
  for (std::size_t i = 0; i < demands.size(); ++i) {
    if (i == own || demands[i].rate_hz <= 0.0) continue;
    busy += demands[i].service_ms * demands[i].rate_hz / 1e3;
    rate += demands[i].rate_hz;
    longest = std::max(longest, demands[i].service_ms);
  }
  const double late_share = 1.0 - percentile / 100.0;
  if (busy <= late_share || rate <= 0.0) return service;
  const double mean_service = busy * 1e3 / rate;
  const double tail =
      mean_service / (2.0 * (1.0 - busy)) * std::log(busy / std::max(late_share, 1e-4));
  return service + std::max(longest, tail);
}

}  // namespace dynofa::policies
