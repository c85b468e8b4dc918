// NVIDIA Jetson Xavier NX (T194, module p3668): six Carmel cores in three clusters of two, a Volta
// GPU of six SMs. Every figure is listed with its origin in Sources().
#include "daemon/emulator/boards/boards.h"

namespace dynofa::emulator::boards {
namespace {

// 25 steps of 76.8 MHz, the last one 25.6 MHz.
std::vector<std::int64_t> CpuTable() {
  std::vector<std::int64_t> table;
  for (std::int64_t khz = 115200; khz <= 1881600; khz += 76800) table.push_back(khz);
  table.push_back(1907200);
  return table;
}

ClusterModel Carmel(const std::string& id) {
  ClusterModel cluster;
  cluster.id = id;
  cluster.kind = policies::ClusterKind::kCpu;
  cluster.cores = 2;
  cluster.frequencies_khz = CpuTable();
  cluster.governors = {"ondemand", "powersave", "performance", "schedutil"};
  cluster.default_governor = "schedutil";
  cluster.default_min_khz = 1190400;
  cluster.default_max_khz = 1907200;
  cluster.latency = {.launch_us = 80.0,
                     .launch_clock_share = 1.0,
                     .pixel_ns = 200.0,
                     .pixel_clock_share = 0.5,
                     .macs_per_cycle = 1.05};
  cluster.power = {.capacitance_f = 1.0e-9,
                   .min_volt = 0.65,
                   .max_volt = 1.05,
                   .idle_share = 0.05,
                   .leakage_w = 0.08,
                   .leakage_per_k = 0.012};
  cluster.zone = "CPU-therm";
  return cluster;
}

ClusterModel Volta() {
  ClusterModel cluster;
  cluster.id = "gpu";
  cluster.kind = policies::ClusterKind::kGpu;
  cluster.cores = 1;
  cluster.frequencies_khz = {114750, 204000, 306000, 408000, 510000,  599250,  701250, 752250,
                             803250, 854250, 905250, 956250, 1007250, 1058250, 1109250};
  cluster.governors = {"ondemand", "powersave", "performance"};
  cluster.default_governor = "ondemand";
  cluster.default_min_khz = 114750;
  cluster.default_max_khz = 1109250;
  cluster.latency = {.launch_us = 60.0,
                     .launch_clock_share = 0.0,
                     .pixel_ns = 1050.0,
                     .pixel_clock_share = 0.34,
                     .macs_per_cycle = 69.3};
  cluster.power = {.capacitance_f = 5.4e-9,
                   .min_volt = 0.65,
                   .max_volt = 1.0,
                   .idle_share = 0.02,
                   .leakage_w = 0.12,
                   .leakage_per_k = 0.012};
  cluster.zone = "GPU-therm";
  return cluster;
}

// One row of the nvpmodel table: cores on (two per cluster), caps, budget.
policies::PowerMode Mode(const std::string& name, int cores, std::int64_t cpu_khz,
                         std::int64_t gpu_khz, double watt) {
  policies::PowerMode mode;
  mode.name = name;
  mode.description = "nvpmodel " + name;
  mode.max_khz = {{"cpu0", cpu_khz}, {"cpu2", cpu_khz}, {"cpu4", cpu_khz}, {"gpu", gpu_khz}};
  mode.max_cores = {{"cpu0", 2}, {"cpu2", cores >= 4 ? 2 : 0}, {"cpu4", cores >= 6 ? 2 : 0}};
  mode.max_power_w = watt;
  return mode;
}

std::vector<policies::PowerMode> NvpModes() {
  return {
      Mode("15W_2CORE", 2, 1907200, 1109250, 15), Mode("15W_4CORE", 4, 1420800, 1109250, 15),
      Mode("15W_6CORE", 6, 1420800, 1109250, 15), Mode("10W_2CORE", 2, 1497600, 803250, 10),
      Mode("10W_4CORE", 4, 1190400, 803250, 10),  Mode("10W_DESKTOP", 4, 1907200, 510000, 10),
      Mode("20W_2CORE", 2, 1907200, 1109250, 20), Mode("20W_4CORE", 4, 1420800, 1109250, 20),
      Mode("20W_6CORE", 6, 1420800, 1109250, 20),
  };
}

std::vector<Source> Sources() {
  return {
      {"clusters, GPU table, nvpmodel modes, CPU minimum of 1190400 kHz",
       "published: nvpmodel_t194_p3668.conf of JetPack 5.0.2, L4T r35.4.1 developer guide"},
      {"CPU table",
       "modelling choice: the 76.8 MHz grid that AGX Xavier publishes; its end and every "
       "nvpmodel cap lie on it"},
      {"rails VDD_IN, VDD_CPU_GPU_CV, VDD_SOC", "published: INA3221 channels of the module"},
      {"constant parts of the rails",
       "modelling choice: from one published tegrastats line (VDD_IN 2.76 W, CPU_GPU_CV 0.65 W, "
       "SOC 0.65 W while nearly idle at 1.19 GHz)"},
      {"GPU latency at the highest clock",
       "modelling choice: within 15 % of the six latencies (41 to 62 ms) published with the "
       "Dynamic-OFA sub-nets of width 1.2"},
      {"GPU latency against the clock",
       "published: Dynamic-OFA figure 1, 43 ms at 1.1 GHz and 49 ms at 803 MHz"},
      {"CPU latency",
       "modelling choice: a blocked FP32 runtime on two Carmel cores, three to four times as fast "
       "as the 0.5 to 1.9 s of Dynamic-OFA's PyTorch"},
      {"cost of launching a layer",
       "modelling choice: lets depth count in networks of a few "
       "million multiply-adds"},
      {"voltages, capacitances, leakage",
       "modelling choice: no power per frequency is published; the 15 W modes stay below 15 W "
       "with everything busy"},
      {"throttling at 90.5 degrees C, polling every 0.5 s",
       "published: notes of a third-party carrier, mainline device tree"},
      {"thermal resistances and time constants", "modelling choice"},
      {"contention: an inference gets 1 - load of a cluster, at least a tenth", "modelling choice"},
  };
}

BoardModel Make() {
  BoardModel board;
  board.id = "jetson-xavier-nx";
  board.name = "Jetson Xavier NX";
  board.clusters = {Carmel("cpu0"), Carmel("cpu2"), Carmel("cpu4"), Volta()};
  board.zones = {
      {.type = "CPU-therm", .k_per_w = 1.2, .tau_s = 15.0, .trip_c = 90.5},
      {.type = "GPU-therm", .k_per_w = 1.0, .tau_s = 15.0, .trip_c = 90.5},
      {.type = "AUX-therm", .k_per_w = 0.0, .tau_s = 40.0},
  };
  board.rails = {
      {.name = "VDD_IN", .constant_w = 1.45, .total = true},
      {.name = "VDD_CPU_GPU_CV", .clusters = true},
      {.name = "VDD_SOC", .constant_w = 0.65},
  };
  board.modes = NvpModes();
  board.board_k_per_w = 2.5;
  board.sources = Sources();
  return board;
}

}  // namespace

const BoardModel& JetsonXavierNx() {
  static const BoardModel board = Make();
  return board;
}

}  // namespace dynofa::emulator::boards
