#include "daemon/emulator/latency_model.h"

#include <algorithm>

namespace dynofa::emulator {
namespace {

// A term of which only a part follows the clock.
double Scaled(double at_full_clock, double clock_share, double slower) {
  return at_full_clock * (1.0 - clock_share + clock_share * slower);
}

}  // namespace

double ContentionShare(const BoardModel& board, double foreign_load) {
  return std::clamp(1.0 - foreign_load, board.least_share, 1.0);
}

double LatencyMs(const ClusterModel& cluster, const Workload& work, std::int64_t khz,
                 double share) {
  const auto& table = cluster.frequencies_khz;
  const std::int64_t clock = khz <= 0 ? table.back() : std::clamp(khz, table.front(), table.back());
  const double slower = static_cast<double>(table.back()) / static_cast<double>(clock);
  const LatencyCoefficients& c = cluster.latency;
  const int layers = work.layers > 0 ? work.layers : kTypicalLayers;
  const double pixels = static_cast<double>(work.resolution) * work.resolution;
  const double launch_ms = Scaled(layers * c.launch_us * 1e-3, c.launch_clock_share, slower);
  const double pixel_ms = Scaled(pixels * c.pixel_ns * 1e-6, c.pixel_clock_share, slower);
  const double mac_ms =
      static_cast<double>(work.macs) / (c.macs_per_cycle * static_cast<double>(clock));
  return (launch_ms + pixel_ms + mac_ms) / share;
}

}  // namespace dynofa::emulator
