// The profile as a job of the manager, in virtual time: fakes for board and executors, the real
// store on a temporary folder.

#include "daemon/manager/profiler.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/base/strings.h"
#include "daemon/base/virtual_time.h"
#include "daemon/manager/manager.h"
#include "policies/registry.h"
#include "tests/support/catch.h"
#include "tests/support/fake_board.h"
#include "tests/support/fake_model.h"
#include "tests/support/temp_dir.h"

namespace dynofa::manager {
namespace {

using policies::Evidence;
using std::chrono::milliseconds;
using std::chrono::seconds;

const Caller kAlice{1000, 1000, 42};

/// Runs take twice what the prior says, and with two threads half of that.
double RealMs(const MeasureOrder& order) {
  const std::map<std::string, double> at_1_ghz = {{"s", 8.0}, {"m", 16.0}, {"l", 32.0}};
  const double ghz = static_cast<double>(std::max<std::int64_t>(order.frequency_khz, 1)) / 1e6;
  return at_1_ghz.at(order.subnet) / (order.frequency_khz > 0 ? ghz : 1.0) / order.threads;
}

/// Executors that take their time on the virtual line.
class FakeMeasure final : public MeasureApi {
 public:
  explicit FakeMeasure(base::VirtualTime& time) : time_(time) {}

  std::vector<int> ThreadCounts(const std::string&) const override { return {1, 2}; }

  void Measure(const MeasureOrder& order, Done done) override {
    if (working_.contains(order.cluster)) {
      return done(absl::ResourceExhaustedError("still at work"));
    }
    orders.push_back(order);
    auto stopped = std::make_shared<bool>(false);
    working_[order.cluster] = stopped;
    const double ms = RealMs(order);
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
  Evidence evidence = Evidence::kMeasured;
  bool overruns = false;
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
    time_.PostDelayed(milliseconds(1), [this, key, done] { done(store.Load(key)); });
  }
  void Save(std::shared_ptr<const engine::Profile> profile, Saved done) override {
    ++saves;
    time_.PostDelayed(milliseconds(1), [this, profile, done] {
      done(trouble.ok() ? store.Save(*profile) : trouble);
    });
  }

  engine::ProfileStore store;
  absl::Status trouble;
  int saves = 0;

 private:
  base::VirtualTime& time_;
};

class ProfilerFixture {
 protected:
  ProfilerFixture() { StartManager(); }

  void StartManager() {
    manager_.reset();
    ManagerOptions options;
    options.power_modes = {{.name = "balanced"},
                           {.name = "one-core", .max_cores = {{"cpu0", 1}, {"cpu2", 1}}}};
    engine::ModelInfo info = tests::NetInfo();
    info.weights_digest = "0123";
    manager_ = *Manager::Create(
        std::move(options), {.clock = time_,
                             .runner = time_,
                             .outcomes = outcomes_,
                             .policy = policies::MakePolicy("hierarchical"),
                             .models = {{info, "fake", "1.0"}},
                             .costs = std::make_shared<tests::FakeCosts>(),
                             .publish_routes = [this](auto routes) { routes_ = std::move(routes); },
                             .measure = &measure_,
                             .profiles = &storage_});
    manager_->AttachBoard(std::make_unique<tests::FakeBoard>(board_, time_));
    manager_->Start();
    time_.Advance(milliseconds(10));
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
      time_.Advance(milliseconds(10));
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

  base::VirtualTime time_;
  tests::TempDir dir_;
  OutcomeRing outcomes_{256};
  std::shared_ptr<tests::FakeBoardState> board_ = tests::TwoClusters();
  std::shared_ptr<const dispatch::RoutingTable> routes_;
  FakeMeasure measure_{time_};
  FakeStorage storage_{dir_ / "profiles", time_};
  std::unique_ptr<Manager> manager_;
};

/// Three subnets, two clusters, three frequencies, two numbers of threads.
constexpr std::int64_t kAll = 36;

TEST_CASE_METHOD(ProfilerFixture, "everything is measured, kept and put in force") {
  CHECK(progress().state == ProfileState::kNone);
  REQUIRE(Start().ok());
  CHECK(progress().state == ProfileState::kRunning);
  CHECK(progress().total == kAll);
  REQUIRE(UntilMeasured(kAll / 2));
  CHECK(progress().left_s.value_or(0.0) > 0.0);
  REQUIRE(UntilState(ProfileState::kFinished));
  CHECK(progress().measured == kAll);
  CHECK(progress().skipped == 0);
  CHECK(progress().gaps.empty());

  REQUIRE(profile() != nullptr);
  CHECK(profile()->entries.size() == kAll);
  const engine::ProfileEntry& entry = profile()->entries.at({"m", "cpu2", 2, 1000000});
  CHECK(entry.latency_ms.median == Approx(8.0));
  CHECK(entry.latency_ms.count == ProfileJob::kRounds * ProfileJob::kRunsPerRound);
  CHECK(entry.latency_evidence == Evidence::kMeasured);
  time_.Advance(milliseconds(10));
  const auto kept = storage_.store.Load(profile()->key);
  REQUIRE(kept.ok());
  CHECK(*kept == *profile());

  const SessionView session = Open();
  REQUIRE(session.assignment);
  CHECK(session.assignment->point.latency_evidence == Evidence::kMeasured);
  CHECK(session.assignment->point.threads == 2);
  const dispatch::Route& route = routes_->sessions.at(session.id);
  CHECK(route.ladder[route.ceiling].threads == 2);
}

TEST_CASE_METHOD(ProfilerFixture, "the clock is held for each batch and given back afterwards") {
  REQUIRE(Start({.clusters = {"cpu0"}}).ok());
  REQUIRE(UntilState(ProfileState::kFinished));
  time_.Advance(seconds(1));
  std::vector<std::int64_t> held;
  for (const auto& settings : board_->applied) {
    for (const policies::ClusterSetting& setting : settings) {
      if (setting.cluster != "cpu0" || setting.min_khz == 0) continue;
      CHECK(setting.min_khz == setting.max_khz);
      if (held.empty() || held.back() != setting.max_khz) held.push_back(setting.max_khz);
    }
  }
  CHECK(held == std::vector<std::int64_t>{2000000, 500000, 1000000});
  const auto& last = board_->applied.back();
  CHECK(std::all_of(last.begin(), last.end(), [](const auto& s) { return s.min_khz == 0; }));
  for (const MeasureOrder& order : measure_.orders) CHECK(order.cluster == "cpu0");
}

TEST_CASE_METHOD(ProfilerFixture, "cells take turns in rounds, so that a drift meets all of them") {
  REQUIRE(Start({.clusters = {"cpu0"}, .subnets = {"s", "m"}}).ok());
  REQUIRE(UntilMeasured(4));
  std::vector<std::string> first;
  for (std::size_t i = 0; i < 8; ++i) {
    first.push_back(base::StrCat(measure_.orders[i].subnet, measure_.orders[i].threads));
  }
  CHECK(first == std::vector<std::string>{"s1", "s2", "m1", "m2", "s2", "m1", "m2", "s1"});
}

TEST_CASE_METHOD(ProfilerFixture, "cancelling gives the cluster back at once and keeps the rest") {
  CHECK(Cancel().code() == absl::StatusCode::kFailedPrecondition);
  REQUIRE(Start().ok());
  CHECK(Start().code() == absl::StatusCode::kFailedPrecondition);
  REQUIRE(UntilMeasured(12));
  REQUIRE(Cancel().ok());
  CHECK(progress().state == ProfileState::kCancelled);
  const auto& last = board_->applied.back();
  CHECK(std::all_of(last.begin(), last.end(), [](const auto& s) { return s.min_khz == 0; }));
  CHECK(routes_->defaults.contains("net"));
  const engine::Profile before = *profile();
  CHECK(before.entries.size() == 12);

  // The next one takes up where this one was.
  measure_.orders.clear();
  REQUIRE(Start().ok());
  CHECK(progress().known == 12);
  REQUIRE(UntilState(ProfileState::kFinished));
  CHECK(progress().measured == kAll - 12);
  CHECK(MeasuredAgain(before) == 0);
}

TEST_CASE_METHOD(ProfilerFixture, "a restart resumes from what was saved") {
  REQUIRE(Start().ok());
  REQUIRE(UntilMeasured(18));
  time_.Advance(milliseconds(5));
  const engine::Profile before = *profile();

  StartManager();
  time_.Advance(seconds(2));
  measure_.orders.clear();
  REQUIRE(profile() != nullptr);
  CHECK(*profile() == before);
  CHECK(progress().state == ProfileState::kNone);
  CHECK(Open().assignment->point.latency_evidence == Evidence::kMeasured);
  REQUIRE(Start({.force = true}).ok());
  CHECK(progress().known == 18);
  REQUIRE(UntilState(ProfileState::kFinished));
  CHECK(MeasuredAgain(before) == 0);
  CHECK(profile()->entries.size() == kAll);
  // All is known: nothing is left to do, unless it is asked for.
  REQUIRE(Start({.force = true}).ok());
  CHECK(progress().state == ProfileState::kFinished);
  CHECK(progress().known == kAll);
}

TEST_CASE_METHOD(ProfilerFixture,
                 "threads that a profile knows are ready before a request needs them") {
  REQUIRE(Start().ok());
  REQUIRE(UntilState(ProfileState::kFinished));
  time_.Advance(milliseconds(5));
  measure_.orders.clear();
  StartManager();
  time_.Advance(seconds(2));
  REQUIRE(measure_.orders.size() == 2);
  CHECK(measure_.orders[0].cluster != measure_.orders[1].cluster);
  for (const MeasureOrder& order : measure_.orders) {
    CHECK(order.threads == 2);
    CHECK(order.runs == 1);
  }
}

TEST_CASE_METHOD(ProfilerFixture, "another board, or other weights, get no foreign profile") {
  REQUIRE(Start().ok());
  REQUIRE(UntilState(ProfileState::kFinished));
  time_.Advance(milliseconds(5));
  board_->info.emulated_model = "fake";
  StartManager();
  CHECK(profile() == nullptr);
  CHECK(Open().assignment->point.latency_evidence == Evidence::kModelled);
}

TEST_CASE_METHOD(ProfilerFixture, "a damaged profile is put aside and measured anew") {
  REQUIRE(Start().ok());
  REQUIRE(UntilState(ProfileState::kFinished));
  time_.Advance(milliseconds(5));
  const std::string path = *storage_.store.PathOf(profile()->key);
  dir_.Write("profiles/" + path.substr(path.rfind('/') + 1), "{\"version\": 1, \"ent");
  StartManager();
  CHECK(profile() == nullptr);
  CHECK(std::filesystem::exists(path + ".damaged"));
  REQUIRE(Start().ok());
  REQUIRE(UntilState(ProfileState::kFinished));
  CHECK(progress().known == 0);
}

TEST_CASE_METHOD(ProfilerFixture, "a frequency that the board does not hold is said, and passed") {
  board_->clamp_khz = 1000000;
  REQUIRE(Start({.clusters = {"cpu0"}}).ok());
  REQUIRE(UntilState(ProfileState::kFinished));
  CHECK(progress().measured == 12);
  CHECK(progress().skipped == 6);
  CHECK(HasGap("cannot be set: the board holds 1000000 to 1000000 kHz (firmware)"));
  REQUIRE(profile()->gaps.size() == 1);
  CHECK(profile()->gaps[0].frequency_khz == 2000000);
}

TEST_CASE_METHOD(ProfilerFixture, "a cluster whose settings are refused does not stop the others") {
  board_->refused_cluster = "cpu0";
  REQUIRE(Start().ok());
  REQUIRE(UntilState(ProfileState::kFinished));
  CHECK(progress().measured == kAll / 2);
  CHECK(HasGap("cannot be set: busy"));
}

TEST_CASE_METHOD(ProfilerFixture, "a board that never answers does not hold the job up for ever") {
  REQUIRE(Start().ok());
  REQUIRE(UntilMeasured(6));
  board_->silent = true;
  REQUIRE(UntilState(ProfileState::kFinished));
  CHECK(HasGap("does not answer"));
  CHECK(progress().measured < kAll);
  CHECK(progress().measured + progress().skipped == kAll);
}

TEST_CASE_METHOD(ProfilerFixture, "a cluster that goes away in the middle is left out") {
  REQUIRE(Start().ok());
  REQUIRE(UntilMeasured(6));
  board_->reading.clusters[0].available = false;
  REQUIRE(UntilState(ProfileState::kFinished));
  CHECK(HasGap("became unavailable"));
  CHECK(progress().measured == 6 + kAll / 2);
  CHECK(progress().skipped == kAll / 2 - 6);
}

TEST_CASE_METHOD(ProfilerFixture, "heat interrupts a batch, which begins again when it is over") {
  REQUIRE(Start({.clusters = {"cpu0"}}).ok());
  REQUIRE(Until([&] { return progress().frequency_khz == 2000000 && !measure_.orders.empty(); }));
  board_->reading.clusters[0].limit_khz = 1000000;
  board_->reading.clusters[0].limited_by = "thermal";
  REQUIRE(Until([&] { return progress().message.find("thermal") != std::string::npos; }));
  time_.Advance(seconds(2));
  const std::size_t orders = measure_.orders.size();
  time_.Advance(seconds(5));
  CHECK(measure_.orders.size() == orders);
  board_->reading.clusters[0].limit_khz = 0;
  board_->reading.clusters[0].limited_by = "";
  REQUIRE(UntilState(ProfileState::kFinished));
  CHECK(progress().measured == 18);
}

TEST_CASE_METHOD(ProfilerFixture, "heat that stays makes the job pass the frequency") {
  REQUIRE(Start({.clusters = {"cpu0"}}).ok());
  REQUIRE(Until([&] { return !measure_.orders.empty(); }));
  board_->reading.clusters[0].limit_khz = 1000000;
  board_->reading.clusters[0].limited_by = "thermal";
  REQUIRE(UntilState(ProfileState::kFinished));
  CHECK(HasGap("held at 1000000 kHz (thermal)"));
  CHECK(progress().measured == 12);
}

TEST_CASE_METHOD(ProfilerFixture, "the loss of the board ends the job and keeps what there is") {
  REQUIRE(Start().ok());
  REQUIRE(UntilMeasured(6));
  manager_->LoseBoard("dynofa-boardd went away");
  CHECK(progress().state == ProfileState::kFailed);
  CHECK(progress().message.find("went away") != std::string::npos);
  CHECK(profile()->entries.size() == 6);
  manager_->AttachBoard(std::make_unique<tests::FakeBoard>(board_, time_));
  REQUIRE(Start().ok());
  REQUIRE(UntilState(ProfileState::kFinished));
  CHECK(profile()->entries.size() == kAll);
}

TEST_CASE_METHOD(ProfilerFixture, "sessions move to other clusters while theirs is measured") {
  const SessionView session = Open({.latency_ms = 500.0, .rate_hz = 1.0});
  const std::string home = session.assignment->point.cluster;
  REQUIRE(Start({.clusters = {home}}).ok());
  const SessionView moved = manager_->status()->sessions[0];
  REQUIRE(moved.assignment);
  CHECK(moved.assignment->point.cluster != home);
  CHECK(moved.assignment->feasible);
  CHECK(routes_->sessions.at(session.id).cluster != home);
  const auto& reasons = manager_->status()->decision.reasons;
  CHECK(std::any_of(reasons.begin(), reasons.end(), [&](const policies::Reason& reason) {
    return reason.text == home + " cannot be used: its profile is being measured";
  }));
  REQUIRE(UntilState(ProfileState::kFinished));
  CHECK(progress().measured == 18);
}

TEST_CASE_METHOD(ProfilerFixture, "a session that nothing else can serve keeps the job out") {
  OneClusterOnly();
  const SessionView session = Open();
  const absl::Status refused = Start();
  CHECK(refused.code() == absl::StatusCode::kFailedPrecondition);
  CHECK(std::string(base::FromAbsl(refused.message())).find("--force") != std::string::npos);
  CHECK(measure_.orders.empty());

  REQUIRE(Start({.force = true}).ok());
  CHECK_FALSE(manager_->status()->sessions[0].assignment);
  REQUIRE(UntilState(ProfileState::kFinished));
  CHECK(manager_->status()->sessions[0].assignment);
}

TEST_CASE_METHOD(ProfilerFixture, "a session that comes meanwhile gets its cluster at once") {
  OneClusterOnly();
  REQUIRE(Start().ok());
  REQUIRE(UntilMeasured(6));
  const SessionView session = Open();
  REQUIRE(session.assignment);
  CHECK(session.assignment->feasible);
  CHECK(progress().state == ProfileState::kWaiting);
  CHECK(progress().message.find(session.id) != std::string::npos);
  time_.Advance(seconds(5));
  CHECK(progress().measured == 6);
  CHECK(manager_->status()->sessions[0].assignment);

  Close(session.id);
  REQUIRE(UntilState(ProfileState::kFinished));
  CHECK(progress().measured == 18);
  CHECK(MeasuredAgain({}) == 0);
}

TEST_CASE_METHOD(ProfilerFixture, "power is that of the board above idle, where a rail tells") {
  board_->busy_power_w = 2.5;
  time_.Advance(seconds(1));
  REQUIRE(Start({.clusters = {"cpu0"}}).ok());
  REQUIRE(UntilState(ProfileState::kFinished));
  for (const auto& [point, entry] : profile()->entries) {
    REQUIRE(entry.active_power_w);
    CHECK(*entry.active_power_w == Approx(2.5));
    CHECK(entry.power_evidence == Evidence::kMeasured);
  }
}

TEST_CASE_METHOD(ProfilerFixture, "power is not taken while sessions work elsewhere") {
  board_->busy_power_w = 2.5;
  time_.Advance(seconds(1));
  const SessionView session = Open({.latency_ms = 500.0, .rate_hz = 1.0});
  REQUIRE(Start({.clusters = {session.assignment->point.cluster}}).ok());
  REQUIRE(UntilState(ProfileState::kFinished));
  CHECK(progress().measured == 18);
  for (const auto& [point, entry] : profile()->entries) CHECK_FALSE(entry.active_power_w);
}

TEST_CASE_METHOD(ProfilerFixture, "runs that overrun an emulated board leave its model in place") {
  measure_.evidence = Evidence::kEmulated;
  REQUIRE(Start({.clusters = {"cpu0"}}).ok());
  REQUIRE(UntilMeasured(6));
  measure_.overruns = true;
  REQUIRE(UntilState(ProfileState::kFinished));
  CHECK(HasGap("slower on this machine than on the emulated board"));
  CHECK(progress().measured + progress().skipped == 18);
  for (const auto& [point, entry] : profile()->entries) {
    CHECK(entry.latency_evidence == Evidence::kEmulated);
  }
}

TEST_CASE_METHOD(ProfilerFixture, "a subnet that fails is named and does not stop the rest") {
  measure_.failure = absl::InternalError("out of tune");
  measure_.failing_subnet = "m";
  REQUIRE(Start({.clusters = {"cpu0"}}).ok());
  REQUIRE(UntilState(ProfileState::kFinished));
  CHECK(HasGap("m failed: out of tune"));
  CHECK(progress().measured == 12);
  CHECK(progress().skipped == 6);
}

TEST_CASE_METHOD(ProfilerFixture, "a full disk is said; the profile is in force all the same") {
  storage_.trouble = absl::ResourceExhaustedError("no space left");
  REQUIRE(Start({.clusters = {"cpu0"}}).ok());
  REQUIRE(UntilState(ProfileState::kFinished));
  time_.Advance(seconds(1));
  CHECK(progress().message.find("no space left") != std::string::npos);
  CHECK(Open().assignment->point.latency_evidence == Evidence::kMeasured);
}

TEST_CASE_METHOD(ProfilerFixture, "a mode that leaves one core gets the figures for one thread") {
  REQUIRE(Start().ok());
  REQUIRE(UntilState(ProfileState::kFinished));
  manager_->SetPowerMode("one-core", [](const absl::Status&) {});
  time_.RunDue();
  const SessionView session = Open();
  CHECK(session.assignment->point.threads == 1);
  for (const policies::Level& level : routes_->sessions.at(session.id).ladder) {
    CHECK(level.threads == 1);
  }
}

TEST_CASE("a manager without executors to measure with says so") {
  base::VirtualTime time;
  OutcomeRing outcomes{16};
  const auto manager = *Manager::Create({.power_modes = {{.name = "balanced"}}},
                                        {.clock = time,
                                         .runner = time,
                                         .outcomes = outcomes,
                                         .policy = policies::MakePolicy("hierarchical"),
                                         .models = {{tests::NetInfo(), "fake", "1.0"}},
                                         .costs = std::make_shared<tests::FakeCosts>(),
                                         .publish_routes = [](auto) {}});
  manager->AttachBoard(std::make_unique<tests::FakeBoard>(tests::TwoClusters(), time));
  std::optional<absl::Status> answer;
  manager->StartProfile({}, [&](const absl::Status& status) { answer = status; });
  time.RunDue();
  REQUIRE(answer);
  CHECK(answer->code() == absl::StatusCode::kUnimplemented);
}

}  // namespace
}  // namespace dynofa::manager
