#ifndef DYNOFA_DAEMON_MANAGER_PROFILER_TESTING_H_
#define DYNOFA_DAEMON_MANAGER_PROFILER_TESTING_H_

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/manager/manager_testing.h"
#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

// Profiles as a job of the manager in virtual time: fakes for board and executors, the real store
// on a temporary folder.

namespace dynofa::manager {

inline const Caller kAlice{1000, 1000, 42};

/// Runs take twice what the prior says, and with two threads half of that.
inline double RealMs(const MeasureOrder& order) {
  const std::map<std::string, double> at_1_ghz = {{"s", 8.0}, {"m", 16.0}, {"l", 32.0}};
  const double ghz = static_cast<double>(std::max<std::int64_t>(order.frequency_khz, 1)) / 1e6;
  return at_1_ghz.at(order.subnet) / (order.frequency_khz > 0 ? ghz : 1.0) / order.threads;
}

/// Executors that take their time on the virtual line.
class FakeMeasure final : public MeasureApi {
 public:
  explicit FakeMeasure(base::VirtualTime& time) : time_(time) {}

  std::vector<int> ThreadCounts(const std::string& cluster) const override {
    return cluster == without_executor ? std::vector<int>() : std::vector<int>{1, 2};
  }

  void Measure(const MeasureOrder& order, Done done) override {
    if (working_.contains(order.cluster)) {
      return done(absl::ResourceExhaustedError("still at work"));
    }
    orders.push_back(order);
    auto stopped = std::make_shared<bool>(false);
    working_[order.cluster] = stopped;
    const double ms = RealMs(order) * (order.threads > 1 ? slower_with_more_threads : 1.0);
    const int runs = std::min(order.runs, static_cast<int>(base::ToMs(order.longest) / ms) + 1);
    time_.PostDelayed(base::FromMs(ms * (runs + order.warm_ups)), [=, this] {
      working_.erase(order.cluster);
      if (*stopped) return done(absl::CancelledError("stopped"));
      if (!failure.ok() && order.subnet == failing_subnet) return done(failure);
      Measurement measurement;
      measurement.evidence = evidence;
      if (overruns) {
        measurement.overruns = runs;
      } else {
        measurement.clean_ms.assign(static_cast<std::size_t>(runs), ms);
        // One in five runs is disturbed and takes ten times as long.
        measurement.disturbed_ms.assign(static_cast<std::size_t>(runs / 5), 10.0 * ms);
      }
      done(std::move(measurement));
    });
  }

  void StopMeasuring(const std::string& cluster) override {
    if (auto found = working_.find(cluster); found != working_.end()) *found->second = true;
  }

  std::vector<MeasureOrder> orders;
  policies::Evidence evidence = policies::Evidence::kMeasured;
  bool overruns = false;
  std::string without_executor;
  double slower_with_more_threads = 1.0;
  absl::Status failure;
  std::string failing_subnet;

 private:
  base::VirtualTime& time_;
  std::map<std::string, std::shared_ptr<bool>> working_;
};

/// The store on disk, answering on the virtual line.
class FakeStorage final : public ProfileStorage {
 public:
  FakeStorage(const std::string& folder, base::VirtualTime& time) : store(folder), time_(time) {}

  void Load(engine::ProfileKey key, Loaded done) override {
    time_.PostDelayed(std::chrono::milliseconds(1), [this, key, done] { done(store.Load(key)); });
  }
  void Save(std::shared_ptr<const engine::Profile> profile, Saved done) override {
    ++saves;
    time_.PostDelayed(std::chrono::milliseconds(1), [this, profile, done] {
      done(trouble.ok() ? store.Save(*profile) : trouble);
    });
  }

  engine::ProfileStore store;
  absl::Status trouble;
  int saves = 0;

 private:
  base::VirtualTime& time_;
};

class ProfilerFixture : public ManagerStage {
 protected:
  ProfilerFixture() { StartManager(); }

  void StartManager() {
    manager_.reset();
    ManagerOptions options;
    options.power_modes = {{.name = "balanced"},
                           {.name = "one-core", .max_cores = {{"cpu0", 1}, {"cpu2", 1}}}};
    engine::ModelInfo info = tests::NetInfo();
    info.weights_digest = "0123";
    ManagerDependencies world = World();
    world.models = {{info, "fake", "1.0"}};
    world.publish_routes = [this](auto routes) { routes_ = std::move(routes); };
    world.measure = &measure_;
    world.profiles = &storage_;
    manager_ = Begin(std::move(options), std::move(world));
    time_.Advance(std::chrono::milliseconds(10));
  }

  absl::Status Start(const ProfileRequest& request = {}) {
    std::optional<absl::Status> begun;
    manager_->StartProfile(request, [&](const absl::Status& status) { begun = status; });
    time_.RunDue();
    return *begun;
  }

  absl::Status Cancel() {
    std::optional<absl::Status> done;
    manager_->CancelProfile([&](const absl::Status& status) { done = status; });
    time_.RunDue();
    return *done;
  }

  SessionView Open(const policies::Requirement& requirement = {.rate_hz = 5.0}) {
    std::optional<SessionView> opened;
    manager_->OpenSession({.model = "net", .requirement = requirement, .caller = kAlice},
                          [&](const auto& session) { opened = *session; });
    time_.RunDue();
    return *opened;
  }

  void Close(const std::string& session) {
    manager_->CloseSession(session, kAlice, [](const absl::Status&) {});
    time_.RunDue();
  }

  ProfileProgress progress() const { return manager_->status()->profiling; }
  const engine::Profile* profile() const { return manager_->status()->models[0].profile.get(); }

  /// Lets time pass until `done`, at most ten virtual minutes.
  template <typename Condition>
  bool Until(const Condition& done) {
    for (int i = 0; i < 60000; ++i) {
      if (done()) return true;
      time_.Advance(std::chrono::milliseconds(10));
    }
    return false;
  }
  bool UntilState(ProfileState state) {
    return Until([&] { return progress().state == state; });
  }
  bool UntilMeasured(std::int64_t count) {
    return Until([&] { return progress().measured >= count; });
  }

  bool HasGap(const std::string& text) const {
    const auto gaps = progress().gaps;
    return std::any_of(gaps.begin(), gaps.end(), [&](const engine::ProfileGap& gap) {
      return gap.reason.find(text) != std::string::npos;
    });
  }

  /// Orders for points that the profile had before.
  int MeasuredAgain(const engine::Profile& before) const {
    return static_cast<int>(std::count_if(
        measure_.orders.begin(), measure_.orders.end(), [&](const MeasureOrder& order) {
          return before.entries.contains(
              {order.subnet, order.cluster, order.threads, order.frequency_khz});
        }));
  }

  void OneClusterOnly() {
    board_->info.clusters.pop_back();
    board_->reading.clusters.pop_back();
    StartManager();
  }

  tests::TempDir dir_;
  std::shared_ptr<const dispatch::RoutingTable> routes_;
  FakeMeasure measure_{time_};
  FakeStorage storage_{dir_ / "profiles", time_};
  std::unique_ptr<Manager> manager_;
};

/// Three subnets, two clusters, three frequencies, two numbers of threads.
inline constexpr std::int64_t kAll = 36;

}  // namespace dynofa::manager

#endif  // DYNOFA_DAEMON_MANAGER_PROFILER_TESTING_H_
