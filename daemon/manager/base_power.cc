#include "daemon/manager/base_power.h"

#include <algorithm>

namespace dynofa::manager {
namespace {

/// Weight of the newest reading: window and reading do not cover quite the same time.
constexpr double kWeight = 0.2;

}  // namespace

void BasePower::EndWindow(base::Duration length) {
  inference_w_ = window_mj_ / std::max(base::ToMs(length), 1.0);
  window_mj_ = 0.0;
}

void BasePower::Update(const hardware::BoardReading& reading) {
  if (!(reading.board_power_w > 0.0)) return;
  double rest = reading.board_power_w - inference_w_;
  for (const hardware::ClusterReading& cluster : reading.clusters) rest -= cluster.static_power_w;
  rest = std::max(rest, 0.0);
  watt_ = known_ ? watt_ + kWeight * (rest - watt_) : rest;
  known_ = true;
}

}  // namespace dynofa::manager
