#include "daemon/base/virtual_time.h"

#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "daemon/manager/manager_testing.h"
#include "tests/support/catch.h"

namespace dynofa::manager {
namespace {

using base::Duration;
using base::TimePoint;

/// Manager and dispatcher as in production, in virtual time on one thread: executors are events
/// that take as long as their subnet's profile says (times a factor per cluster).
class Simulation : private ManagerStage {
 public:
  Simulation() {
    ManagerOptions options;
    options.power_modes = {{.name = "balanced"},
                           {.name = "performance", .objective = policies::Objective::kPerformance}};
    ManagerDependencies world = World();
    world.publish_routes = [this](auto routes) { TakeRoutes(std::move(routes)); };
    manager_ = Begin(std::move(options), std::move(world));
  }

  std::string Open(const policies::Requirement& requirement) {
    std::string id;
    manager_->OpenSession({.model = "net", .requirement = requirement},
                          [&](auto session) { id = session->id; });
    time_.RunDue();
    return id;
  }

  void Update(const std::string& id, const policies::Requirement& requirement) {
    manager_->UpdateSession(id, {}, requirement, [](auto session) { REQUIRE(session.ok()); });
  }

  void Close(const std::string& id) {
    manager_->CloseSession(id, {}, [](const absl::Status& status) { REQUIRE(status.ok()); });
    time_.RunDue();
  }

  /// Sends a request every `period` until `count` were sent.
  void Send(const std::string& session, Duration period, int count,
            std::optional<Duration> expiry = std::nullopt) {
    if (count == 0) return;
    dispatch::Request request{.id = ++last_id_, .session = session, .model = "net"};
    if (expiry) request.expiry = time_.Now() + *expiry;
    ++sent;
    if (dispatcher_.Submit(request, time_.Now()).ok()) {
      open_.insert(request.id);
      RunFree();
    } else {
      ++refused;
    }
    time_.PostDelayed(period, [=, this] { Send(session, period, count - 1, expiry); });
  }

  void RunFor(Duration length) {
    const TimePoint end = time_.Now() + length;
    while (time_.Now() < end) {
      time_.Advance(std::chrono::milliseconds(10));
      for (dispatch::Outcome& outcome : dispatcher_.Expire(time_.Now())) End(std::move(outcome));
    }
  }

  std::shared_ptr<const StatusView> status() const { return manager_->status(); }
  bool Drained() const { return open_.empty(); }

  int sent = 0;
  int refused = 0;
  std::map<dispatch::Outcome::Kind, int> ended;
  std::map<std::string, int> missed;
  std::map<std::string, int> completed;
  std::map<std::string, double> slow{{"cpu0", 1.0}, {"cpu2", 1.0}};

 private:
  void TakeRoutes(std::shared_ptr<const dispatch::RoutingTable> routes) {
    for (auto& refusal : dispatcher_.SetRoutes(std::move(routes), time_.Now())) {
      End(std::move(refusal.outcome));
    }
  }

  void RunFree() {
    for (const char* cluster : {"cpu0", "cpu2"}) {
      if (busy_.contains(cluster)) continue;
      const auto work = dispatcher_.NextWork(cluster, time_.Now());
      if (!work) continue;
      busy_.insert(cluster);
      const Duration compute = base::FromMs(work->expected_ms * slow[cluster]);
      time_.PostDelayed(compute, [this, work = *work, compute] {
        busy_.erase(work.cluster);
        End(dispatcher_.Complete(work, time_.Now(), compute, true));
        RunFree();
      });
    }
  }

  void End(dispatch::Outcome outcome) {
    REQUIRE(open_.erase(outcome.id) == 1);
    ++ended[outcome.kind];
    ++completed[outcome.session];
    const bool late = outcome.missed;
    if (late) ++missed[outcome.session];
    outcomes_.Push(std::move(outcome));
    if (late) manager_->OnMiss();
  }

  dispatch::Dispatcher dispatcher_{{}, slowdowns_};
  std::unique_ptr<Manager> manager_;
  std::set<std::string> busy_;
  std::set<dispatch::RequestId> open_;
  dispatch::RequestId last_id_ = 0;
};

TEST_CASE("100,000 requests of changing sessions all end, once, and feasible targets hold") {
  Simulation simulation;
  const std::string camera = simulation.Open(
      {.latency_ms = 25.0, .percentile = 95, .min_accuracy = 0.75, .rate_hz = 40.0});
  const std::string robot =
      simulation.Open({.latency_ms = 10.0, .percentile = 95, .rate_hz = 50.0, .priority = 1});
  constexpr int kCamera = 44000;
  constexpr int kRobot = 55000;
  simulation.Send(camera, std::chrono::milliseconds(25), kCamera);
  simulation.Send(robot, std::chrono::milliseconds(20), kRobot);
  simulation.Send("", std::chrono::milliseconds(500), 2000, std::chrono::milliseconds(5));

  simulation.RunFor(std::chrono::seconds(300));
  simulation.slow["cpu0"] = 2.5;
  simulation.RunFor(std::chrono::seconds(100));
  simulation.slow["cpu0"] = 1.0;
  simulation.Update(robot, {.latency_ms = 6.0, .percentile = 95, .rate_hz = 50.0, .priority = 1});
  simulation.RunFor(std::chrono::seconds(720));

  CHECK(simulation.sent == 101000);
  CHECK(simulation.Drained());
  CHECK(simulation.refused == 0);
  int ended = 0;
  for (const auto& [kind, count] : simulation.ended) ended += count;
  CHECK(ended == simulation.sent);
  CHECK(simulation.completed[camera] == kCamera);
  CHECK(simulation.completed[robot] == kRobot);
  CHECK(simulation.missed[camera] <= kCamera / 20);
  CHECK(simulation.missed[robot] <= kRobot / 20);
  CHECK(simulation.status()->sessions.size() == 2);
}

TEST_CASE("what a session that closes has queued ends with it") {
  Simulation simulation;
  const std::string session = simulation.Open({.latency_ms = 25.0, .rate_hz = 10.0});
  simulation.Send(session, Duration::zero(), 10);
  simulation.RunFor(std::chrono::milliseconds(10));
  simulation.Close(session);
  CHECK(simulation.sent == 10);
  CHECK(simulation.ended[dispatch::Outcome::Kind::kRefused] >= 5);
  simulation.RunFor(std::chrono::milliseconds(50));
  CHECK(simulation.Drained());
  CHECK(simulation.ended[dispatch::Outcome::Kind::kCompleted] +
            simulation.ended[dispatch::Outcome::Kind::kRefused] ==
        10);
}

}  // namespace
}  // namespace dynofa::manager
