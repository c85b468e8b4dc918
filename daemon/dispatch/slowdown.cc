#include "daemon/dispatch/slowdown.h"

#include <algorithm>
#include <cmath>

namespace dynofa::dispatch {

void Slowdown::Observe(double expected_ms, double measured_ms) {
  if (!(expected_ms > 0.0) || !std::isfinite(measured_ms)) return;
  const double ratio = std::clamp(measured_ms / expected_ms, kMinRatio, kMaxRatio);
  value_ += kWeight * (ratio - value_);
}

}  // namespace dynofa::dispatch
