#include "daemon/emulator/paced_executor.h"

#include <thread>

#include "daemon/base/virtual_time.h"
#include "daemon/emulator/board_file.h"
#include "daemon/emulator/emulated_cost_model.h"
#include "daemon/emulator/latency_model.h"
#include "tests/support/catch.h"

namespace dynofa::emulator {
namespace {

using namespace std::chrono_literals;

class FakeSubnet final : public engine::PreparedSubnet {
 public:
  const engine::SubnetInfo& info() const override { return info_; }
  absl::Status RunParts(std::span<const float>, std::span<float>, engine::Workspace&,
                        engine::PartDone) const override {
    return absl::OkStatus();
  }

 private:
  engine::SubnetInfo info_{.id = "s", .resolution = 32, .macs = 5'000'000, .layers = 30};
};

class FakeSupernet final : public engine::Supernet {
 public:
  const engine::ModelInfo& info() const override { return info_; }
  std::string_view backend() const override { return "fake"; }
  absl::StatusOr<std::shared_ptr<const engine::PreparedSubnet>> Prepare(std::string_view) override {
    return absl::UnimplementedError("fake");
  }
  absl::StatusOr<std::unique_ptr<engine::Workspace>> NewWorkspace(int) override {
    return absl::UnimplementedError("fake");
  }

 private:
  engine::ModelInfo info_;
};

// Work that takes a given time on the virtual line.
class FakeExecutor final : public engine::Executor {
 public:
  FakeExecutor(base::VirtualTime& time, base::Duration takes) : time_(time), takes_(takes) {}
  absl::StatusOr<engine::RunResult> Run(engine::Supernet&, const engine::PreparedSubnet&,
                                        const engine::Tensor&,
                                        const engine::RunSettings& settings) override {
    CHECK_FALSE(settings.go_on);
    time_.Advance(takes_);
    engine::RunResult result;
    result.compute = takes_;
    return result;
  }

 private:
  base::VirtualTime& time_;
  base::Duration takes_;
};

class VirtualWaiter final : public Waiter {
 public:
  explicit VirtualWaiter(base::VirtualTime& time) : time_(time) {}
  bool WaitUntil(base::TimePoint when) override {
    ++waits;
    if (!interrupted) time_.RunUntil(when);
    return !interrupted;
  }
  void Interrupt() override { interrupted = true; }
  bool interrupted = false;
  int waits = 0;

 private:
  base::VirtualTime& time_;
};

struct Fixture {
  base::VirtualTime time;
  VirtualWaiter waiter{time};
  std::shared_ptr<ClusterConditions> conditions = std::make_shared<ClusterConditions>();
  const BoardModel& board = *FindBoardModel("jetson-xavier-nx");
  const ClusterModel& cluster = *board.Find("cpu0");
  FakeSupernet supernet;
  FakeSubnet subnet;
  const base::TimePoint start = time.Now();
  std::vector<double> shares;

  absl::StatusOr<engine::RunResult> Run(base::Duration real, const engine::RunSettings& settings) {
    PacedExecutor executor(std::make_unique<FakeExecutor>(time, real), board, cluster, conditions,
                           time, waiter);
    return executor.Run(supernet, subnet, engine::Tensor{}, settings);
  }
  absl::StatusOr<engine::RunResult> Run(base::Duration real, std::int64_t khz) {
    return Run(real, engine::RunSettings{.frequency_khz = khz});
  }
  // Settings of a run that notes what it is asked and goes on below `stop_at`.
  engine::RunSettings Asked(double stop_at, bool alone = true) {
    engine::RunSettings settings{.frequency_khz = 729600};
    settings.go_on = [this, stop_at, alone, begun = time.Now()](base::Duration elapsed,
                                                                double share) {
      CHECK(time.Now() - begun == elapsed);
      if (alone) CHECK(base::ToMs(elapsed) == Approx(share * ModelledMs(729600)));
      shares.push_back(share);
      return share < stop_at;
    };
    return settings;
  }
  double ModelledMs(std::int64_t khz, double share = 1.0) {
    return LatencyMs(cluster, WorkloadOf(subnet.info()), khz, share);
  }
};

TEST_CASE("A run takes the modelled time at the given clock and says that it is emulated") {
  Fixture f;
  const auto result = f.Run(100us, 729600);
  REQUIRE(result.ok());
  CHECK(result->evidence == policies::Evidence::kEmulated);
  CHECK_FALSE(result->overrun);
  CHECK(base::ToMs(result->compute) == Approx(f.ModelledMs(729600)));
  CHECK(f.time.Now() - f.start == result->compute);
}

TEST_CASE("A neighbour slows a run down") {
  Fixture f;
  f.conditions->foreign_load = 0.5;
  CHECK(base::ToMs(f.Run(100us, 729600)->compute) == Approx(f.ModelledMs(729600, 0.5)));
}

TEST_CASE("A neighbour slows the rest of a run down, and is gone when it goes") {
  Fixture f;
  const double alone_ms = f.ModelledMs(729600);
  f.time.PostDelayed(base::FromMs(alone_ms * 0.49), [&] { f.conditions->foreign_load = 0.5; });
  CHECK(base::ToMs(f.Run(100us, f.Asked(1.0, false))->compute) == Approx(alone_ms * 1.5));
  CHECK(f.shares.size() == 15);
  CHECK(base::ToMs(f.time.Now() - f.start) == Approx(alone_ms * 1.5));

  f.time.PostDelayed(base::FromMs(alone_ms * 0.99), [&] { f.conditions->foreign_load = 0.0; });
  CHECK(base::ToMs(f.Run(100us, f.Asked(1.0, false))->compute) == Approx(alone_ms * 1.5));
}

TEST_CASE("Neighbours are looked for now and then where nobody asks, too") {
  Fixture f;
  const double alone_ms = f.ModelledMs(729600);
  f.time.PostDelayed(base::FromMs(alone_ms * 0.5), [&] { f.conditions->foreign_load = 0.5; });
  const auto compute = f.Run(100us, 729600)->compute;
  CHECK(base::ToMs(compute) == Approx(alone_ms * 1.5).margin(2.0));
  CHECK(f.waiter.waits <= static_cast<int>(alone_ms * 1.5) + 1);
}

TEST_CASE("Work that is slower than the model is an overrun and keeps its own time") {
  Fixture f;
  const auto result = f.Run(1s, 1907200);
  REQUIRE(result.ok());
  CHECK(result->overrun);
  CHECK(result->compute == 1s);
  CHECK(result->evidence == policies::Evidence::kMeasured);
  CHECK(f.conditions->overruns == 1);
}

TEST_CASE("A run is asked at every sixteenth of its modelled time") {
  Fixture f;
  const auto result = f.Run(0us, f.Asked(1.0));
  REQUIRE(result.ok());
  CHECK(base::ToMs(result->compute) == Approx(f.ModelledMs(729600)));
  CHECK(f.time.Now() - f.start == result->compute);
  REQUIRE(f.shares.size() == 15);
  for (std::size_t i = 0; i < 15; ++i) CHECK(f.shares[i] == static_cast<double>(i + 1) / 16);
  CHECK(f.waiter.waits == 16);
}

TEST_CASE("A run is asked neither before it is to be nor while the real work is done") {
  Fixture f;
  engine::RunSettings settings = f.Asked(1.0);
  settings.ask_after = base::FromMs(f.ModelledMs(729600) * 0.7);
  REQUIRE(f.Run(0us, settings).ok());
  CHECK(f.shares == std::vector<double>{0.75, 0.8125, 0.875, 0.9375});

  Fixture late;
  REQUIRE(late.Run(base::FromMs(late.ModelledMs(729600) * 0.9), late.Asked(1.0)).ok());
  CHECK(late.shares == std::vector<double>{0.9375});

  Fixture never;
  settings = never.Asked(1.0);
  settings.ask_after = 1h;
  REQUIRE(never.Run(0us, settings).ok());
  CHECK(never.shares.empty());

  Fixture overrun;
  CHECK(overrun.Run(1s, overrun.Asked(0.0))->overrun);
  CHECK(overrun.shares.empty());
}

TEST_CASE("A stopped run ends when it is told to, and the next is as ever") {
  Fixture f;
  CHECK(f.Run(100us, f.Asked(0.5)).status().code() == absl::StatusCode::kAborted);
  CHECK(f.shares.back() == 0.5);
  CHECK(base::ToMs(f.time.Now() - f.start) == Approx(f.ModelledMs(729600) / 2));
  CHECK(base::ToMs(f.Run(100us, 729600)->compute) == Approx(f.ModelledMs(729600)));
}

TEST_CASE("An interrupted wait ends the run") {
  Fixture f;
  f.waiter.Interrupt();
  CHECK(f.Run(100us, 729600).status().code() == absl::StatusCode::kCancelled);
  CHECK(f.Run(100us, f.Asked(1.0)).status().code() == absl::StatusCode::kCancelled);
  CHECK(f.shares.empty());
}

TEST_CASE("The real waiter returns when interrupted from another thread") {
  SteadyWaiter waiter;
  CHECK(waiter.WaitUntil(std::chrono::steady_clock::now()));
  std::thread interrupter([&] { waiter.Interrupt(); });
  CHECK_FALSE(waiter.WaitUntil(std::chrono::steady_clock::now() + 1h));
  interrupter.join();
  CHECK_FALSE(waiter.WaitUntil(std::chrono::steady_clock::now() + 1h));
}

}  // namespace
}  // namespace dynofa::emulator
