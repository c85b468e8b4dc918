#include "daemon/manager/manager.h"

#include <algorithm>
#include <optional>

#include "daemon/manager/manager_testing.h"
#include "tests/support/catch.h"

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

TEST_CASE_METHOD(ManagerFixture, "slow runs make the loop move the session elsewhere") {
  const auto session = Open({.latency_ms = 12.0, .min_accuracy = 0.79, .rate_hz = 10.0});
  const std::string first = session->assignment->point.cluster;
  RunSlowly(session->id, first);
  time_.Advance(milliseconds(500));
  const SessionView view = manager_->status()->sessions[0];
  CHECK(view.assignment->point.cluster != first);
  CHECK(view.total_missed == 50);
  CHECK(view.observed.p99_ms == Approx(50.0));
  CHECK(Has(view.assignment->reasons, "moved"));
}

TEST_CASE_METHOD(ManagerFixture, "requests that only a restart has saved are counted apart") {
  const auto session = Open({.latency_ms = 12.0, .rate_hz = 10.0});
  for (const bool missed : {false, true, false}) {
    outcomes_.Push({.session = session->id,
                    .model = "net",
                    .cluster = session->assignment->point.cluster,
                    .subnet = "s",
                    .response = milliseconds(missed ? 13 : 11),
                    .missed = missed,
                    .restarted = true});
  }
  time_.Advance(milliseconds(500));
  const SessionView view = manager_->status()->sessions[0];
  CHECK(view.total_completed == 3);
  CHECK(view.total_missed == 1);
  CHECK(view.total_restarted == 2);
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
  const int before = decisions_;
  int answered = 0;
  for (int i = 0; i < 50; ++i) {
    manager_->UpdateSession(session->id, kAlice, {.latency_ms = 100.0 + i, .rate_hz = 10.0},
                            [&](auto view) { answered += view.ok() ? 1 : 0; });
  }
  time_.RunDue();
  CHECK(answered == 50);
  CHECK(decisions_ - before == 1);
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

TEST_CASE_METHOD(ManagerStage, "a manager needs a model and a power mode that exists") {
  const auto make = [&](const std::string& mode, std::vector<HostedModel> models) {
    ManagerOptions options;
    options.power_modes = {{.name = "balanced"}};
    options.power_mode = mode;
    ManagerDependencies world = World();
    world.models = std::move(models);
    return Manager::Create(std::move(options), std::move(world)).status();
  };
  CHECK(make("balanced", {{tests::NetInfo(), "fake"}}).ok());
  CHECK(absl::IsInvalidArgument(make("balanced", {})));
  CHECK(absl::IsInvalidArgument(make("turbo", {{tests::NetInfo(), "fake"}})));
}

}  // namespace
}  // namespace dynofa::manager
