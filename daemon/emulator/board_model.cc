#include "daemon/emulator/board_model.h"

#include <algorithm>
#include <iterator>

namespace dynofa::emulator {
namespace {

std::int64_t Clamped(const ClusterModel& cluster, std::int64_t khz) {
  return std::clamp(khz, cluster.frequencies_khz.front(), cluster.frequencies_khz.back());
}

// Where `khz` is between two frequencies, 0..1.
double Place(std::int64_t khz, std::int64_t low, std::int64_t high) {
  return static_cast<double>(khz - low) / static_cast<double>(high - low);
}

double FullActivityW(const ClusterModel& cluster, std::int64_t khz) {
  const double volt = ClusterVolt(cluster, khz);
  return cluster.power.capacitance_f * volt * volt * static_cast<double>(Clamped(cluster, khz)) *
         1e3;
}

}  // namespace

double ClusterVolt(const ClusterModel& cluster, std::int64_t khz) {
  const PowerCoefficients& power = cluster.power;
  const auto& table = cluster.frequencies_khz;
  const std::int64_t clock = Clamped(cluster, khz);
  if (power.volts.empty()) {
    const double place = Place(clock, table.front(), table.back());
    return power.min_volt + (power.max_volt - power.min_volt) * place;
  }
  const auto above = static_cast<std::size_t>(
      std::distance(table.begin(), std::lower_bound(table.begin(), table.end(), clock)));
  if (above == 0) return power.volts.front();
  const double place = Place(clock, table[above - 1], table[above]);
  return power.volts[above - 1] + (power.volts[above] - power.volts[above - 1]) * place;
}

double ActivePowerW(const ClusterModel& cluster, std::int64_t khz, double utilisation) {
  return FullActivityW(cluster, khz) * std::clamp(utilisation, 0.0, 1.0);
}

double IdlePowerW(const ClusterModel& cluster, std::int64_t khz, double temperature_c) {
  const double leakage =
      cluster.power.leakage_w * (1.0 + cluster.power.leakage_per_k * (temperature_c - 25.0));
  return cluster.power.idle_share * FullActivityW(cluster, khz) + std::max(leakage, 0.0);
}

}  // namespace dynofa::emulator
