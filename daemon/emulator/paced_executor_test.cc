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
                                        const engine::RunSettings&) override {
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
    if (!interrupted) time_.RunUntil(when);
    return !interrupted;
  }
  void Interrupt() override { interrupted = true; }
  bool interrupted = false;

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

  absl::StatusOr<engine::RunResult> Run(base::Duration real, std::int64_t khz) {
    PacedExecutor executor(std::make_unique<FakeExecutor>(time, real), board, cluster, conditions,
                           time, waiter);
    return executor.Run(supernet, subnet, engine::Tensor{}, {.frequency_khz = khz});
  }
  double ModelledMs(std::int64_t khz, double share = 1.0) {
    return LatencyMs(cluster, WorkloadOf(subnet.info()), khz, share);
  }
};

TEST_CASE("A run takes the modelled time at the given clock and says that it is emulated") {
  Fixture f;
  const base::TimePoint start = f.time.Now();
  const auto result = f.Run(100us, 729600);
  REQUIRE(result.ok());
  CHECK(result->evidence == policies::Evidence::kEmulated);
  CHECK_FALSE(result->overrun);
  CHECK(base::ToMs(result->compute) == Approx(f.ModelledMs(729600)));
  CHECK(f.time.Now() - start == result->compute);
}

TEST_CASE("A neighbour slows a run down") {
  Fixture f;
  f.conditions->foreign_load = 0.5;
  CHECK(base::ToMs(f.Run(100us, 729600)->compute) == Approx(f.ModelledMs(729600, 0.5)));
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

TEST_CASE("An interrupted wait ends the run") {
  Fixture f;
  f.waiter.Interrupt();
  CHECK(f.Run(100us, 729600).status().code() == absl::StatusCode::kCancelled);
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
