#ifndef DYNOFA_DAEMON_MANAGER_MANAGER_TESTING_H_
#define DYNOFA_DAEMON_MANAGER_MANAGER_TESTING_H_

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/base/virtual_time.h"
#include "daemon/manager/manager.h"
#include "policies/policy.h"
#include "policies/registry.h"
#include "tests/support/fake_board.h"
#include "tests/support/fake_model.h"

namespace dynofa::manager {

/// What a manager under test stands on: virtual time, a fake board of two clusters, and one model.
class ManagerStage {
 protected:
  /// A world in which nobody takes routes.
  ManagerDependencies World() {
    return {.clock = time_,
            .runner = time_,
            .outcomes = outcomes_,
            .slowdowns = slowdowns_,
            .policy = policies::MakePolicy("hierarchical"),
            .models = {{tests::NetInfo(), "fake"}},
            .costs = std::make_shared<tests::FakeCosts>(),
            .publish_routes = [](const auto&) {}};
  }

  /// A manager that has the board and has done what is due at once.
  std::unique_ptr<Manager> Begin(ManagerOptions options, ManagerDependencies world) {
    std::unique_ptr<Manager> manager = *Manager::Create(std::move(options), std::move(world));
    manager->AttachBoard(std::make_unique<tests::FakeBoard>(board_, time_));
    manager->Start();
    time_.RunDue();
    return manager;
  }

  base::VirtualTime time_;
  OutcomeRing outcomes_{4096};
  dispatch::SlowdownBook slowdowns_{{"cpu0", "cpu2"}};
  std::shared_ptr<tests::FakeBoardState> board_ = tests::TwoClusters();
};

/// Decides as `hierarchical` and counts how often.
class CountingPolicy final : public policies::Policy {
 public:
  explicit CountingPolicy(int& decisions) : decisions_(decisions) {}

  std::string_view name() const override { return policy_->name(); }
  policies::Decision Decide(const policies::Snapshot& snapshot) const override {
    ++decisions_;
    return policy_->Decide(snapshot);
  }

 private:
  const std::unique_ptr<policies::Policy> policy_ = policies::MakePolicy("hierarchical");
  int& decisions_;
};

/// A manager on that stage, for one caller (uid 1000) unless a test names another.
class ManagerFixture : public ManagerStage {
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
    ManagerDependencies world = World();
    world.policy = std::make_unique<CountingPolicy>(decisions_);
    world.publish_routes = [this](auto routes) {
      routes_ = std::move(routes);
      ++publications_;
    };
    world.serving = [this] { return serving_; };
    world.on_tick = [this] { ++ticks_; };
    manager_ = Begin(std::move(options), std::move(world));
  }

  absl::StatusOr<SessionView> Open(policies::Requirement requirement,
                                   SessionKind kind = SessionKind::kStream,
                                   Caller caller = {1000, 1000, 42},
                                   const std::string& model = "net") {
    SessionSpec spec{.model = model,
                     .client_name = "test",
                     .requirement = requirement,
                     .kind = kind,
                     .time_to_live = std::chrono::seconds(2),
                     .caller = caller};
    return Wait<SessionView>([&](auto done) { manager_->OpenSession(spec, done); });
  }

  absl::StatusOr<SessionView> Update(const std::string& id, policies::Requirement requirement,
                                     Caller caller = {1000, 1000, 42}) {
    return Wait<SessionView>(
        [&](auto done) { manager_->UpdateSession(id, caller, requirement, done); });
  }

  absl::Status SetMode(const std::string& name) {
    std::optional<absl::Status> result;
    manager_->SetPowerMode(name, [&](absl::Status status) { result = status; });
    time_.RunDue();
    return *result;
  }

  /// What the board is going to tell of a cluster.
  hardware::ClusterReading& ReadingOf(const std::string& cluster) {
    auto& readings = board_->reading.clusters;
    return *std::find_if(readings.begin(), readings.end(),
                         [&](const auto& reading) { return reading.cluster == cluster; });
  }

  /// Runs of `session` on `cluster` that took five times as long as expected.
  void RunSlowly(const std::string& session, const std::string& cluster) {
    for (int i = 0; i < 50; ++i) {
      slowdowns_.Observe(cluster, "net", "l", 8.0, 40.0, time_.Now());
      outcomes_.Push({.session = session,
                      .model = "net",
                      .cluster = cluster,
                      .subnet = "l",
                      .response = std::chrono::milliseconds(50),
                      .compute = std::chrono::milliseconds(40),
                      .expected_ms = 8.0,
                      .missed = true});
    }
  }

  template <typename T, typename Call>
  absl::StatusOr<T> Wait(const Call& call) {
    std::optional<absl::StatusOr<T>> result;
    call([&](absl::StatusOr<T> value) { result = std::move(value); });
    time_.RunDue();
    return *std::move(result);
  }

  std::shared_ptr<const dispatch::RoutingTable> routes_;
  int publications_ = 0;
  int decisions_ = 0;
  bool serving_ = false;
  int ticks_ = 0;
  std::unique_ptr<Manager> manager_;
};

}  // namespace dynofa::manager

#endif  // DYNOFA_DAEMON_MANAGER_MANAGER_TESTING_H_
