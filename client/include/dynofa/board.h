#ifndef DYNOFA_BOARD_H_
#define DYNOFA_BOARD_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dynofa/types.h"

// What the daemon found of the machine that it runs on.

namespace dynofa::client {

/// A place where inference can run, or that was found and is shown.
struct BoardCluster {
  std::string id;
  /// "cpu", "gpu", "npu", "dla" or "fpga".
  std::string kind;
  /// The kernel's driver of its clock.
  std::string driver;
  int cores = 1;
  std::vector<int> host_cpus;
  /// Of a CPU, in 1024ths of the machine's fastest; 0: unknown.
  int capacity = 0;
  /// That can be set, ascending; steps of a range if `continuous`.
  std::vector<std::int64_t> frequencies_khz;
  bool continuous = false;
  std::vector<std::string> governors;
  /// May governor and limits of its clock be written?
  bool writable = false;
  std::string read_only_reason;
  /// Can inferences run on it?
  bool runs = true;
  bool available = true;
  std::int64_t frequency_khz = 0;  ///< 0: unknown
  ClusterSetting present;
  std::int64_t limit_khz = 0;  ///< 0: none
  std::string limited_by;
  /// Share that other programs use, 0..1.
  double foreign_load = 0.0;
};

/// A temperature at which the kernel does something.
struct Trip {
  std::string type;
  double temperature_c = 0.0;
};

struct Zone {
  std::string type;
  std::vector<std::string> clusters;
  std::vector<Trip> trips;
  std::optional<double> temperature_c;
};

struct BoardRail {
  std::string name;
  std::string source;
  /// Is it a part of the board's power, or all of it?
  bool in_board_power = false;
  std::optional<double> power_w;
};

/// Something that was found and is neither cluster, zone nor rail.
struct Finding {
  std::string kind;
  std::string name;
  std::string source;
  std::string value;
};

struct Board {
  std::string name;
  /// Id of the emulated board; empty on real hardware.
  std::string emulated_board;
  std::vector<BoardCluster> clusters;
  std::vector<Zone> zones;
  std::vector<BoardRail> rails;
  std::optional<double> board_power_w;
  /// Of the powers: "measured" or "emulated"; empty without a rail.
  std::string power_label;
  std::optional<std::int64_t> memory_khz;
  /// Share of ten seconds in which some task waited for a CPU, 0..1.
  std::optional<double> cpu_pressure;
  std::vector<std::string> vendor_modes;
  std::vector<Finding> findings;
  /// What is missing and why, a sentence each.
  std::vector<std::string> notes;
};

}  // namespace dynofa::client

#endif  // DYNOFA_BOARD_H_
