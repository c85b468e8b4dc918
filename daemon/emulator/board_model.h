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

/// What a cluster draws. Its voltage is that of `volts` where the operating points are known, and
/// else rises linearly from the lowest to the highest frequency.
///
///   active = capacitance_f * V^2 * f * utilisation
///   idle   = idle_share * capacitance_f * V^2 * f + leakage_w * (1 + leakage_per_k * (T - 25))
struct PowerCoefficients {
  double capacitance_f = 0.0;  ///< effective switched capacitance, farad
  double min_volt = 0.0;
  double max_volt = 0.0;
  std::vector<double> volts;  ///< one per frequency, or empty
  double idle_share = 0.0;    ///< clock tree and idle loop, as a share of full activity
  double leakage_w = 0.0;     ///< at 25 degrees C
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
  std::int64_t transition_us = 0;  ///< as the driver declares it; changes of the clock are at once
  /// What the kernel calls the driver of a CPU's clock. "intel_pstate" has no table to show, and
  /// its "powersave" follows the load.
  std::string driver;
  std::string device;  ///< of a GPU: its devfreq device, "17000000.gv11b"
  std::string node;    ///< of a GPU: its name in the device tree, "gv11b"
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

/// A power rail: `constant_w` plus the power of `clusters`; the power of the whole board if `total`
/// is set.
struct RailModel {
  std::string name;
  double constant_w = 0.0;
  std::vector<std::string> clusters;
  bool total = false;
  /// How the kernel shows it: "ina3221", "ina231", "rapl", or empty.
  std::string sensor;
  std::string device;  ///< "7-0040", "intel-rapl:0"
  int channel = 1;     ///< of an INA3221, from 1
  double volt = 5.0;   ///< of the rail, for sensors that show voltage and current
};

/// Where figures of a model come from, for docs and for `dynofa-board models`.
struct Source {
  /// "latency of gpu", or with a key of the board file "latency of gpu: launch_us".
  std::string figure;
  /// "published: ..." with the source, or "modelling choice: ..." with the reason.
  std::string origin;
};

/// An emulated board as data: what a board file (board_file.h) says.
struct BoardModel {
  std::string id;
  std::string name;
  /// The board file's text, by which another process can have the same model.
  std::string file_text;
  std::vector<ClusterModel> clusters;
  std::vector<ZoneModel> zones;
  std::vector<RailModel> rails;
  std::vector<policies::PowerMode> modes;
  double constant_w = 0.0;  ///< what the board draws besides its clusters and its rails' constants
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

/// Voltage and power of a cluster, V and W. `khz` is clamped to the table; `utilisation` in [0, 1].
double ClusterVolt(const ClusterModel& cluster, std::int64_t khz);
double ActivePowerW(const ClusterModel& cluster, std::int64_t khz, double utilisation);
double IdlePowerW(const ClusterModel& cluster, std::int64_t khz, double temperature_c);

}  // namespace dynofa::emulator

#endif  // DYNOFA_DAEMON_EMULATOR_BOARD_MODEL_H_
