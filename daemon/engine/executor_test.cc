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

class FakeClock final : public base::Clock {
 public:
  // Each look takes a millisecond.
  base::TimePoint Now() const override {
    now_ += std::chrono::milliseconds(1);
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

// Answers with the sum of the image, the number of threads and 7.
class FakeSubnet final : public PreparedSubnet {
 public:
  explicit FakeSubnet(std::string id) {
    info_.id = std::move(id);
    info_.resolution = 2;
  }
  const SubnetInfo& info() const override { return info_; }
  absl::Status RunParts(std::span<const float> image, std::span<float> logits, Workspace& workspace,
                        PartDone) const override {
    const auto& own = dynamic_cast<FakeWorkspace&>(workspace);
    if (!own.known.contains(info_.id)) return absl::FailedPreconditionError("not in workspace");
    logits[0] = 0.0f;
    for (float value : image) logits[0] += value;
    logits[1] = static_cast<float>(own.threads);
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

Tensor Planes(float value) {
  Tensor tensor{"image", DataType::kFloat32, {1, 3, 2, 2}, {}};
  tensor.bytes.resize(12 * sizeof(float));
  std::fill_n(tensor.data<float>(), 12, value);
  return tensor;
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
  CHECK(result->compute == std::chrono::milliseconds(1));
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
