#include "daemon/base/virtual_time.h"

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
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
    for (hardware::ClusterReading& cluster : board_->reading.clusters) {
      cluster.min_khz = 500000;
      cluster.max_khz = 2000000;
    }
    board_->meter = [this](hardware::BoardReading& reading) { Meter(reading); };
    manager_ = Begin(std::move(options), std::move(world));
  }

  /// What the board draws apart from its clusters, W.
  static constexpr double kBaseW = 0.5;
  /// Whether the rail is a counter of energy, read as the mean since the reading before; else it
  /// tells the power of the moment.
  bool counts_energy = false;

  /// What the board has drawn until now, J.
  double EnergyJ() {
    double watt = kBaseW;
    for (const auto& cluster : board_->reading.clusters) watt += cluster.static_power_w;
    for (const auto& [cluster, active_w] : busy_) watt += active_w;
    energy_j_ += watt * base::ToSeconds(time_.Now() - energy_until_);
    energy_until_ = time_.Now();
    power_w_ = watt;
    return energy_j_;
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
      time_.Advance(std::min<Duration>(std::chrono::milliseconds(10), end - time_.Now()));
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
  void Meter(hardware::BoardReading& reading) {
    const double joule = EnergyJ() - std::exchange(metered_j_, EnergyJ());
    const double seconds =
        base::ToSeconds(time_.Now() - std::exchange(metered_until_, time_.Now()));
    const bool mean = counts_energy && seconds > 0.0;
    reading.board_power_w = mean ? joule / seconds : power_w_;
    reading.board_power_over_s = mean ? seconds : 0.0;
  }

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
      EnergyJ();
      busy_.emplace(cluster, work->active_power_w);
      const Duration compute = base::FromMs(work->expected_ms * slow[cluster]);
      time_.PostDelayed(compute, [this, work = *work, compute] {
        EnergyJ();
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
  /// The clusters that run something, and what they draw for it, W.
  std::map<std::string, double> busy_;
  double energy_j_ = 0.0;
  double power_w_ = 0.0;
  TimePoint energy_until_;
  double metered_j_ = 0.0;
  TimePoint metered_until_;
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

TEST_CASE("the power of a board is foreseen however even requests fall on even readings") {
  const bool counts_energy = GENERATE(false, true);
  const int phase_ms = GENERATE(3, 20, 45, 80, 97);
  CAPTURE(counts_energy, phase_ms);
  Simulation simulation;
  simulation.counts_energy = counts_energy;
  const std::string camera =
      simulation.Open({.latency_ms = 25.0, .percentile = 95, .min_accuracy = 0.8, .rate_hz = 10.0});
  simulation.RunFor(std::chrono::milliseconds(phase_ms));
  simulation.Send(camera, std::chrono::milliseconds(100), 400);
  simulation.RunFor(std::chrono::seconds(10));

  constexpr double kMeasuredS = 20.0;
  const double before_j = simulation.EnergyJ();
  double foreseen_w = 0.0;
  for (int i = 0; i < static_cast<int>(kMeasuredS); ++i) {
    simulation.RunFor(std::chrono::seconds(1));
    foreseen_w += *simulation.status()->decision.predicted_power_w / kMeasuredS;
  }
  const double drawn_w = (simulation.EnergyJ() - before_j) / kMeasuredS;
  CHECK(drawn_w > Simulation::kBaseW + 0.5);
  CHECK(foreseen_w == Approx(drawn_w).epsilon(0.02));
}

}  // namespace
}  // namespace dynofa::manager
