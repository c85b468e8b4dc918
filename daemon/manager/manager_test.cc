#include "daemon/manager/manager.h"

#include <algorithm>
#include <optional>

#include "daemon/base/virtual_time.h"
#include "policies/registry.h"
#include "tests/support/catch.h"
#include "tests/support/fake_board.h"
#include "tests/support/fake_model.h"

namespace dynofa::manager {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const Caller kAlice{1000, 1000, 42};
const Caller kMallory{1001, 1001, 43};

bool Has(const std::vector<policies::Reason>& reasons, const std::string& code) {
  return std::any_of(reasons.begin(), reasons.end(),
                     [&](const policies::Reason& reason) { return reason.code == code; });
}

class ManagerFixture {
 protected:
  explicit ManagerFixture(ManagerOptions options = {}) {
    options.version = "test";
    options.power_modes = {
        {.name = "balanced"},
        {.name = "performance", .objective = policies::Objective::kPerformance},
        {.name = "power-saver", .objective = policies::Objective::kEnergy, .max_share = 0.5}};
    options.limits_of = [](std::uint32_t uid) {
      return SessionLimits{.max_sessions = 2, .highest_priority = uid == 1001 ? 5 : 1};
    };
    ManagerDependencies world{.clock = time_,
                              .runner = time_,
                              .outcomes = outcomes_,
                              .slowdowns = slowdowns_,
                              .policy = policies::MakePolicy("hierarchical"),
                              .models = {{tests::NetInfo(), "fake"}},
                              .costs = std::make_shared<tests::FakeCosts>(),
                              .publish_routes =
                                  [this](auto routes) {
                                    routes_ = std::move(routes);
                                    ++publications_;
                                  },
                              .serving = [this] { return serving_; },
                              .on_tick = [this] { ++ticks_; }};
    manager_ = *Manager::Create(std::move(options), std::move(world));
    manager_->AttachBoard(std::make_unique<tests::FakeBoard>(board_, time_));
    manager_->Start();
    time_.RunDue();
  }

  absl::StatusOr<SessionView> Open(policies::Requirement requirement,
                                   SessionKind kind = SessionKind::kStream, Caller caller = kAlice,
                                   const std::string& model = "net") {
    SessionSpec spec{.model = model,
                     .client_name = "test",
                     .requirement = requirement,
                     .kind = kind,
                     .time_to_live = seconds(2),
                     .caller = caller};
    return Wait<SessionView>([&](auto done) { manager_->OpenSession(spec, done); });
  }

  absl::StatusOr<SessionView> Update(const std::string& id, policies::Requirement requirement,
                                     Caller caller = kAlice) {
    return Wait<SessionView>(
        [&](auto done) { manager_->UpdateSession(id, caller, requirement, done); });
  }

  absl::Status SetMode(const std::string& name) {
    std::optional<absl::Status> result;
    manager_->SetPowerMode(name, [&](absl::Status status) { result = status; });
    time_.RunDue();
    return *result;
  }

  template <typename T, typename Call>
  absl::StatusOr<T> Wait(const Call& call) {
    std::optional<absl::StatusOr<T>> result;
    call([&](absl::StatusOr<T> value) { result = std::move(value); });
    time_.RunDue();
    return *std::move(result);
  }

  base::VirtualTime time_;
  OutcomeRing outcomes_{256};
  dispatch::SlowdownBook slowdowns_{{"cpu0", "cpu2"}};
  std::shared_ptr<tests::FakeBoardState> board_ = tests::TwoClusters();
  std::shared_ptr<const dispatch::RoutingTable> routes_;
  int publications_ = 0;
  bool serving_ = false;
  int ticks_ = 0;
  std::unique_ptr<Manager> manager_;
};

TEST_CASE_METHOD(ManagerFixture,
                 "a board without sessions keeps its knobs; requests have a route") {
  for (const auto& settings : board_->applied) {
    for (const auto& setting : settings) CHECK(setting.min_khz == 0);
  }
  REQUIRE(routes_->defaults.contains("net"));
  CHECK(manager_->status()->board == "fake board");
}

TEST_CASE_METHOD(ManagerFixture,
                 "opening a session decides, sets the clock and publishes a route") {
  const auto session = Open({.latency_ms = 10.0, .min_accuracy = 0.75, .rate_hz = 10.0});
  REQUIRE(session.ok());
  REQUIRE(session->assignment.has_value());
  CHECK(session->assignment->feasible);
  const auto& point = session->assignment->point;
  const auto& setting = board_->applied.back();
  CHECK(std::any_of(setting.begin(), setting.end(), [&](const auto& s) {
    return s.cluster == point.cluster && s.min_khz == point.frequency_khz &&
           s.max_khz == point.frequency_khz;
  }));
  const dispatch::Route& route = routes_->sessions.at(session->id);
  CHECK(route.cluster == point.cluster);
  CHECK(route.frequency_khz == point.frequency_khz);
  CHECK(route.ladder[route.ceiling].subnet == point.subnet);
  CHECK(route.min_accuracy == 0.75);
  CHECK(route.uid == 1000);
}

TEST_CASE_METHOD(ManagerFixture, "a changed requirement changes the decision, closing ends it") {
  const auto session = Open({.latency_ms = 100.0, .min_accuracy = 0.79, .rate_hz = 10.0});
  const auto before = manager_->status()->decision_number;
  const auto tighter =
      Update(session->id, {.latency_ms = 9.0, .min_accuracy = 0.79, .rate_hz = 10.0});
  REQUIRE(tighter.ok());
  CHECK(tighter->assignment->point.frequency_khz == 2000000);
  CHECK(manager_->status()->decision_number > before);

  std::optional<absl::Status> closed;
  manager_->CloseSession(session->id, kAlice, [&](absl::Status status) { closed = status; });
  time_.RunDue();
  CHECK(closed->ok());
  CHECK_FALSE(routes_->sessions.contains(session->id));
  CHECK(absl::IsNotFound(Update(session->id, {}).status()));
}

TEST_CASE_METHOD(ManagerFixture, "an infeasible requirement is accepted and marked") {
  const auto session = Open({.latency_ms = 0.5, .min_accuracy = 0.99});
  REQUIRE(session.ok());
  CHECK_FALSE(session->assignment->feasible);
  CHECK(Has(session->assignment->reasons, "latency-infeasible"));
  CHECK(Has(session->assignment->reasons, "accuracy-infeasible"));
}

TEST_CASE_METHOD(ManagerFixture, "bad sessions are refused with a reason") {
  CHECK(absl::IsNotFound(Open({}, SessionKind::kStream, kAlice, "other").status()));
  CHECK(absl::IsInvalidArgument(Open({.latency_ms = -1.0}).status()));
  const auto greedy = Open({.priority = 1}, SessionKind::kStream, kMallory);
  CHECK(absl::IsPermissionDenied(greedy.status()));
  REQUIRE(Open({}).ok());
  const auto mine = Open({});
  REQUIRE(mine.ok());
  CHECK(absl::IsResourceExhausted(Open({}).status()));
  CHECK(absl::IsPermissionDenied(Update(mine->id, {}, kMallory).status()));
}

TEST_CASE_METHOD(ManagerFixture, "a lease ends unless it is renewed, a stream does not") {
  const auto lease = Open({}, SessionKind::kLease);
  const auto stream = Open({});
  time_.Advance(milliseconds(1500));
  const auto renewed = Wait<SessionView>(
      [&](auto done) { manager_->RenewSession(lease->id, kAlice, seconds(2), done); });
  CHECK(renewed.ok());
  time_.Advance(milliseconds(1500));
  CHECK(routes_->sessions.contains(lease->id));
  time_.Advance(milliseconds(1500));
  CHECK_FALSE(routes_->sessions.contains(lease->id));
  CHECK(routes_->sessions.contains(stream->id));
  const auto not_a_lease = Wait<SessionView>(
      [&](auto done) { manager_->RenewSession(stream->id, kAlice, seconds(2), done); });
  CHECK(absl::IsFailedPrecondition(not_a_lease.status()));
}

TEST_CASE_METHOD(ManagerFixture, "power modes cap the clock; unknown ones name those there are") {
  const auto session = Open({.latency_ms = 9.0, .min_accuracy = 0.79, .rate_hz = 10.0});
  CHECK(session->assignment->point.frequency_khz == 2000000);
  REQUIRE(SetMode("power-saver").ok());
  const auto view = manager_->status();
  CHECK(view->power_mode == "power-saver");
  CHECK(view->sessions[0].assignment->point.frequency_khz <= 1000000);
  CHECK_FALSE(view->sessions[0].assignment->feasible);
  const absl::Status unknown = SetMode("turbo");
  CHECK(absl::IsNotFound(unknown));
  CHECK(unknown.message().find("balanced, performance, power-saver") != absl::string_view::npos);
}

// Runs of `session` on `cluster` that took five times as long as expected.
void RunSlowly(OutcomeRing& outcomes, dispatch::SlowdownBook& slowdowns, base::TimePoint now,
               const std::string& session, const std::string& cluster) {
  for (int i = 0; i < 50; ++i) {
    slowdowns.Observe(cluster, "net", "l", 8.0, 40.0, now);
    outcomes.Push({.session = session,
                   .model = "net",
                   .cluster = cluster,
                   .subnet = "l",
                   .response = milliseconds(50),
                   .compute = milliseconds(40),
                   .expected_ms = 8.0,
                   .missed = true});
  }
}

TEST_CASE_METHOD(ManagerFixture, "slow runs make the loop move the session elsewhere") {
  const auto session = Open({.latency_ms = 12.0, .min_accuracy = 0.79, .rate_hz = 10.0});
  const std::string first = session->assignment->point.cluster;
  RunSlowly(outcomes_, slowdowns_, time_.Now(), session->id, first);
  time_.Advance(milliseconds(500));
  const SessionView view = manager_->status()->sessions[0];
  CHECK(view.assignment->point.cluster != first);
  CHECK(view.total_missed == 50);
  CHECK(view.observed.p99_ms == Approx(50.0));
  CHECK(Has(view.assignment->reasons, "moved"));
}

TEST_CASE_METHOD(ManagerFixture, "a missed deadline is taken up before the tick") {
  const auto session = Open({.latency_ms = 12.0, .min_accuracy = 0.79, .rate_hz = 10.0});
  const std::string first = session->assignment->point.cluster;
  RunSlowly(outcomes_, slowdowns_, time_.Now(), session->id, first);
  manager_->OnMiss();
  time_.RunDue();
  CHECK(manager_->status()->sessions[0].assignment->point.cluster != first);
}

TEST_CASE_METHOD(ManagerFixture, "an overload does not keep the loop deciding") {
  int seen = 0;
  manager_->Watch([&](const auto&) { ++seen; });
  time_.RunDue();
  const int before = seen;
  for (int i = 0; i < 100; ++i) {
    for (int miss = 0; miss < 100; ++miss) manager_->OnMiss();
    time_.Advance(milliseconds(1));
  }
  // At 0, 50 and 100 ms, each with what the reading brings.
  CHECK(seen - before <= 6);
}

TEST_CASE_METHOD(ManagerFixture, "routes are not published again when nothing has changed") {
  const auto session = Open({.latency_ms = 12.0, .rate_hz = 10.0});
  time_.Advance(seconds(2));
  const int before = publications_;
  const int ticks = ticks_;
  time_.Advance(seconds(5));
  CHECK(ticks_ == ticks + 10);
  CHECK(publications_ == before);
  // A clock that is read back otherwise makes other latencies.
  for (auto& cluster : board_->reading.clusters) cluster.frequency_khz = 700000;
  time_.Advance(milliseconds(500));
  CHECK(publications_ == before + 1);
  CHECK(routes_->sessions.at(session->id).frequency_khz == 700000);
}

class SlowTickFixture : public ManagerFixture {
 protected:
  SlowTickFixture() : ManagerFixture({.idle_tick = seconds(1), .empty_tick = seconds(2)}) {}

  int TicksIn(base::Duration time) {
    const int before = ticks_;
    time_.Advance(time);
    return ticks_ - before;
  }
};

TEST_CASE_METHOD(SlowTickFixture, "the loop ticks more slowly while no request is under way") {
  CHECK(TicksIn(seconds(8)) == 4);
  const auto session = Open({.latency_ms = 12.0, .rate_hz = 10.0});
  REQUIRE(session.ok());
  CHECK(TicksIn(seconds(8)) == 8);
  serving_ = true;
  time_.Advance(seconds(1));
  CHECK(TicksIn(seconds(8)) == 16);
  serving_ = false;
  time_.Advance(seconds(1));
  CHECK(TicksIn(seconds(8)) == 8);
  manager_->CloseSession(session->id, kAlice, [](const absl::Status&) {});
  time_.Advance(seconds(1));
  CHECK(TicksIn(seconds(8)) == 4);
}

TEST_CASE_METHOD(SlowTickFixture, "requests that came and went between two ticks count, too") {
  const auto session = Open({.latency_ms = 12.0, .rate_hz = 10.0});
  time_.Advance(seconds(2));
  for (int i = 0; i < 4; ++i) {
    outcomes_.Push({.session = session->id, .model = "net", .cluster = "cpu0", .subnet = "l"});
    CHECK(TicksIn(i == 0 ? seconds(1) : milliseconds(500)) == 1);
  }
  CHECK(TicksIn(milliseconds(500)) == 1);
  CHECK(TicksIn(seconds(4)) == 4);
}

TEST_CASE_METHOD(SlowTickFixture, "a request after a pause is not left with an old reading") {
  REQUIRE(Open({.latency_ms = 12.0}).ok());
  time_.Advance(milliseconds(4100));
  const int reads = board_->reads;
  serving_ = true;
  for (int i = 0; i < 3; ++i) manager_->OnRequest();
  time_.RunDue();
  CHECK(board_->reads == reads + 1);
  CHECK(TicksIn(seconds(4)) == 8);
}

TEST_CASE_METHOD(SlowTickFixture, "a lease ends in time however slow the tick is") {
  REQUIRE(Open({}).ok());
  time_.Advance(milliseconds(10300));
  const auto lease = Open({}, SessionKind::kLease);
  time_.Advance(milliseconds(1900));
  CHECK(routes_->sessions.contains(lease->id));
  time_.Advance(milliseconds(400));
  CHECK_FALSE(routes_->sessions.contains(lease->id));
}

TEST_CASE_METHOD(ManagerFixture, "a reading that does not come is asked for again, in time") {
  board_->deaf = true;
  time_.Advance(milliseconds(500));
  const int reads = board_->reads;
  time_.Advance(seconds(3));
  CHECK(board_->reads == reads + 3);
  board_->deaf = false;
  time_.Advance(seconds(3));
  CHECK(board_->reads >= reads + 8);
}

TEST_CASE_METHOD(SlowTickFixture, "the first session is not left with an old reading") {
  time_.Advance(milliseconds(4100));
  const int reads = board_->reads;
  REQUIRE(Open({.latency_ms = 12.0}).ok());
  CHECK(board_->reads == reads + 1);
  CHECK(TicksIn(seconds(1)) == 1);
  REQUIRE(Open({.latency_ms = 12.0}).ok());
  // Neither does opening sessions put the tick off.
  CHECK(TicksIn(seconds(1)) == 1);
}

TEST_CASE_METHOD(ManagerFixture, "a cluster that goes away is left when a reading tells") {
  const auto session = Open({.latency_ms = 12.0, .rate_hz = 10.0});
  const std::string first = session->assignment->point.cluster;
  for (auto& cluster : board_->reading.clusters) {
    if (cluster.cluster == first) cluster.available = false;
  }
  time_.Advance(milliseconds(500));
  CHECK(manager_->status()->sessions[0].assignment->point.cluster != first);
}

TEST_CASE_METHOD(ManagerFixture,
                 "without the board sessions run on, without knobs, and it is said") {
  const auto session = Open({.latency_ms = 20.0, .rate_hz = 10.0});
  manager_->LoseBoard("dynofa-boardd went away");
  const auto view = manager_->status();
  CHECK(view->sessions[0].assignment.has_value());
  CHECK(view->decision.settings.empty());
  REQUIRE(view->notes.size() == 1);
  CHECK(view->notes[0] == "serving without knobs: dynofa-boardd went away");
  manager_->AttachBoard(std::make_unique<tests::FakeBoard>(board_, time_));
  time_.RunDue();
  CHECK(manager_->status()->notes.empty());
  CHECK_FALSE(manager_->status()->decision.settings.empty());
}

TEST_CASE_METHOD(ManagerFixture, "knobs that refuse are asked again after a while") {
  board_->apply_status = absl::UnavailableError("busy");
  const auto session = Open({.latency_ms = 9.0, .rate_hz = 10.0});
  const std::size_t tries = board_->applied.size();
  time_.Advance(milliseconds(500));
  CHECK(board_->applied.size() == tries);
  board_->apply_status = absl::OkStatus();
  time_.Advance(milliseconds(2000));
  CHECK(board_->applied.size() == tries + 1);
  time_.Advance(seconds(10));
  CHECK(board_->applied.size() == tries + 1);
}

TEST_CASE_METHOD(ManagerFixture, "one knob that refuses is asked again, too") {
  board_->refused_cluster = "cpu0";
  REQUIRE(Open({.latency_ms = 9.0, .rate_hz = 10.0}).ok());
  const std::size_t tries = board_->applied.size();
  time_.Advance(milliseconds(2500));
  CHECK(board_->applied.size() == tries + 1);
}

TEST_CASE_METHOD(ManagerFixture, "a burst of changes is decided once") {
  const auto session = Open({.latency_ms = 100.0, .rate_hz = 10.0});
  int seen = 0;
  manager_->Watch([&](const auto&) { ++seen; });
  time_.RunDue();
  const int before = seen;
  int answered = 0;
  for (int i = 0; i < 50; ++i) {
    manager_->UpdateSession(session->id, kAlice, {.latency_ms = 100.0 + i, .rate_hz = 10.0},
                            [&](auto view) { answered += view.ok() ? 1 : 0; });
  }
  time_.RunDue();
  CHECK(answered == 50);
  CHECK(seen - before <= 3);
}

TEST_CASE_METHOD(ManagerFixture, "a session that cannot run now keeps a route that says so") {
  const auto session = Open({.latency_ms = 20.0});
  for (auto& cluster : board_->reading.clusters) cluster.available = false;
  time_.Advance(seconds(1));
  REQUIRE(routes_->sessions.contains(session->id));
  CHECK(routes_->sessions.at(session->id).ladder.empty());
  CHECK(routes_->sessions.at(session->id).uid == 1000);
}

TEST_CASE_METHOD(ManagerFixture, "a vendor's mode that went away with its board is left") {
  board_->info.vendor_modes = {{.name = "15W"}};
  manager_->AttachBoard(std::make_unique<tests::FakeBoard>(board_, time_));
  REQUIRE(SetMode("15W").ok());
  board_->info.vendor_modes.clear();
  manager_->AttachBoard(std::make_unique<tests::FakeBoard>(board_, time_));
  time_.RunDue();
  CHECK(manager_->status()->power_mode == "balanced");
}

TEST_CASE_METHOD(ManagerFixture, "stopping releases the board and decides no more") {
  REQUIRE(Open({.latency_ms = 9.0, .rate_hz = 10.0}).ok());
  absl::Status released = absl::UnknownError("not yet");
  manager_->Stop([&](absl::Status status) { released = status; });
  CHECK(released.ok());
  CHECK(board_->released);
  const std::size_t applied = board_->applied.size();
  time_.Advance(seconds(5));
  CHECK(board_->applied.size() == applied);
}

TEST_CASE_METHOD(ManagerFixture, "watchers see every decision until they leave; the loop ticks") {
  int seen = 0;
  const auto watch = manager_->Watch([&](const auto&) { ++seen; });
  time_.RunDue();
  CHECK(seen == 1);
  REQUIRE(Open({}).ok());
  CHECK(seen >= 2);
  manager_->Unwatch(watch);
  time_.RunDue();
  const int before = seen;
  const int ticks = ticks_;
  time_.Advance(seconds(2));
  CHECK(seen == before);
  CHECK(ticks_ == ticks + 4);
}

TEST_CASE("a manager needs a model and a power mode that exists") {
  base::VirtualTime time;
  OutcomeRing outcomes(4);
  dispatch::SlowdownBook slowdowns({"cpu0", "cpu2"});
  const auto make = [&](const std::string& mode, std::vector<HostedModel> models) {
    ManagerOptions options;
    options.power_modes = {{.name = "balanced"}};
    options.power_mode = mode;
    return Manager::Create(options, {.clock = time,
                                     .runner = time,
                                     .outcomes = outcomes,
                                     .slowdowns = slowdowns,
                                     .policy = policies::MakePolicy("hierarchical"),
                                     .models = std::move(models),
                                     .costs = std::make_shared<tests::FakeCosts>(),
                                     .publish_routes = [](auto) {}})
        .status();
  };
  CHECK(make("balanced", {{tests::NetInfo(), "fake"}}).ok());
  CHECK(absl::IsInvalidArgument(make("balanced", {})));
  CHECK(absl::IsInvalidArgument(make("turbo", {{tests::NetInfo(), "fake"}})));
}

TEST_CASE_METHOD(ManagerFixture, "While the machine sleeps nothing is set; once it wakes, once") {
  REQUIRE(Open({.latency_ms = 40.0}).ok());
  time_.Advance(seconds(1));
  const std::size_t before = board_->applied.size();
  bool quiet = false;
  manager_->SetAsleep(true, [&](const absl::Status&) { quiet = true; });
  manager_->SetPowerMode("performance", [](const absl::Status&) {});
  time_.Advance(seconds(3));
  CHECK(quiet);
  CHECK(board_->applied.size() == before);
  manager_->SetAsleep(false, [](const absl::Status&) {});
  time_.Advance(seconds(2));
  CHECK(board_->applied.size() == before + 1);
}

TEST_CASE_METHOD(ManagerFixture, "Who waits for sleep is told when the last write is through") {
  board_->silent = true;
  REQUIRE(Open({.latency_ms = 40.0}).ok());
  bool quiet = false;
  manager_->SetAsleep(true, [&](const absl::Status&) { quiet = true; });
  time_.Advance(seconds(1));
  CHECK_FALSE(quiet);
  manager_->LoseBoard("gone");
  CHECK(quiet);
}

TEST_CASE_METHOD(ManagerFixture, "What another program claims is left to it while it is there") {
  REQUIRE(Open({.latency_ms = 40.0}).ok());
  time_.Advance(seconds(1));
  const auto pinned = [&] {
    const auto& last = board_->applied.back();
    return std::any_of(last.begin(), last.end(), [](const auto& s) { return s.max_khz > 0; });
  };
  REQUIRE(pinned());
  manager_->SetOtherActors({"thermald"});
  time_.Advance(seconds(1));
  CHECK(manager_->status()->other_actors == std::vector<std::string>{"thermald"});
  CHECK(pinned());
  board_->reading.other_actors = {"nvpmodel"};
  time_.Advance(seconds(1));
  CHECK(manager_->status()->other_actors == std::vector<std::string>{"nvpmodel", "thermald"});
  CHECK_FALSE(pinned());
  board_->reading.other_actors.clear();
  time_.Advance(seconds(1));
  CHECK(pinned());
}

TEST_CASE_METHOD(ManagerFixture, "A setting that a device has forgotten is applied again") {
  REQUIRE(Open({.latency_ms = 40.0}).ok());
  time_.Advance(seconds(1));
  const std::size_t before = board_->applied.size();
  time_.Advance(seconds(2));
  CHECK(board_->applied.size() == before);
  for (auto& cluster : board_->reading.clusters) cluster.forgotten = true;
  time_.Advance(milliseconds(500));
  for (auto& cluster : board_->reading.clusters) cluster.forgotten = false;
  time_.Advance(seconds(2));
  CHECK(board_->applied.size() > before);
  CHECK(board_->applied.size() <= before + 2);
}

TEST_CASE_METHOD(ManagerFixture, "A knob that is left to another program is named in the status") {
  board_->reading.clusters[0].left_to_others = {"governor"};
  time_.Advance(seconds(1));
  const auto notes = manager_->status()->notes;
  CHECK(std::count(notes.begin(), notes.end(),
                   "cpu0: another program sets governor, which is left to it") == 1);
}

}  // namespace
}  // namespace dynofa::manager
