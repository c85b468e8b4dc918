// The coefficients of the Jetson Xavier NX, once more: its board file is frozen, so that figures of
// different days are of the same board. Who changes it on purpose changes both.

#include "daemon/emulator/board_file.h"
#include "tests/support/catch.h"

namespace dynofa::emulator {
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
  cluster.governors = {"simple_ondemand", "userspace", "performance"};
  cluster.default_governor = "simple_ondemand";
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

BoardModel Frozen() {
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
      {.name = "VDD_CPU_GPU_CV", .clusters = {"cpu0", "cpu2", "cpu4", "gpu"}},
      {.name = "VDD_SOC", .constant_w = 0.65},
  };
  board.modes = NvpModes();
  board.board_k_per_w = 2.5;
  return board;
}

void CheckSame(const ClusterModel& a, const ClusterModel& b) {
  CHECK(a.id == b.id);
  CHECK(a.kind == b.kind);
  CHECK(a.cores == b.cores);
  CHECK(a.frequencies_khz == b.frequencies_khz);
  CHECK(a.governors == b.governors);
  CHECK(a.default_governor == b.default_governor);
  CHECK(a.default_min_khz == b.default_min_khz);
  CHECK(a.default_max_khz == b.default_max_khz);
  CHECK(a.latency.launch_us == b.latency.launch_us);
  CHECK(a.latency.launch_clock_share == b.latency.launch_clock_share);
  CHECK(a.latency.pixel_ns == b.latency.pixel_ns);
  CHECK(a.latency.pixel_clock_share == b.latency.pixel_clock_share);
  CHECK(a.latency.macs_per_cycle == b.latency.macs_per_cycle);
  CHECK(a.power.capacitance_f == b.power.capacitance_f);
  CHECK(a.power.min_volt == b.power.min_volt);
  CHECK(a.power.max_volt == b.power.max_volt);
  CHECK(a.power.volts == b.power.volts);
  CHECK(a.power.idle_share == b.power.idle_share);
  CHECK(a.power.leakage_w == b.power.leakage_w);
  CHECK(a.power.leakage_per_k == b.power.leakage_per_k);
  CHECK(a.zone == b.zone);
}

void CheckSame(const ZoneModel& a, const ZoneModel& b) {
  CHECK(a.type == b.type);
  CHECK(a.k_per_w == b.k_per_w);
  CHECK(a.tau_s == b.tau_s);
  CHECK(a.trip_c == b.trip_c);
  CHECK(a.hysteresis_c == b.hysteresis_c);
}

void CheckSame(const RailModel& a, const RailModel& b) {
  CHECK(a.name == b.name);
  CHECK(a.constant_w == b.constant_w);
  CHECK(a.clusters == b.clusters);
  CHECK(a.total == b.total);
}

void CheckSame(const policies::PowerMode& a, const policies::PowerMode& b) {
  CHECK(a.name == b.name);
  CHECK(a.description == b.description);
  CHECK(a.max_khz == b.max_khz);
  CHECK(a.max_cores == b.max_cores);
  CHECK(a.max_power_w == b.max_power_w);
}

template <typename T>
void CheckSame(const std::vector<T>& a, const std::vector<T>& b) {
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) CheckSame(a[i], b[i]);
}

TEST_CASE("The board file of the Jetson Xavier NX holds the frozen coefficients") {
  const BoardModel* file = FindBoardModel("jetson-xavier-nx");
  REQUIRE(file != nullptr);
  const BoardModel frozen = Frozen();
  CHECK(file->id == frozen.id);
  CHECK(file->name == frozen.name);
  CheckSame(file->clusters, frozen.clusters);
  CheckSame(file->zones, frozen.zones);
  CheckSame(file->rails, frozen.rails);
  CheckSame(file->modes, frozen.modes);
  CHECK(file->constant_w == frozen.constant_w);
  CHECK(file->ambient_c == frozen.ambient_c);
  CHECK(file->board_k_per_w == frozen.board_k_per_w);
  CHECK(file->thermal_poll_s == frozen.thermal_poll_s);
  CHECK(file->least_share == frozen.least_share);
}

}  // namespace
}  // namespace dynofa::emulator
