#include "daemon/manager/measure_runs.h"

#include <functional>
#include <vector>

#include "daemon/base/virtual_time.h"
#include "tests/support/catch.h"
#include "tests/support/fake_model.h"
#include "tests/support/fake_supernet.h"

namespace dynofa::manager {
namespace {

using std::chrono::milliseconds;

/// Gives the results of a script, each after 10 virtual milliseconds.
class ScriptedExecutor final : public engine::Executor {
 public:
  explicit ScriptedExecutor(base::VirtualTime& time) : time_(time) {}

  absl::StatusOr<engine::RunResult> Run(engine::Supernet&, const engine::PreparedSubnet& subnet,
                                        const engine::Tensor& input,
                                        const engine::RunSettings& given) override {
    const std::int64_t side = subnet.info().resolution;
    CHECK(input.shape == std::vector<std::int64_t>{1, 3, side, side});
    settings = given;
    time_.Advance(milliseconds(10));
    engine::RunResult result;
    result.compute = milliseconds(10 + runs);
    result.evidence = evidence;
    if (script) script(runs, result);
    ++runs;
    return result;
  }

  int runs = 0;
  engine::RunSettings settings;
  policies::Evidence evidence = policies::Evidence::kMeasured;
  std::function<void(int run, engine::RunResult& result)> script;

 private:
  base::VirtualTime& time_;
};

struct Fixture {
  base::VirtualTime time;
  ScriptedExecutor executor{time};
  tests::FakeSupernet supernet{tests::NetInfo()};
  MeasureOrder order{.cluster = "cpu0",
                     .model = "net",
                     .subnet = "m",
                     .threads = 2,
                     .frequency_khz = 1000000,
                     .warm_ups = 2,
                     .runs = 5};
  bool stopped = false;

  absl::StatusOr<Measurement> Make() {
    const auto subnet = *supernet.Prepare(order.subnet);
    return MakeRuns(order, executor, supernet, *subnet, time, [this] { return stopped; });
  }
};

TEST_CASE("warm-ups do not count, and the settings reach the executor") {
  Fixture f;
  const auto measurement = f.Make();
  REQUIRE(measurement.ok());
  CHECK(measurement->clean_ms == std::vector<double>{12, 13, 14, 15, 16});
  CHECK(f.executor.runs == 7);
  CHECK(f.executor.settings.threads == 2);
  CHECK(f.executor.settings.frequency_khz == 1000000);
}

TEST_CASE("disturbed runs and overruns are kept apart") {
  Fixture f;
  f.executor.script = [](int run, engine::RunResult& result) {
    result.disturbed = run == 3;
    result.overrun = run >= 5;
  };
  const auto measurement = f.Make();
  CHECK(measurement->clean_ms == std::vector<double>{12, 14});
  CHECK(measurement->disturbed_ms == std::vector<double>{13});
  CHECK(measurement->overruns == 2);
}

TEST_CASE("what disturbs this machine does not disturb an emulated board") {
  Fixture f;
  f.executor.evidence = policies::Evidence::kEmulated;
  f.executor.script = [](int, engine::RunResult& result) { result.disturbed = true; };
  const auto measurement = f.Make();
  CHECK(measurement->clean_ms.size() == 5);
  CHECK(measurement->evidence == policies::Evidence::kEmulated);
}

TEST_CASE("a slow subnet gets one run that counts, however little time there is") {
  Fixture f;
  f.order.longest = milliseconds(5);
  CHECK(f.Make()->clean_ms.size() == 1);
  f.order.longest = milliseconds(40);
  CHECK(f.Make()->clean_ms.size() == 2);
}

TEST_CASE("an order that is given up ends before the next run") {
  Fixture f;
  f.executor.script = [&](int run, engine::RunResult&) { f.stopped = run == 3; };
  CHECK(f.Make().status().code() == absl::StatusCode::kCancelled);
  CHECK(f.executor.runs == 4);
}

}  // namespace
}  // namespace dynofa::manager
