#include <algorithm>
#include <optional>
#include <string>

#include "daemon/manager/manager_testing.h"
#include "tests/support/catch.h"

namespace dynofa::manager {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

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

/// What was last asked of a cluster; nullopt if it was not in the last transaction.
std::optional<policies::ClusterSetting> LastAsked(const tests::FakeBoardState& board,
                                                  const std::string& cluster) {
  for (const policies::ClusterSetting& setting : board.applied.back()) {
    if (setting.cluster == cluster) return setting;
  }
  return std::nullopt;
}

TEST_CASE_METHOD(ManagerFixture,
                 "A clock is lowered when the runs that were planned at it are over") {
  const auto session = Open({.latency_ms = 9.0, .min_accuracy = 0.79, .rate_hz = 10.0});
  time_.Advance(seconds(3));
  const std::string cluster = session->assignment->point.cluster;
  const auto khz = [&] { return LastAsked(*board_, cluster)->max_khz; };
  REQUIRE(khz() == 2000000);

  serving_ = true;
  REQUIRE(Update(session->id, {.latency_ms = 90.0, .min_accuracy = 0.79, .rate_hz = 10.0}).ok());
  CHECK(khz() == 2000000);
  time_.Advance(milliseconds(9));
  CHECK(khz() < 2000000);

  REQUIRE(Update(session->id, {.latency_ms = 9.0, .min_accuracy = 0.79, .rate_hz = 10.0}).ok());
  CHECK(khz() == 2000000);
  serving_ = false;
  REQUIRE(Update(session->id, {.latency_ms = 90.0, .min_accuracy = 0.79, .rate_hz = 10.0}).ok());
  CHECK(khz() < 2000000);
}

TEST_CASE_METHOD(ManagerFixture, "A clock that is kept is not touched once the daemon stops") {
  const auto session = Open({.latency_ms = 9.0, .min_accuracy = 0.79, .rate_hz = 10.0});
  time_.Advance(seconds(3));
  serving_ = true;
  REQUIRE(Update(session->id, {.latency_ms = 90.0, .min_accuracy = 0.79, .rate_hz = 10.0}).ok());
  const std::size_t before = board_->applied.size();
  manager_->Stop([](const absl::Status&) {});
  time_.Advance(seconds(2));
  CHECK(board_->applied.size() == before);
}

TEST_CASE_METHOD(ManagerFixture, "A power mode lowers clocks at once") {
  const auto session = Open({.latency_ms = 9.0, .min_accuracy = 0.79, .rate_hz = 10.0});
  time_.Advance(seconds(3));
  serving_ = true;
  REQUIRE(SetMode("power-saver").ok());
  CHECK(LastAsked(*board_, session->assignment->point.cluster)->max_khz <= 1000000);
}

TEST_CASE_METHOD(ManagerFixture, "A cluster that cannot be used any more gets its baseline") {
  const auto session = Open({.latency_ms = 40.0, .rate_hz = 5.0});
  REQUIRE(session.ok());
  time_.Advance(seconds(1));
  const std::string cluster = session->assignment->point.cluster;
  REQUIRE(LastAsked(*board_, cluster)->min_khz > 0);
  ReadingOf(cluster).available = false;
  time_.Advance(seconds(1));
  CHECK(LastAsked(*board_, cluster) == policies::ClusterSetting{.cluster = cluster});
}

TEST_CASE_METHOD(ManagerFixture, "A cluster that is away is left alone until it can be written") {
  const auto session = Open({.latency_ms = 40.0, .rate_hz = 5.0});
  REQUIRE(session.ok());
  time_.Advance(seconds(1));
  const std::string cluster = session->assignment->point.cluster;
  hardware::ClusterReading& reading = ReadingOf(cluster);
  const hardware::ClusterReading there = reading;
  reading = {.cluster = cluster, .available = false};
  time_.Advance(seconds(1));
  CHECK_FALSE(LastAsked(*board_, cluster));
  const std::size_t before = board_->applied.size();
  time_.Advance(seconds(30));
  CHECK(board_->applied.size() == before);
  // It is back, as it was left, and something else still keeps it from being used.
  reading = there;
  reading.available = false;
  time_.Advance(seconds(1));
  CHECK(LastAsked(*board_, cluster) == policies::ClusterSetting{.cluster = cluster});
  CHECK(board_->applied.size() == before + 1);
}

TEST_CASE_METHOD(ManagerFixture, "A device that goes while it is set is no lasting trouble") {
  const auto session = Open({.latency_ms = 40.0, .rate_hz = 5.0});
  REQUIRE(session.ok());
  time_.Advance(seconds(1));
  const std::string cluster = session->assignment->point.cluster;
  board_->refused_cluster = cluster;
  ReadingOf(cluster) = {.cluster = cluster, .available = false};
  REQUIRE(SetMode("performance").ok());
  time_.Advance(seconds(5));
  const std::size_t before = board_->applied.size();
  time_.Advance(seconds(30));
  CHECK(board_->applied.size() == before);
}

TEST_CASE_METHOD(ManagerFixture, "A clock that has appeared is named in the status") {
  board_->reading.appeared = {{.id = "cpu4"}};
  time_.Advance(seconds(1));
  const auto notes = manager_->status()->notes;
  CHECK(std::count(notes.begin(), notes.end(),
                   "cpu4: its clock has appeared since the board was opened; restart dynofad to "
                   "use it") == 1);
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
