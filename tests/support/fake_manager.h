#ifndef DYNOFA_TESTS_SUPPORT_FAKE_MANAGER_H_
#define DYNOFA_TESTS_SUPPORT_FAKE_MANAGER_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/base/strings.h"
#include "daemon/base/task_runner.h"
#include "daemon/manager/manager_api.h"

namespace dynofa::tests {

/// A manager without a loop: sessions are kept, every one of them is assigned to the subnet that
/// the test last named with Decide, and answers come on a thread of their own, as the contract
/// says. Hosts one model. Thread-safe.
class FakeManager final : public manager::ManagerApi {
 public:
  explicit FakeManager(std::string model = "toy") : model_(std::move(model)) {
    std::lock_guard lock(mutex_);
    Publish();
  }

  ~FakeManager() override { Resume(); }

  void OpenSession(manager::SessionSpec spec, SessionDone done) override {
    ++session_calls_;
    sequence_->Post([this, spec = std::move(spec), done = std::move(done)] {
      done(Open(spec));
      Notify();
    });
  }

  void UpdateSession(std::string id, manager::Caller caller, policies::Requirement requirement,
                     SessionDone done) override {
    ++session_calls_;
    sequence_->Post([this, id = std::move(id), caller, requirement, done = std::move(done)] {
      done(Change(id, caller, [&](manager::SessionView& view) { view.requirement = requirement; }));
      Notify();
    });
  }

  void RenewSession(std::string id, manager::Caller caller, base::Duration,
                    SessionDone done) override {
    ++session_calls_;
    sequence_->Post([this, id = std::move(id), caller, done = std::move(done)] {
      done(Change(id, caller, [](manager::SessionView&) {}));
    });
  }

  void CloseSession(std::string id, manager::Caller caller, Done done) override {
    ++session_calls_;
    sequence_->Post([this, id = std::move(id), caller, done = std::move(done)] {
      done(Change(id, caller, [](manager::SessionView& view) { view.id.clear(); }).status());
      Notify();
    });
  }

  void SetPowerMode(std::string name, Done done) override {
    sequence_->Post([this, name = std::move(name), done = std::move(done)] {
      {
        std::lock_guard lock(mutex_);
        power_mode_ = name;
        Publish();
      }
      done(absl::OkStatus());
      Notify();
    });
  }

  void StartProfile(manager::ProfileRequest request, Done done) override {
    sequence_->Post([this, request = std::move(request), done = std::move(done)] {
      {
        std::lock_guard lock(mutex_);
        profile_request_ = request;
        profiling_ = {.state = manager::ProfileState::kRunning,
                      .total = 8,
                      .known = 2,
                      .measured = 3,
                      .cluster = "cpu0",
                      .frequency_khz = 1'000'000,
                      .elapsed_s = 6.0,
                      .left_s = 4.0};
        profiling_.gaps = {{"gpu", 0, "nothing can run on it"}};
        Publish();
      }
      done(absl::OkStatus());
      Notify();
    });
  }

  void SetOtherActors(std::vector<std::string>) override {}
  void SetAsleep(bool, Done done) override { done(absl::OkStatus()); }
  void CancelProfile(Done done) override {
    sequence_->Post([this, done = std::move(done)] {
      {
        std::lock_guard lock(mutex_);
        if (profiling_.state != manager::ProfileState::kRunning) {
          return done(absl::FailedPreconditionError("no profile is being measured"));
        }
        profiling_.state = manager::ProfileState::kCancelled;
        Publish();
      }
      done(absl::OkStatus());
      Notify();
    });
  }

  /// The last one that was begun.
  std::optional<manager::ProfileRequest> profile_request() const {
    std::lock_guard lock(mutex_);
    return profile_request_;
  }

  std::shared_ptr<const manager::StatusView> status() const override {
    std::lock_guard lock(mutex_);
    return status_;
  }

  std::uint64_t Watch(Watcher watcher) override {
    std::uint64_t watch = 0;
    {
      std::lock_guard lock(mutex_);
      watch = ++last_watch_;
      watchers_[watch] = std::move(watcher);
    }
    if (on_watch) on_watch();
    return watch;
  }

  void Unwatch(std::uint64_t watch) override {
    std::lock_guard lock(mutex_);
    watchers_.erase(watch);
  }

  /// From here on nothing is done or answered until Resume.
  void Stall() {
    auto resume = std::make_shared<std::promise<void>>();
    {
      std::lock_guard lock(mutex_);
      resume_ = resume;
    }
    sequence_->Post([resumed = resume->get_future().share()] { resumed.wait(); });
  }
  void Resume() {
    std::lock_guard lock(mutex_);
    if (resume_ != nullptr) std::exchange(resume_, nullptr)->set_value();
  }

  /// Runs at the end of each Watch; set it before the manager is used.
  std::function<void()> on_watch;

  /// Changes to sessions that were asked for so far.
  std::size_t session_calls() const { return session_calls_; }

  /// Assigns every session to `subnet`, as a decision would.
  void Decide(std::string subnet) {
    sequence_->Post([this, subnet = std::move(subnet)] {
      {
        std::lock_guard lock(mutex_);
        subnet_ = subnet;
        for (manager::SessionView& view : sessions_) view.assignment = NewAssignment(view.id);
        Publish();
      }
      Notify();
    });
  }

  std::vector<manager::SessionView> sessions() const {
    std::lock_guard lock(mutex_);
    return sessions_;
  }
  std::size_t watchers() const {
    std::lock_guard lock(mutex_);
    return watchers_.size();
  }
  std::string power_mode() const { return status()->power_mode; }

  /// From here on sessions are refused for want of room.
  void RefuseSessions() {
    std::lock_guard lock(mutex_);
    refusing_ = true;
  }

 private:
  absl::StatusOr<manager::SessionView> Open(const manager::SessionSpec& spec) {
    std::lock_guard lock(mutex_);
    if (spec.model != model_) return absl::NotFoundError("no model '" + spec.model + "'");
    if (refusing_) return absl::ResourceExhaustedError("too many sessions");
    manager::SessionView view;
    view.id = base::StrCat("s", ++last_session_);
    view.model = spec.model;
    view.client_name = spec.client_name;
    view.kind = spec.kind;
    view.caller = spec.caller;
    view.requirement = spec.requirement;
    view.assignment = NewAssignment(view.id);
    sessions_.push_back(view);
    Publish();
    return view;
  }

  template <typename F>
  absl::StatusOr<manager::SessionView> Change(const std::string& id, const manager::Caller& caller,
                                              F change) {
    std::lock_guard lock(mutex_);
    for (auto session = sessions_.begin(); session != sessions_.end(); ++session) {
      if (session->id != id) continue;
      if (session->caller.uid != caller.uid) {
        return absl::PermissionDeniedError("session '" + id + "' belongs to another user");
      }
      change(*session);
      manager::SessionView view = *session;
      if (view.id.empty()) sessions_.erase(session);
      Publish();
      return view;
    }
    return absl::NotFoundError("no session '" + id + "'");
  }

  policies::Assignment NewAssignment(const std::string& session) const {
    policies::Assignment assignment;
    assignment.session = session;
    assignment.model = model_;
    assignment.point.model = model_;
    assignment.point.subnet = subnet_;
    assignment.point.cluster = "cpu0";
    assignment.point.frequency_khz = 1'000'000;
    assignment.point.latency_ms = 5.0;
    assignment.point.latency_evidence = policies::Evidence::kModelled;
    assignment.point.accuracy = 0.7;
    assignment.predicted_latency_ms = 6.0;
    assignment.reasons = {{"fake", "the test decided so"}};
    return assignment;
  }

  /// Makes a new status of the members; with mutex_ held.
  void Publish() {
    auto view = std::make_shared<manager::StatusView>();
    view->version = "test";
    view->board = "a board of the test";
    view->emulated_board = "test-board";
    view->power_mode = power_mode_;
    for (const char* name : {"performance", "balanced", "power-saver"}) {
      policies::PowerMode mode;
      mode.name = name;
      view->power_modes.push_back(mode);
    }
    view->policy = "fake";
    auto profile = std::make_shared<engine::Profile>();
    profile->entries[{"small", "cpu0", 1, 1'000'000}] = {
        .latency_ms = {.median = 5.0, .p10 = 4.5, .p90 = 6.0, .count = 25},
        .latency_evidence = policies::Evidence::kEmulated,
        .active_power_w = 1.5,
        .power_evidence = policies::Evidence::kEmulated};
    view->models = {{model_, "fake", {"small", "large"}, std::move(profile)}};
    view->profiling = profiling_;
    manager::ClusterView cluster;
    cluster.state.info.id = "cpu0";
    cluster.state.info.frequencies_khz = {500'000, 1'000'000};
    cluster.state.info.writable = true;
    cluster.state.frequency_khz = 1'000'000;
    view->clusters = {cluster};
    auto info = std::make_shared<hardware::BoardInfo>();
    info->zones = {{"CPU-therm", {{"critical", 96.5}}}};
    info->rails = {{"VDD_IN", "ina3221", true}};
    info->findings = {{"turbo", "", "cpufreq", "on"}};
    view->board_info = std::move(info);
    view->zones = {{"CPU-therm", "cpu0", 41.5}};
    view->rails = {{"VDD_IN", 4.5}};
    view->memory_khz = 1'600'000;
    view->board_power_w = 4.5;
    view->sessions = sessions_;
    view->decision.policy = "fake";
    view->decision.reasons = {{"fake", "nothing else was possible"}};
    view->decision_number = ++decisions_;
    view->notes = {"a note"};
    status_ = std::move(view);
  }

  void Notify() {
    std::vector<Watcher> watchers;
    std::shared_ptr<const manager::StatusView> view;
    {
      std::lock_guard lock(mutex_);
      for (const auto& [number, watcher] : watchers_) watchers.push_back(watcher);
      view = status_;
    }
    for (const Watcher& watcher : watchers) watcher(view);
  }

  const std::string model_;
  std::atomic<std::size_t> session_calls_ = 0;
  mutable std::mutex mutex_;
  // Guarded by mutex_.
  bool refusing_ = false;
  std::optional<manager::ProfileRequest> profile_request_;
  manager::ProfileProgress profiling_;
  std::shared_ptr<std::promise<void>> resume_;
  std::string subnet_ = "small";
  std::string power_mode_ = "balanced";
  std::vector<manager::SessionView> sessions_;
  std::uint64_t last_session_ = 0;
  std::uint64_t decisions_ = 0;
  std::uint64_t last_watch_ = 0;
  std::map<std::uint64_t, Watcher> watchers_;
  std::shared_ptr<const manager::StatusView> status_;
  // Last, so that its thread ends first.
  const std::unique_ptr<base::ThreadTaskRunner> sequence_ =
      base::ThreadTaskRunner::Create("fake-manager");
};

}  // namespace dynofa::tests

#endif  // DYNOFA_TESTS_SUPPORT_FAKE_MANAGER_H_
