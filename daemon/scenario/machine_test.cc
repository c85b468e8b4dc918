#include "daemon/scenario/machine.h"

#include <optional>
#include <vector>

#include "daemon/emulator/board_file.h"
#include "tests/support/catch.h"

namespace dynofa::scenario {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kCpu0 = 0;
constexpr std::size_t kGpu = 3;
constexpr std::int64_t kSlowKhz = 510000;
constexpr std::int64_t kFastKhz = 1109250;
const emulator::Workload kWork{235'000'000, 176, 54};

const emulator::BoardModel& Nx() { return *emulator::FindBoardModel("jetson-xavier-nx"); }
double Ms(std::int64_t khz, double share = 1.0) {
  return emulator::LatencyMs(*Nx().Find("gpu"), kWork, khz, share);
}

struct Bench {
  explicit Bench(const std::string& governor = "") : machine(Nx(), time, governor) {
    board = machine.NewBoard();
    machine.Start([this] { ++changes; });
  }

  void Pin(const std::string& cluster, std::int64_t khz) {
    board->Apply({{.cluster = cluster, .min_khz = khz, .max_khz = khz}},
                 [](const auto& result) { REQUIRE(result.ok()); });
    time.Advance(milliseconds(1));
  }

  void Run(std::size_t cluster) {
    compute.reset();
    machine.Begin(cluster, {.client = 0, .work = kWork, .done = [this](auto time_taken, bool ok) {
                              compute = base::ToMs(time_taken);
                              succeeded = ok;
                            }});
  }

  base::VirtualTime time;
  Machine machine;
  std::unique_ptr<hardware::Board> board;
  std::optional<double> compute;
  bool succeeded = false;
  int changes = 0;
};

TEST_CASE("a run takes the modelled time at the present clock") {
  Bench bench;
  bench.Pin("gpu", kSlowKhz);
  CHECK(bench.machine.khz(kGpu) == kSlowKhz);
  REQUIRE(bench.machine.Free(kGpu));
  bench.Run(kGpu);
  CHECK_FALSE(bench.machine.Free(kGpu));
  bench.time.Advance(seconds(1));
  CHECK(*bench.compute == Approx(Ms(kSlowKhz)).margin(1e-3));
  CHECK(bench.succeeded);
  CHECK(bench.machine.Free(kGpu));
}

TEST_CASE("a clock that changes, and a neighbour that comes, change the speed of what is left") {
  Bench bench;
  bench.Pin("gpu", kSlowKhz);
  bench.Run(kGpu);
  bench.time.Advance(base::FromMs(Ms(kSlowKhz) / 2.0));
  bench.board->Apply({{.cluster = "gpu", .min_khz = kFastKhz, .max_khz = kFastKhz}},
                     [](const auto&) {});
  bench.time.Advance(seconds(1));
  CHECK(*bench.compute == Approx((Ms(kSlowKhz) + Ms(kFastKhz)) / 2.0).margin(0.4));

  bench.Run(kGpu);
  bench.time.Advance(base::FromMs(Ms(kFastKhz) / 4.0));
  REQUIRE(bench.machine.SetNeighbour("gpu", 0.5).ok());
  bench.time.Advance(seconds(1));
  CHECK(*bench.compute == Approx(Ms(kFastKhz) * (0.25 + 1.5)).margin(1e-3));
}

TEST_CASE("a run is asked on its way, and may be stopped for another one") {
  Bench bench;
  bench.Pin("gpu", kSlowKhz);
  std::vector<double> shares;
  std::vector<double> ends_ms;
  Job job{.work = kWork, .done = [&](auto taken, bool ok) {
            CHECK_FALSE(ok);
            ends_ms.push_back(base::ToMs(taken));
            bench.Run(kGpu);
          }};
  job.ask_after = base::FromMs(Ms(kSlowKhz) / 4.0);
  job.ask_every = base::FromMs(Ms(kSlowKhz) / 8.0);
  job.go_on = [&](base::Duration elapsed, double share) {
    CHECK(base::ToMs(elapsed) == Approx(share * Ms(kSlowKhz)).margin(1e-3));
    shares.push_back(share);
    return shares.size() < 3;
  };
  bench.machine.Begin(kGpu, job);
  bench.time.Advance(seconds(1));
  REQUIRE(shares.size() == 3);
  CHECK(shares[0] == Approx(0.25).margin(1e-4));
  CHECK(shares[2] == Approx(0.5).margin(1e-4));
  REQUIRE(ends_ms.size() == 1);
  CHECK(ends_ms[0] == Approx(Ms(kSlowKhz) / 2.0).margin(1e-3));
  CHECK(*bench.compute == Approx(Ms(kSlowKhz)).margin(1e-3));
  CHECK(bench.succeeded);
}

TEST_CASE("a cluster that goes away fails its run and takes no other until it is back") {
  Bench bench;
  bench.Run(kGpu);
  bench.time.Advance(milliseconds(5));
  REQUIRE(bench.machine.SetAvailable("gpu", false).ok());
  CHECK(*bench.compute == Approx(5.0));
  CHECK_FALSE(bench.succeeded);
  CHECK_FALSE(bench.machine.Free(kGpu));
  CHECK(bench.changes == 0);
  REQUIRE(bench.machine.SetNeighbour("gpu", 0.5).ok());
  CHECK_FALSE(bench.machine.Free(kGpu));
  REQUIRE(bench.machine.SetAvailable("gpu", true).ok());
  CHECK(bench.machine.Free(kGpu));
  CHECK(bench.changes == 1);
  CHECK(absl::IsNotFound(bench.machine.SetAvailable("npu", true)));
}

TEST_CASE("energy is power times time, and its parts add up to the board's reading") {
  Bench bench;
  bench.Pin("gpu", kSlowKhz);
  bench.time.Advance(seconds(600));  // warm and in balance
  const auto power = [&] {
    double watt = 0.0;
    bench.board->Read([&](const auto& reading) { watt = reading->board_power_w; });
    bench.time.RunDue();
    return watt;
  };
  bench.machine.ResetCounts();
  const double idle_w = power();
  bench.time.Advance(seconds(10));
  CHECK(bench.machine.energy().BoardJ() == Approx(10.0 * idle_w).epsilon(1e-4));

  bench.machine.ResetCounts();
  bench.Run(kGpu);
  bench.time.Advance(seconds(1));
  const double run_s = *bench.compute * 1e-3;
  const double active_w = emulator::ActivePowerW(*Nx().Find("gpu"), kSlowKhz, 1.0);
  REQUIRE(bench.machine.energy().client_j.size() == 1);
  CHECK(bench.machine.energy().client_j[0] == Approx(active_w * run_s).epsilon(1e-6));
  CHECK(bench.machine.energy().client_busy_s[0] == Approx(run_s));
  CHECK(bench.machine.energy().BoardJ() == Approx(idle_w + active_w * run_s).epsilon(1e-3));

  bench.machine.ResetCounts();
  REQUIRE(bench.machine.SetNeighbour("gpu", 0.25).ok());
  bench.time.Advance(seconds(1));
  CHECK(bench.machine.energy().neighbours_j == Approx(0.25 * active_w).epsilon(1e-6));
}

TEST_CASE("governors that are left alone follow the load, and residency tells") {
  Bench bench("ondemand");
  bench.time.Advance(seconds(1));
  bench.machine.ResetCounts();
  const std::int64_t idle_khz = bench.machine.khz(kGpu);
  for (int i = 0; i < 20; ++i) {
    bench.Run(kGpu);
    while (!bench.machine.Free(kGpu)) bench.time.Advance(milliseconds(1));
  }
  CHECK(bench.machine.khz(kGpu) > idle_khz);
  CHECK(bench.machine.frequency_switches() > 0);
  double total = 0.0;
  for (const auto& [khz, share] : bench.machine.residency_s()[kGpu]) total += share;
  CHECK(total == Approx(base::ToSeconds(bench.time.Now() - base::TimePoint()) - 1.0));
  CHECK(bench.machine.residency_s()[kGpu].contains(kFastKhz));
  CHECK(bench.machine.residency_s()[kCpu0].size() == 1);
}

TEST_CASE("the governor that was there before holds where it is offered") {
  Bench bench("performance");
  bench.time.Advance(milliseconds(20));
  CHECK(bench.machine.khz(kGpu) == kFastKhz);
  Bench only_cpus("schedutil");
  only_cpus.time.Advance(milliseconds(20));
  CHECK(only_cpus.machine.khz(kGpu) < kFastKhz);
}

TEST_CASE("samples tell what happened in each tenth of a second") {
  Bench bench;
  bench.Pin("gpu", kFastKhz);
  bench.Run(kGpu);
  bench.time.Advance(seconds(1));
  const auto& samples = bench.machine.samples();
  REQUIRE(samples.size() == 10);
  CHECK(samples[0].end_s == Approx(0.1));
  CHECK(samples[0].clusters[kGpu].khz == kFastKhz);
  CHECK(samples[0].clusters[kGpu].busy == Approx(*bench.compute / 100.0).margin(1e-6));
  CHECK(samples[5].clusters[kGpu].busy == 0.0);
  CHECK(samples[0].power_w > samples[5].power_w);
}

}  // namespace
}  // namespace dynofa::scenario
