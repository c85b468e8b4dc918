#ifndef DYNOFA_DAEMON_EMULATOR_BOARD_MODEL_H_
#define DYNOFA_DAEMON_EMULATOR_BOARD_MODEL_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "policies/cluster.h"
#include "policies/power_mode.h"

namespace dynofa::emulator {

/// How long an inference takes on a cluster. With f the clock and F the highest one:
///
///   t = layers * launch_us * (1 - launch_clock_share + launch_clock_share * F / f)
///     + pixels * pixel_ns  * (1 - pixel_clock_share  + pixel_clock_share  * F / f)
///     + macs / (macs_per_cycle * f)
///
/// divided by the share of the cluster that others leave. The first term is what starting a layer
/// costs, the second the work that follows the size of the image (copies, layouts, elementwise
/// layers), the third the arithmetic.
struct LatencyCoefficients {
  double launch_us = 0.0;
  double launch_clock_share = 0.0;  ///< in [0, 1]
  double pixel_ns = 0.0;
  double pixel_clock_share = 0.0;  ///< in [0, 1]
  double macs_per_cycle = 1.0;
};

/// What a cluster draws. Voltage rises linearly from the lowest to the highest frequency.
///
///   active = capacitance_f * V^2 * f * utilisation
///   idle   = idle_share * capacitance_f * V^2 * f + leakage_w * (1 + leakage_per_k * (T - 25))
struct PowerCoefficients {
  double capacitance_f = 0.0;  ///< effective switched capacitance, farad
  double min_volt = 0.0;
  double max_volt = 0.0;
  double idle_share = 0.0;  ///< clock tree and idle loop, as a share of full activity
  double leakage_w = 0.0;   ///< at 25 degrees C
  double leakage_per_k = 0.0;
};

struct ClusterModel {
  std::string id;
  policies::ClusterKind kind = policies::ClusterKind::kCpu;
  int cores = 1;
  std::vector<std::int64_t> frequencies_khz;  ///< ascending
  std::vector<std::string> governors;
  std::string default_governor;
  std::int64_t default_min_khz = 0;
  std::int64_t default_max_khz = 0;
  LatencyCoefficients latency;
  PowerCoefficients power;
  std::string zone;  ///< the thermal zone that it heats
};

/// A thermal zone: temperature goes towards
///   ambient + board_k_per_w * board power + k_per_w * power of its clusters
/// with one time constant. From `trip_c` on its clusters are capped one table step per polling
/// interval; below `trip_c - hysteresis_c` the cap goes away as it came.
struct ZoneModel {
  std::string type;
  double k_per_w = 0.0;
  double tau_s = 1.0;
  double trip_c = 0.0;  ///< 0 = never throttles
  double hysteresis_c = 2.0;
};

/// A power rail: `constant_w` plus the power of all clusters if `clusters` is set, plus all other
/// rails if `total` is set.
struct RailModel {
  std::string name;
  double constant_w = 0.0;
  bool clusters = false;
  bool total = false;
};

/// Where a figure of a model comes from, for docs and for `dynofa-board models`.
struct Source {
  std::string figure;
  /// "published: ..." with the source, or "modelling choice: ..." with the reason.
  std::string origin;
};

/// An emulated board as data.
struct BoardModel {
  std::string id;
  std::string name;
  std::vector<ClusterModel> clusters;
  std::vector<ZoneModel> zones;
  std::vector<RailModel> rails;
  std::vector<policies::PowerMode> modes;
  double ambient_c = 25.0;
  double board_k_per_w = 0.0;
  double thermal_poll_s = 0.5;
  /// However much others take, an inference gets at least this share of a cluster that is up.
  double least_share = 0.1;
  std::vector<Source> sources;

  const ClusterModel* Find(std::string_view cluster) const {
    for (const ClusterModel& model : clusters) {
      if (model.id == cluster) return &model;
    }
    return nullptr;
  }
};

/// The model of that id, or nullptr. The boards are listed in board_model.cc.
const BoardModel* FindBoardModel(std::string_view id);

/// The ids of all models.
std::vector<std::string> BoardModelIds();

/// Voltage and power of a cluster, V and W. `khz` is clamped to the table; `utilisation` in [0, 1].
double ClusterVolt(const ClusterModel& cluster, std::int64_t khz);
double ActivePowerW(const ClusterModel& cluster, std::int64_t khz, double utilisation);
double IdlePowerW(const ClusterModel& cluster, std::int64_t khz, double temperature_c);

}  // namespace dynofa::emulator

#endif  // DYNOFA_DAEMON_EMULATOR_BOARD_MODEL_H_
