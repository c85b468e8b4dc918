#include "daemon/dispatch/dispatcher.h"

#include <memory>

#include "tests/support/catch.h"

namespace dynofa::dispatch {
namespace {

using std::chrono::milliseconds;

Route MakeRoute(const std::string& cluster, std::size_t ceiling = 2) {
  Route route;
  route.model = "net";
  route.cluster = cluster;
  route.frequency_khz = 1000000;
  route.ladder = {{"s", 2.0, 0.70, 1.0}, {"m", 4.0, 0.75, 1.5}, {"l", 8.0, 0.80, 2.0}};
  route.ceiling = ceiling;
  return route;
}

std::shared_ptr<RoutingTable> MakeTable() {
  auto table = std::make_shared<RoutingTable>();
  table->defaults["net"] = MakeRoute("cpu0");
  table->sessions["a"] = MakeRoute("cpu0");
  table->sessions["b"] = MakeRoute("cpu0", 1);
  return table;
}

class DispatcherFixture {
 protected:
  DispatcherFixture() { CHECK(SetRoutes(MakeTable()).empty()); }

  Request Make(RequestId id, std::optional<int> target_ms = std::nullopt,
               const std::string& session = "a") {
    Request request{.id = id, .session = session, .model = "net"};
    if (target_ms) request.target = milliseconds(*target_ms);
    return request;
  }

  std::vector<Refusal> SetRoutes(std::shared_ptr<RoutingTable> table) {
    return dispatcher_.SetRoutes(std::move(table), now_);
  }

  base::TimePoint now_{};
  SlowdownBook slowdowns_{{"cpu0", "cpu2", "gpu"}};
  Dispatcher dispatcher_{
      DispatcherOptions{.max_queued_per_cluster = 4, .max_queued_per_session = 3}, slowdowns_};
};

TEST_CASE_METHOD(DispatcherFixture, "the earliest deadline runs first") {
  REQUIRE(dispatcher_.Submit(Make(1, 50), now_).ok());
  REQUIRE(dispatcher_.Submit(Make(2, 10), now_).ok());
  REQUIRE(dispatcher_.Submit(Make(3, std::nullopt, "b"), now_).ok());
  CHECK(dispatcher_.NextWork("cpu0", now_)->id == 2);
  CHECK(dispatcher_.NextWork("cpu0", now_)->id == 1);
  CHECK(dispatcher_.NextWork("cpu0", now_)->id == 3);
  CHECK_FALSE(dispatcher_.NextWork("cpu0", now_).has_value());
  CHECK_FALSE(dispatcher_.NextWork("gpu", now_).has_value());
}

TEST_CASE_METHOD(DispatcherFixture, "time in the queue steps the level down") {
  REQUIRE(dispatcher_.Submit(Make(1, 9), now_).ok());
  REQUIRE(dispatcher_.Submit(Make(2, 9), now_).ok());
  CHECK(dispatcher_.NextWork("cpu0", now_)->subnet == "l");
  CHECK(dispatcher_.NextWork("cpu0", now_ + milliseconds(4))->subnet == "m");
}

TEST_CASE_METHOD(DispatcherFixture, "a slower cluster steps the level down, and recovers") {
  for (RequestId id = 1; id <= 30; ++id) {
    REQUIRE(dispatcher_.Submit(Make(id), now_).ok());
    const Work work = *dispatcher_.NextWork("cpu0", now_);
    dispatcher_.Complete(work, now_, base::FromMs(work.expected_ms * 3), true);
  }
  REQUIRE(dispatcher_.Submit(Make(99, 13), now_).ok());
  CHECK(dispatcher_.NextWork("cpu0", now_)->subnet == "m");
}

TEST_CASE_METHOD(DispatcherFixture, "a subnet that alone runs slower is alone stepped down from") {
  const std::map<std::string, double> ratios = {{"s", 1.0}, {"m", 1.0}, {"l", 1.5}};
  RequestId id = 0;
  for (int round = 0; round < 200; ++round) {
    for (const auto& [subnet, ratio] : ratios) {
      Request request = Make(++id);
      request.subnet = subnet;
      REQUIRE(dispatcher_.Submit(request, now_).ok());
      const Work work = *dispatcher_.NextWork("cpu0", now_);
      REQUIRE(work.subnet == subnet);
      dispatcher_.Complete(work, now_, base::FromMs(work.expected_ms * ratio), true);
    }
  }
  // As profiled they take 4 and 8 ms; the large one takes 12.
  REQUIRE(dispatcher_.Submit(Make(++id, 10), now_).ok());
  CHECK(dispatcher_.NextWork("cpu0", now_)->subnet == "m");
  REQUIRE(dispatcher_.Submit(Make(++id, 5), now_).ok());
  CHECK(dispatcher_.NextWork("cpu0", now_)->subnet == "m");
  REQUIRE(dispatcher_.Submit(Make(++id, 14), now_).ok());
  CHECK(dispatcher_.NextWork("cpu0", now_)->subnet == "l");
}

TEST_CASE_METHOD(DispatcherFixture, "where runs differ the fast path leaves time to spare") {
  RequestId id = 0;
  for (int run = 0; run < 400; ++run) {
    REQUIRE(dispatcher_.Submit(Make(++id), now_).ok());
    const Work work = *dispatcher_.NextWork("cpu0", now_);
    const double ratio = run % 2 == 0 ? 0.9 : 1.1;
    dispatcher_.Complete(work, now_, base::FromMs(work.expected_ms * ratio), true);
  }
  Request tight = Make(++id);
  tight.target = base::FromMs(8.3);
  REQUIRE(dispatcher_.Submit(tight, now_).ok());
  CHECK(dispatcher_.NextWork("cpu0", now_)->subnet == "m");
  // But no more of it than plans leave.
  REQUIRE(dispatcher_.Submit(Make(++id, 9), now_).ok());
  CHECK(dispatcher_.NextWork("cpu0", now_)->subnet == "l");
}

TEST_CASE_METHOD(DispatcherFixture,
                 "a request's outcome tells time, energy and the missed target") {
  REQUIRE(dispatcher_.Submit(Make(1, 9), now_).ok());
  const Work work = *dispatcher_.NextWork("cpu0", now_ + milliseconds(1));
  CHECK(work.queued == milliseconds(1));
  const Outcome outcome =
      dispatcher_.Complete(work, now_ + milliseconds(11), milliseconds(10), true);
  CHECK(outcome.kind == Outcome::Kind::kCompleted);
  CHECK(outcome.missed);
  CHECK(outcome.response == milliseconds(11));
  CHECK(*outcome.energy_mj == Approx(20.0));
}

TEST_CASE_METHOD(DispatcherFixture, "what cannot be queued is refused at once, with a reason") {
  CHECK(absl::IsUnavailable(dispatcher_.Submit({.id = 1, .model = "other"}, now_)));

  Request past = Make(2);
  past.expiry = now_;
  CHECK(absl::IsDeadlineExceeded(dispatcher_.Submit(past, now_)));

  Request accurate = Make(3, std::nullopt, "b");
  accurate.min_accuracy = 0.79;
  CHECK(absl::IsFailedPrecondition(dispatcher_.Submit(accurate, now_)));

  Request pinned = Make(4, std::nullopt, "b");
  pinned.subnet = "l";
  CHECK(absl::IsFailedPrecondition(dispatcher_.Submit(pinned, now_)));
  pinned.subnet = "s";
  REQUIRE(dispatcher_.Submit(pinned, now_).ok());
  CHECK(dispatcher_.NextWork("cpu0", now_)->subnet == "s");
}

TEST_CASE_METHOD(DispatcherFixture, "queues are bounded per session and per cluster") {
  for (RequestId id = 1; id <= 3; ++id) REQUIRE(dispatcher_.Submit(Make(id), now_).ok());
  CHECK(absl::IsResourceExhausted(dispatcher_.Submit(Make(4), now_)));
  REQUIRE(dispatcher_.Submit(Make(5, std::nullopt, "b"), now_).ok());
  CHECK(absl::IsResourceExhausted(dispatcher_.Submit(Make(6, std::nullopt, "b"), now_)));
  CHECK(dispatcher_.queued() == 4);
}

TEST_CASE_METHOD(DispatcherFixture, "queued requests expire on time and free their place") {
  Request request = Make(1);
  request.expiry = now_ + milliseconds(5);
  REQUIRE(dispatcher_.Submit(request, now_).ok());
  CHECK(*dispatcher_.NextExpiry() == now_ + milliseconds(5));
  CHECK(dispatcher_.Expire(now_ + milliseconds(4)).empty());
  const auto expired = dispatcher_.Expire(now_ + milliseconds(5));
  REQUIRE(expired.size() == 1);
  CHECK(expired[0].kind == Outcome::Kind::kExpired);
  CHECK(expired[0].missed);
  CHECK(dispatcher_.queued() == 0);
  CHECK_FALSE(dispatcher_.NextExpiry().has_value());
}

TEST_CASE_METHOD(DispatcherFixture, "cancelling frees a queued request and leaves a running one") {
  REQUIRE(dispatcher_.Submit(Make(1), now_).ok());
  REQUIRE(dispatcher_.Submit(Make(2), now_).ok());
  const Work work = *dispatcher_.NextWork("cpu0", now_);
  CHECK_FALSE(dispatcher_.Cancel(work.id, now_).has_value());
  CHECK(dispatcher_.Cancel(2, now_)->kind == Outcome::Kind::kCancelled);
  CHECK_FALSE(dispatcher_.Cancel(2, now_).has_value());
  CHECK(dispatcher_.queued("cpu0") == 0);
}

TEST_CASE_METHOD(DispatcherFixture, "new routes move what is queued") {
  REQUIRE(dispatcher_.Submit(Make(1, 50), now_).ok());
  auto table = MakeTable();
  table->sessions["a"] = MakeRoute("gpu", 0);
  CHECK(SetRoutes(table).empty());
  CHECK_FALSE(dispatcher_.NextWork("cpu0", now_).has_value());
  const Work work = *dispatcher_.NextWork("gpu", now_);
  CHECK(work.subnet == "s");
}

TEST_CASE_METHOD(DispatcherFixture, "what is queued ends with the session, unless it outlives it") {
  Request outliving = Make(2);
  outliving.outlives_session = true;
  REQUIRE(dispatcher_.Submit(Make(1), now_).ok());
  REQUIRE(dispatcher_.Submit(outliving, now_).ok());
  auto table = MakeTable();
  table->sessions.erase("a");
  table->defaults["net"] = MakeRoute("cpu2");
  now_ += milliseconds(3);
  const auto refusals = SetRoutes(table);
  REQUIRE(refusals.size() == 1);
  CHECK(absl::IsNotFound(refusals[0].status));
  CHECK(refusals[0].outcome.id == 1);
  CHECK(refusals[0].outcome.kind == Outcome::Kind::kRefused);
  CHECK(refusals[0].outcome.response == milliseconds(3));
  CHECK_FALSE(refusals[0].outcome.missed);
  CHECK(dispatcher_.NextWork("cpu2", now_)->id == 2);
  CHECK(absl::IsNotFound(dispatcher_.Submit(Make(3), now_)));
}

TEST_CASE_METHOD(DispatcherFixture, "what is queued of a session that is refused ends at once") {
  Request request = Make(1);
  request.expiry = now_ + milliseconds(500);
  REQUIRE(dispatcher_.Submit(request, now_).ok());
  REQUIRE(dispatcher_.Submit(Make(2, std::nullopt, "b"), now_).ok());
  auto table = MakeTable();
  table->sessions["a"] = Route{.model = "net", .refused_because = "there is no room"};
  const auto refusals = SetRoutes(table);
  REQUIRE(refusals.size() == 1);
  CHECK(refusals[0].outcome.id == 1);
  CHECK(absl::IsResourceExhausted(refusals[0].status));
  CHECK(refusals[0].status == dispatcher_.Submit(Make(3), now_));
  CHECK_FALSE(dispatcher_.NextExpiry().has_value());
  CHECK(dispatcher_.NextWork("cpu0", now_)->id == 2);
}

TEST_CASE_METHOD(DispatcherFixture, "without a cluster for its model nothing stays queued") {
  REQUIRE(dispatcher_.Submit(Make(1), now_).ok());
  REQUIRE(dispatcher_.Submit({.id = 2, .model = "net"}, now_).ok());
  REQUIRE(dispatcher_.NextWork("cpu0", now_).has_value());
  auto table = std::make_shared<RoutingTable>();
  table->sessions["a"].model = "net";
  const auto refusals = SetRoutes(table);
  // The other one runs already.
  REQUIRE(refusals.size() == 1);
  CHECK(absl::IsUnavailable(refusals[0].status));
  CHECK(dispatcher_.queued() == 0);
  CHECK_FALSE(dispatcher_.NextWork("cpu0", now_).has_value());
}

TEST_CASE_METHOD(DispatcherFixture, "a floor that a new decision undercuts yields to the ceiling") {
  Request request = Make(1, 1);
  request.min_accuracy = 0.80;
  REQUIRE(dispatcher_.Submit(request, now_).ok());
  auto table = MakeTable();
  table->sessions["a"] = MakeRoute("cpu0", 1);
  CHECK(SetRoutes(table).empty());
  CHECK(dispatcher_.NextWork("cpu0", now_)->subnet == "m");
}

TEST_CASE_METHOD(DispatcherFixture, "an impossible target does not buy the front of the queue") {
  auto table = MakeTable();
  table->sessions["a"].priority = 9;
  table->sessions["b"].priority = 1;
  CHECK(SetRoutes(table).empty());
  Request greedy = Make(1);
  greedy.target = base::FromMs(0.001);
  REQUIRE(dispatcher_.Submit(greedy, now_).ok());
  Request absurd = Make(2);
  absurd.target = base::FromMs(1e300);
  REQUIRE(dispatcher_.Submit(absurd, now_).ok());
  REQUIRE(dispatcher_.Submit(Make(3, 5, "b"), now_).ok());
  CHECK(dispatcher_.NextWork("cpu0", now_)->id == 3);
  CHECK(dispatcher_.NextWork("cpu0", now_)->id == 1);
  CHECK(dispatcher_.NextWork("cpu0", now_)->id == 2);
}

TEST_CASE_METHOD(DispatcherFixture, "requests without a session count against their own user") {
  for (RequestId id = 1; id <= 3; ++id) {
    REQUIRE(dispatcher_.Submit({.id = id, .model = "net", .uid = 1}, now_).ok());
  }
  CHECK(absl::IsResourceExhausted(dispatcher_.Submit({.id = 4, .model = "net", .uid = 1}, now_)));
  CHECK(dispatcher_.Submit({.id = 5, .model = "net", .uid = 2}, now_).ok());
}

TEST_CASE_METHOD(DispatcherFixture, "a pinned subnet that a new decision takes away does not run") {
  Request pinned = Make(1);
  pinned.subnet = "l";
  REQUIRE(dispatcher_.Submit(pinned, now_).ok());
  auto table = MakeTable();
  table->sessions["a"] = MakeRoute("cpu0", 0);
  const auto refusals = SetRoutes(table);
  REQUIRE(refusals.size() == 1);
  CHECK(absl::IsFailedPrecondition(refusals[0].status));
  CHECK_FALSE(dispatcher_.NextWork("cpu0", now_).has_value());
}

TEST_CASE_METHOD(DispatcherFixture, "a subnet below the session's floor cannot be pinned") {
  auto table = MakeTable();
  table->sessions["a"].min_accuracy = 0.75;
  CHECK(SetRoutes(table).empty());
  Request pinned = Make(1);
  pinned.subnet = "s";
  CHECK(absl::IsFailedPrecondition(dispatcher_.Submit(pinned, now_)));
}

TEST_CASE_METHOD(DispatcherFixture, "what the client waits elsewhere is taken off its target") {
  Request request = Make(1, 9);
  request.overhead = milliseconds(3);
  REQUIRE(dispatcher_.Submit(request, now_).ok());
  const Work work = *dispatcher_.NextWork("cpu0", now_);
  CHECK(work.subnet == "m");
  const Outcome outcome = dispatcher_.Complete(work, now_ + milliseconds(7), milliseconds(7), true);
  CHECK(outcome.missed);
  CHECK(outcome.overhead == milliseconds(3));
}

}  // namespace
}  // namespace dynofa::dispatch
