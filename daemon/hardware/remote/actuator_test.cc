#include "daemon/hardware/remote/actuator.h"

#include <future>

#include "tests/support/catch.h"
#include "tests/support/fake_driver.h"
#include "tests/support/process.h"

namespace dynofa::hardware::remote {
namespace {

using namespace std::chrono_literals;

// Long enough for a thread of a busy machine to run, so that only what is blocked is stuck.
constexpr base::Duration kStuckAfter = 1s;

template <typename T, typename Start>
T Await(Start start) {
  std::promise<T> promise;
  start([&](T value) { promise.set_value(std::move(value)); });
  return promise.get_future().get();
}

ApplyResult Apply(Actuator& actuator, std::vector<policies::ClusterSetting> settings) {
  return Await<ApplyResult>([&](auto done) { actuator.Apply(std::move(settings), done); });
}

absl::Status Release(Actuator& actuator) {
  return Await<absl::Status>([&](auto done) { actuator.Release(done); });
}

TEST_CASE("Settings are applied, unknown clusters refused, everything released") {
  tests::FakeDriver driver;
  Actuator actuator(driver, 10s);
  const ApplyResult result = Apply(actuator, {{"cpu0", "", 100, 100}, {"npu", "", 1, 1}});
  REQUIRE(result.outcomes.size() == 2);
  CHECK(result.outcomes[0].status.ok());
  CHECK(result.outcomes[1].status.code() == absl::StatusCode::kNotFound);
  CHECK(driver.applied().count("cpu0") == 1);
  CHECK(Release(actuator).ok());
  CHECK(driver.applied().empty());
}

TEST_CASE("Clusters are slowed down before others are sped up; answers keep their places") {
  tests::FakeDriver driver;
  Actuator actuator(driver, 10s);
  Apply(actuator, {{"cpu0", "", 100, 100}, {"cpu2", "", 200, 200}});
  const ApplyResult result = Apply(actuator, {{"cpu0", "", 200, 200}, {"cpu2", "", 100, 100}});
  CHECK(driver.order() == std::vector<std::string>{"cpu0", "cpu2", "cpu2", "cpu0"});
  CHECK(result.outcomes[0].cluster == "cpu0");
  CHECK(result.outcomes[1].cluster == "cpu2");
  // Back to how it was found may be as fast as it can be.
  Apply(actuator, {{"cpu0", "", 0, 0}, {"cpu2", "", 100, 100}});
  CHECK(driver.order().back() == "cpu0");
}

TEST_CASE("A stuck cluster is skipped, the others go on, and it comes back by itself") {
  tests::FakeDriver driver;
  Actuator actuator(driver, kStuckAfter);
  driver.Block("cpu0");
  for (int attempt = 0; attempt < 2; ++attempt) {
    const ApplyResult result = Apply(actuator, {{"cpu0", "", 100, 100}, {"cpu2", "", 200, 200}});
    CHECK(result.outcomes[0].status.code() == absl::StatusCode::kUnavailable);
    CHECK(result.outcomes[0].limited_by == "stuck");
    CHECK(result.outcomes[1].status.ok());
  }
  CHECK(driver.applied().count("cpu2") == 1);
  driver.Unblock("cpu0");
  CHECK(tests::WaitUntil([&] {
    return Apply(actuator, {{"cpu0", "", 200, 200}}).outcomes[0].status.ok();
  }));
}

TEST_CASE("A stuck cluster is released when its write returns") {
  tests::FakeDriver driver;
  Actuator actuator(driver, kStuckAfter);
  driver.Block("cpu0");
  CHECK_FALSE(Apply(actuator, {{"cpu0", "", 100, 100}}).outcomes[0].status.ok());
  CHECK(Release(actuator).code() == absl::StatusCode::kUnavailable);
  CHECK(driver.releases() == 1);
  driver.Unblock("cpu0");
  CHECK(tests::WaitUntil([&] { return driver.releases() == 2; }));
  CHECK(driver.applied().empty());
}

TEST_CASE("Reports that wait behind a write do not pile up: the last one counts") {
  tests::FakeDriver driver;
  Actuator actuator(driver, 10s);
  driver.Block("cpu0");
  std::promise<void> applied;
  actuator.Apply({{"cpu0", "", 100, 100}}, [&](const ApplyResult&) { applied.set_value(); });
  for (const double busy : {0.1, 0.2, 0.3}) actuator.ReportLoad({{"cpu0", busy}});
  driver.Unblock("cpu0");
  applied.get_future().wait();
  CHECK(tests::WaitUntil([&] { return driver.loads().size() == 1; }));
  CHECK(driver.loads()[0].busy == 0.3);
  CHECK(driver.reports() == 1);
}

absl::StatusOr<BoardReading> Read(Actuator& actuator, std::vector<ClusterLoad> loads = {}) {
  return Await<absl::StatusOr<BoardReading>>(
      [&](auto done) { actuator.Read(std::move(loads), done); });
}

TEST_CASE("A read shows the writes that came before it, and brings the loads") {
  tests::FakeDriver driver;
  Actuator actuator(driver, 10s);
  driver.Block("cpu0");
  std::promise<void> applied;
  actuator.Apply({{"cpu0", "", 100, 100}}, [&](const ApplyResult&) { applied.set_value(); });
  std::promise<absl::StatusOr<BoardReading>> answer;
  actuator.Read({{"cpu0", 0.5}}, [&](auto reading) { answer.set_value(std::move(reading)); });
  driver.Unblock("cpu0");
  applied.get_future().wait();
  const auto reading = answer.get_future().get();
  REQUIRE(reading.ok());
  REQUIRE(reading->clusters.size() == 1);
  CHECK(reading->clusters[0].max_khz == 100);
  REQUIRE(driver.loads().size() == 1);
  CHECK(driver.loads()[0].busy == 0.5);
  CHECK(Read(actuator).ok());
  CHECK(driver.reports() == 1);
}

TEST_CASE("Reads that come at once are all answered") {
  tests::FakeDriver driver;
  Actuator actuator(driver, 10s);
  driver.Block("read");
  std::vector<std::promise<bool>> answers(5);
  for (auto& answer : answers) {
    actuator.Read({}, [&](const auto& reading) { answer.set_value(reading.ok()); });
  }
  driver.Unblock("read");
  for (auto& answer : answers) CHECK(answer.get_future().get());
}

TEST_CASE("A read that hangs holds up neither writes nor other reads for ever") {
  tests::FakeDriver driver;
  Actuator actuator(driver, kStuckAfter);
  driver.Block("read");
  std::promise<absl::Status> hanging;
  actuator.Read({}, [&](const auto& reading) { hanging.set_value(reading.status()); });
  CHECK(Apply(actuator, {{"cpu0", "", 100, 100}}).outcomes[0].status.ok());
  CHECK(absl::IsUnavailable(hanging.get_future().get()));
  CHECK(absl::IsUnavailable(Read(actuator).status()));
  CHECK(Apply(actuator, {{"cpu0", "", 200, 200}}).outcomes[0].status.ok());
  driver.Unblock("read");
  CHECK(tests::WaitUntil([&] { return Read(actuator).ok(); }));
}

TEST_CASE("A read that does not return is an error when the next one comes") {
  tests::FakeDriver driver;
  Actuator actuator(driver, kStuckAfter);
  CHECK(Read(actuator).ok());
  driver.Block("read");
  std::promise<absl::Status> hanging;
  actuator.Read({}, [&](const auto& reading) { hanging.set_value(reading.status()); });
  CHECK(absl::IsUnavailable(Read(actuator).status()));
  CHECK(absl::IsUnavailable(hanging.get_future().get()));
  driver.Unblock("read");
  CHECK(tests::WaitUntil([&] { return Read(actuator).ok(); }));
}

}  // namespace
}  // namespace dynofa::hardware::remote
