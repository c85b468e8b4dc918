#include "daemon/manager/profiler.h"

#include <filesystem>
#include <string>

#include "daemon/manager/profiler_testing.h"

namespace dynofa::manager {
namespace {

using policies::Evidence;
using std::chrono::milliseconds;
using std::chrono::seconds;

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

TEST_CASE_METHOD(ProfilerFixture, "a cluster that is measured is set once in each transaction") {
  REQUIRE(Start({.clusters = {"cpu2"}}).ok());
  const auto held = [&](const std::vector<policies::ClusterSetting>& settings) {
    return std::any_of(settings.begin(), settings.end(),
                       [](const auto& s) { return s.cluster == "cpu2" && s.min_khz > 0; });
  };
  REQUIRE(UntilMeasured(6));
  CHECK(held(board_->applied.back()));
  REQUIRE(UntilState(ProfileState::kFinished));
  time_.Advance(seconds(1));
  CHECK_FALSE(held(board_->applied.back()));
  for (const auto& settings : board_->applied) {
    const auto of_cluster = std::count_if(settings.begin(), settings.end(),
                                          [](const auto& s) { return s.cluster == "cpu2"; });
    CHECK(of_cluster == 1);
  }
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

TEST_CASE_METHOD(ProfilerFixture,
                 "a cluster without an executor is shown, and nothing runs on it") {
  measure_.without_executor = "cpu2";
  StartManager();
  for (const ClusterView& cluster : manager_->status()->clusters) {
    CHECK(cluster.runs == (cluster.state.info.id == "cpu0"));
  }
  for (int i = 0; i < 3; ++i) {
    CHECK(Open({.latency_ms = 5.0, .rate_hz = 200.0}).assignment->point.cluster == "cpu0");
  }
}

TEST_CASE("a manager without executors to measure with says so") {
  base::VirtualTime time;
  OutcomeRing outcomes{16};
  dispatch::SlowdownBook slowdowns({"cpu0", "cpu2"});
  const auto manager = *Manager::Create({.power_modes = {{.name = "balanced"}}},
                                        {.clock = time,
                                         .runner = time,
                                         .outcomes = outcomes,
                                         .slowdowns = slowdowns,
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
