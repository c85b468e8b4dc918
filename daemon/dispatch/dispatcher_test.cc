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

  /// Fifty runs that take what was foreseen, or by turns that share more and less.
  void RunAsForeseen(double off = 0.0) {
    for (RequestId id = 1; id <= 50; ++id) {
      REQUIRE(dispatcher_.Submit(Make(id, 9), now_).ok());
      Work work = *dispatcher_.NextWork("cpu0", now_);
      work.foreseen_ms = work.expected_ms * (id % 2 == 0 ? 1.0 + off : 1.0 - off);
      dispatcher_.Complete(work, now_, base::FromMs(work.expected_ms), true);
    }
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

TEST_CASE_METHOD(DispatcherFixture, "a request has a last chance where ends are foreseen well") {
  REQUIRE(dispatcher_.Submit(Make(1, 9), now_).ok());
  const Work first = *dispatcher_.NextWork("cpu0", now_);
  REQUIRE(first.last_chance.has_value());
  CHECK_FALSE(first.last_chance->armed);
  dispatcher_.Complete(first, now_, milliseconds(8), true);
  RunAsForeseen();
  REQUIRE(dispatcher_.Submit(Make(999, 9), now_).ok());
  const Work work = *dispatcher_.NextWork("cpu0", now_ + base::FromMs(0.5));
  REQUIRE(work.last_chance.has_value());
  CHECK(work.last_chance->armed);
  CHECK(work.last_chance->slack_ms == Approx(8.5));
  CHECK(work.last_chance->expected_ms == Approx(8.0).epsilon(0.01));
  CHECK(work.last_chance->alternate_ms == Approx(2.0).epsilon(0.01));
}

TEST_CASE_METHOD(DispatcherFixture,
                 "there is no last chance without target, choice or cheaper level") {
  const auto chance_of = [this](Request request) {
    REQUIRE(dispatcher_.Submit(request, now_).ok());
    const Work work = *dispatcher_.NextWork("cpu0", now_);
    dispatcher_.Complete(work, now_, base::FromMs(work.expected_ms), true);
    return work.last_chance.has_value();
  };
  CHECK(chance_of(Make(501, 9)));
  CHECK_FALSE(chance_of(Make(502)));
  Request pinned = Make(503, 9);
  pinned.subnet = "l";
  CHECK_FALSE(chance_of(pinned));
  Request accurate = Make(504, 9);
  accurate.min_accuracy = 0.8;
  CHECK_FALSE(chance_of(accurate));
  CHECK_FALSE(chance_of(Make(505, 3)));
  CHECK_FALSE(chance_of(Make(506, 0)));
}

TEST_CASE_METHOD(DispatcherFixture, "runs whose ends are foreseen badly are only watched") {
  RunAsForeseen(0.2);
  REQUIRE(dispatcher_.Submit(Make(999, 9), now_).ok());
  const Work work = *dispatcher_.NextWork("cpu0", now_);
  REQUIRE(work.last_chance.has_value());
  CHECK_FALSE(work.last_chance->armed);
}

TEST_CASE_METHOD(DispatcherFixture,
                 "a run that is given up goes on at the cheapest level allowed") {
  Request request = Make(999, 9);
  request.min_accuracy = 0.72;
  REQUIRE(dispatcher_.Submit(request, now_).ok());
  const Work work = *dispatcher_.NextWork("cpu0", now_ + base::FromMs(0.5));
  const Work instead =
      *dispatcher_.Restart(work, now_ + base::FromMs(3.5), milliseconds(3), milliseconds(16));
  CHECK(instead.id == 999);
  CHECK(instead.subnet == "m");
  CHECK(instead.queued == base::FromMs(0.5));
  CHECK_FALSE(instead.last_chance.has_value());
  // What the run that was given up has shown counts.
  CHECK(slowdowns_.Of("cpu0", "net", "l", now_).slowdown > 1.05);
  const Outcome outcome =
      dispatcher_.Complete(instead, now_ + milliseconds(8), base::FromMs(4.5), true);
  CHECK(outcome.restarted);
  CHECK_FALSE(outcome.missed);
  CHECK(outcome.subnet == "m");
  CHECK(outcome.response == milliseconds(8));
  CHECK(outcome.compute == base::FromMs(7.5));
  CHECK(*outcome.energy_mj == Approx(2.0 * 3.0 + 1.5 * 4.5));
}

TEST_CASE_METHOD(DispatcherFixture, "a run is given up for the ceiling that new routes have") {
  REQUIRE(dispatcher_.Submit(Make(999, 9), now_).ok());
  const Work work = *dispatcher_.NextWork("cpu0", now_);
  REQUIRE(work.subnet == "l");
  auto table = MakeTable();
  table->sessions["a"] = MakeRoute("cpu0", 0);
  CHECK(SetRoutes(table).empty());
  const auto instead =
      dispatcher_.Restart(work, now_ + milliseconds(3), milliseconds(3), milliseconds(16));
  REQUIRE(instead.has_value());
  CHECK(instead->subnet == "s");
}

TEST_CASE_METHOD(DispatcherFixture, "a run goes on where new routes leave nothing cheaper there") {
  REQUIRE(dispatcher_.Submit(Make(999, 9), now_).ok());
  const Work work = *dispatcher_.NextWork("cpu0", now_);
  const auto restart = [&] {
    return dispatcher_.Restart(work, now_ + milliseconds(3), milliseconds(3), milliseconds(16));
  };
  auto table = MakeTable();
  table->sessions["a"] = MakeRoute("gpu");
  CHECK(SetRoutes(table).empty());
  CHECK_FALSE(restart().has_value());
  table = MakeTable();
  table->sessions["a"].min_accuracy = 0.8;
  CHECK(SetRoutes(table).empty());
  CHECK_FALSE(restart().has_value());
  table = MakeTable();
  table->sessions.erase("a");
  CHECK(SetRoutes(table).empty());
  CHECK_FALSE(restart().has_value());
  const Outcome outcome = dispatcher_.Complete(work, now_ + milliseconds(8), milliseconds(8), true);
  CHECK(outcome.subnet == "l");
  CHECK_FALSE(outcome.restarted);
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
