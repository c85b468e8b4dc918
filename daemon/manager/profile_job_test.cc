#include "daemon/manager/profile_job.h"

#include <algorithm>
#include <string>
#include <vector>

#include "daemon/base/strings.h"
#include "daemon/manager/profiler_testing.h"

namespace dynofa::manager {
namespace {

using policies::Evidence;
using std::chrono::milliseconds;
using std::chrono::seconds;

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

TEST_CASE_METHOD(ProfilerFixture, "threads that only hinder each other get one turn") {
  measure_.slower_with_more_threads = 100.0;
  REQUIRE(Start({.clusters = {"cpu0"}, .subnets = {"s"}}).ok());
  REQUIRE(UntilState(ProfileState::kFinished));
  CHECK(progress().measured == 6);
  const auto turns = [&](int threads) {
    return std::count_if(measure_.orders.begin(), measure_.orders.end(),
                         [&](const MeasureOrder& order) { return order.threads == threads; });
  };
  CHECK(turns(1) == 3 * ProfileJob::kRounds);
  CHECK(turns(2) == 3);
  const engine::ProfileEntry& entry = profile()->entries.at({"s", "cpu0", 2, 1000000});
  CHECK(entry.latency_ms.median == Approx(400.0));

  // Nobody will run with them: they are not made ready after a restart.
  time_.Advance(milliseconds(5));
  measure_.orders.clear();
  StartManager();
  time_.Advance(seconds(2));
  CHECK(measure_.orders.empty());
}

}  // namespace
}  // namespace dynofa::manager
