#include "daemon/dispatch/foresight.h"

#include <algorithm>

namespace dynofa::dispatch {

void Foresight::Observe(double foreseen_ms, double actual_ms) {
  if (!(actual_ms > 0.0)) return;
  const double error = std::clamp(foreseen_ms / actual_ms - 1.0, -kMost, kMost);
  mean_square_ += kWeight * (error * error - mean_square_);
}

}  // namespace dynofa::dispatch
