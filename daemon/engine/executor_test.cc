#include "daemon/engine/executor.h"

#include <sched.h>
#include <sys/resource.h>

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "daemon/base/clock.h"
#include "tests/support/catch.h"

namespace dynofa::engine {
namespace {

using namespace std::chrono_literals;

class FakeClock final : public base::Clock {
 public:
  // Each look takes a millisecond.
  base::TimePoint Now() const override {
    now_ += 1ms;
    return now_;
  }

 private:
  mutable base::TimePoint now_{};
};

class FakeWorkspace final : public Workspace {
 public:
  FakeWorkspace(int threads_given, std::set<std::string> known_given)
      : threads(threads_given), known(std::move(known_given)) {}
  int threads;
  std::set<std::string> known;
};

constexpr int kParts = 4;

// Answers with the sum of the image, the number of threads and 7, in four parts.
class FakeSubnet final : public PreparedSubnet {
 public:
  explicit FakeSubnet(std::string id) {
    info_.id = std::move(id);
    info_.resolution = 2;
  }
  const SubnetInfo& info() const override { return info_; }
  absl::Status RunParts(std::span<const float> image, std::span<float> logits, Workspace& workspace,
                        PartDone part_done) const override {
    const auto& own = dynamic_cast<FakeWorkspace&>(workspace);
    if (!own.known.contains(info_.id)) return absl::FailedPreconditionError("not in workspace");
    logits[0] = 0.0f;
    for (float value : image) logits[0] += value;
    logits[1] = static_cast<float>(own.threads);
    for (int done = 1; done < kParts; ++done) {
      if (!part_done(done, kParts)) return absl::AbortedError("stopped");
    }
    logits[2] = 7.0f;
    return absl::OkStatus();
  }

 private:
  SubnetInfo info_;
};

class FakeSupernet final : public Supernet {
 public:
  FakeSupernet() {
    info_.classes = 3;
    info_.output_name = "logits";
  }
  const ModelInfo& info() const override { return info_; }
  std::string_view backend() const override { return "fake"; }
  absl::StatusOr<std::shared_ptr<const PreparedSubnet>> Prepare(std::string_view id) override {
    prepared_.insert(std::string(id));
    return std::make_shared<FakeSubnet>(std::string(id));
  }
  absl::StatusOr<std::unique_ptr<Workspace>> NewWorkspace(int threads) override {
    ++workspaces;
    return std::make_unique<FakeWorkspace>(threads, prepared_);
  }
  int workspaces = 0;

 private:
  ModelInfo info_;
  std::set<std::string> prepared_;
};

// A run's answers to an executor that asks, and what it was told.
struct Asked {
  RunSettings Settings(double stop_at = 1.0) {
    RunSettings settings;
    settings.go_on = [this, stop_at](base::Duration elapsed, double share) {
      at.push_back(elapsed);
      shares.push_back(share);
      return share < stop_at;
    };
    return settings;
  }
  std::vector<base::Duration> at;
  std::vector<double> shares;
};

Tensor Planes(float value) {
  Tensor tensor{"image", DataType::kFloat32, {1, 3, 2, 2}, {}};
  tensor.bytes.resize(12 * sizeof(float));
  std::fill_n(tensor.data<float>(), 12, value);
  return tensor;
}

// Runs until the executor knows the subnet's pace: the program may lose the CPU at any time, and
// such a run says nothing.
void LearnPace(Executor& executor, Supernet& supernet, const PreparedSubnet& subnet) {
  int undisturbed = 0;
  for (int runs = 0; undisturbed < 2; ++runs) {
    REQUIRE(runs < 1000);
    const auto result = executor.Run(supernet, subnet, Planes(1.0f), {});
    REQUIRE(result.ok());
    if (!result->disturbed) ++undisturbed;
  }
}

}  // namespace

TEST_CASE("An executor prepares the input, runs and takes the time") {
  const FakeClock clock;
  FakeSupernet supernet;
  const auto subnet = supernet.Prepare("a").value();
  const auto executor = MakeCpuExecutor(clock);
  const auto result = executor->Run(supernet, *subnet, Planes(0.5f), {.threads = 2});
  REQUIRE(result.ok());
  CHECK(result->output.name == "logits");
  CHECK(result->output.shape == std::vector<std::int64_t>{1, 3});
  CHECK(result->output.data<float>()[0] == 6.0f);
  CHECK(result->output.data<float>()[1] == 2.0f);
  CHECK(result->compute == std::chrono::milliseconds(kParts));
  CHECK(result->evidence == policies::Evidence::kMeasured);
}

TEST_CASE("An executor keeps one workspace until a later subnet asks for another") {
  const FakeClock clock;
  FakeSupernet supernet;
  const auto executor = MakeCpuExecutor(clock);
  const auto first = supernet.Prepare("a").value();
  for (int i = 0; i < 3; ++i) CHECK(executor->Run(supernet, *first, Planes(1.0f), {}).ok());
  CHECK(supernet.workspaces == 1);
  const auto later = supernet.Prepare("b").value();
  CHECK(executor->Run(supernet, *later, Planes(1.0f), {}).ok());
  CHECK(executor->Run(supernet, *first, Planes(1.0f), {}).ok());
  CHECK(supernet.workspaces == 2);
}

TEST_CASE("An executor passes on what is wrong with an input") {
  const FakeClock clock;
  FakeSupernet supernet;
  const auto subnet = supernet.Prepare("a").value();
  Tensor input = Planes(1.0f);
  input.shape = {1, 3, 4, 1};
  CHECK(MakeCpuExecutor(clock)->Run(supernet, *subnet, input, {}).status().code() ==
        absl::StatusCode::kInvalidArgument);
}

TEST_CASE("A run is asked between its parts, once earlier runs have told their shares") {
  const FakeClock clock;
  FakeSupernet supernet;
  const auto subnet = supernet.Prepare("a").value();
  const auto other = supernet.Prepare("b").value();
  const auto executor = MakeCpuExecutor(clock);
  Asked asked;
  REQUIRE(executor->Run(supernet, *subnet, Planes(1.0f), asked.Settings()).ok());
  CHECK(asked.shares.empty());
  LearnPace(*executor, supernet, *subnet);
  REQUIRE(executor->Run(supernet, *other, Planes(1.0f), asked.Settings()).ok());
  CHECK(asked.shares.empty());
  RunSettings two_threads = asked.Settings();
  two_threads.threads = 2;
  REQUIRE(executor->Run(supernet, *subnet, Planes(1.0f), two_threads).ok());
  CHECK(asked.shares.empty());

  REQUIRE(executor->Run(supernet, *subnet, Planes(1.0f), asked.Settings()).ok());
  CHECK(asked.at == std::vector<base::Duration>{1ms, 2ms, 3ms});
  CHECK(asked.shares == std::vector<double>{0.25, 0.5, 0.75});
}

TEST_CASE("A run is not asked before it is to be") {
  const FakeClock clock;
  FakeSupernet supernet;
  const auto subnet = supernet.Prepare("a").value();
  const auto executor = MakeCpuExecutor(clock);
  LearnPace(*executor, supernet, *subnet);
  Asked asked;
  RunSettings settings = asked.Settings();
  settings.ask_after = 2ms;
  REQUIRE(executor->Run(supernet, *subnet, Planes(1.0f), settings).ok());
  CHECK(asked.at == std::vector<base::Duration>{2ms, 3ms});
  settings.ask_after = 1h;
  REQUIRE(executor->Run(supernet, *subnet, Planes(1.0f), settings).ok());
  CHECK(asked.at.size() == 2);
}

TEST_CASE("A stopped run ends as aborted, and the next is as if it had not been") {
  const FakeClock clock;
  FakeSupernet supernet;
  const auto subnet = supernet.Prepare("a").value();
  const auto executor = MakeCpuExecutor(clock);
  LearnPace(*executor, supernet, *subnet);
  const auto before = executor->Run(supernet, *subnet, Planes(0.1f), {});
  REQUIRE(before.ok());
  Asked asked;
  for (double stop_at : {0.25, 0.5, 0.75}) {
    asked.at.clear();
    const auto stopped = executor->Run(supernet, *subnet, Planes(0.3f), asked.Settings(stop_at));
    CHECK(stopped.status().code() == absl::StatusCode::kAborted);
    CHECK(asked.at.back() == base::FromMs(kParts * stop_at));
    const auto after = executor->Run(supernet, *subnet, Planes(0.1f), asked.Settings());
    REQUIRE(after.ok());
    CHECK(after->output.bytes == before->output.bytes);
  }
  CHECK(supernet.workspaces == 1);
}

TEST_CASE("Runs that nobody asks about are timed as a whole, but for every sixteenth") {
  const FakeClock clock;
  FakeSupernet supernet;
  const auto subnet = supernet.Prepare("a").value();
  const auto executor = MakeCpuExecutor(clock);
  // Each look at the clock takes a millisecond.
  const auto took = [&] {
    return executor->Run(supernet, *subnet, Planes(1.0f), {}).value().compute;
  };
  int runs = 0;
  while (took() != 1ms) REQUIRE(++runs < 1000);
  int timed = 0;
  for (int i = 0; i < 32; ++i) timed += took() == 1ms ? 0 : 1;
  CHECK(timed == 2);
}

TEST_CASE("Pinning holds for the calling thread alone") {
  cpu_set_t before;
  REQUIRE(sched_getaffinity(0, sizeof(before), &before) == 0);
  int first = 0;
  while (!CPU_ISSET(first, &before)) ++first;
  std::thread pinned([&] {
    CHECK(PinThisThread({first}, 3).ok());
    cpu_set_t set;
    CHECK(sched_getaffinity(0, sizeof(set), &set) == 0);
    CHECK(CPU_COUNT(&set) == 1);
    CHECK(CPU_ISSET(first, &set));
    CHECK(PinThisThread({-1}, 0).code() == absl::StatusCode::kInvalidArgument);
    CHECK(PinThisThread({CPU_SETSIZE}, 0).code() == absl::StatusCode::kInvalidArgument);
  });
  pinned.join();
  cpu_set_t after;
  REQUIRE(sched_getaffinity(0, sizeof(after), &after) == 0);
  CHECK(CPU_EQUAL(&before, &after));
}

}  // namespace dynofa::engine
