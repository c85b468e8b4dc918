#include "daemon/manager/manager_testing.h"
#include "tests/support/catch.h"

namespace dynofa::manager {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const Caller kAlice{1000, 1000, 42};

TEST_CASE_METHOD(ManagerFixture, "a missed deadline is taken up before the tick") {
  const auto session = Open({.latency_ms = 12.0, .min_accuracy = 0.79, .rate_hz = 10.0});
  const std::string first = session->assignment->point.cluster;
  RunSlowly(session->id, first);
  manager_->OnMiss();
  time_.RunDue();
  CHECK(manager_->status()->sessions[0].assignment->point.cluster != first);
}

TEST_CASE_METHOD(ManagerFixture, "a missed deadline is judged by what was seen up to it") {
  const auto session = Open({.latency_ms = 12.0, .rate_hz = 10.0});
  time_.Advance(milliseconds(500));
  const auto missed = [&] { return manager_->status()->sessions[0].observed.missed; };
  RunSlowly(session->id, session->assignment->point.cluster);
  time_.Advance(milliseconds(100));
  manager_->OnMiss();
  time_.RunDue();
  CHECK(missed() == 0);  // too short a time to tell anything
  time_.Advance(milliseconds(100));
  manager_->OnMiss();
  time_.RunDue();
  CHECK(missed() == 50);
}

TEST_CASE_METHOD(ManagerFixture, "an overload does not keep the loop deciding") {
  const int before = decisions_;
  for (int i = 0; i < 100; ++i) {
    for (int miss = 0; miss < 100; ++miss) manager_->OnMiss();
    time_.Advance(milliseconds(1));
  }
  // At 0, 50 and 100 ms.
  CHECK(decisions_ - before == 3);
}

TEST_CASE_METHOD(ManagerFixture, "routes are not published again when nothing has changed") {
  const auto session = Open({.latency_ms = 12.0, .rate_hz = 10.0});
  time_.Advance(seconds(2));
  const int before = publications_;
  const int ticks = ticks_;
  time_.Advance(seconds(5));
  CHECK(ticks_ == ticks + 10);
  CHECK(publications_ == before);
  // A clock that is read back otherwise makes other latencies.
  for (auto& cluster : board_->reading.clusters) cluster.frequency_khz = 700000;
  time_.Advance(milliseconds(500));
  CHECK(publications_ == before + 1);
  CHECK(routes_->sessions.at(session->id).frequency_khz == 700000);
}

class SlowTickFixture : public ManagerFixture {
 protected:
  SlowTickFixture() : ManagerFixture({.idle_tick = seconds(1), .empty_tick = seconds(2)}) {}

  int TicksIn(base::Duration time) {
    const int before = ticks_;
    time_.Advance(time);
    return ticks_ - before;
  }
};

TEST_CASE_METHOD(SlowTickFixture, "the loop ticks more slowly while no request is under way") {
  CHECK(TicksIn(seconds(8)) == 4);
  const auto session = Open({.latency_ms = 12.0, .rate_hz = 10.0});
  REQUIRE(session.ok());
  CHECK(TicksIn(seconds(8)) == 8);
  serving_ = true;
  time_.Advance(seconds(1));
  CHECK(TicksIn(seconds(8)) == 16);
  serving_ = false;
  time_.Advance(seconds(1));
  CHECK(TicksIn(seconds(8)) == 8);
  manager_->CloseSession(session->id, kAlice, [](const absl::Status&) {});
  time_.Advance(seconds(1));
  CHECK(TicksIn(seconds(8)) == 4);
}

TEST_CASE_METHOD(SlowTickFixture, "requests that came and went between two ticks count, too") {
  const auto session = Open({.latency_ms = 12.0, .rate_hz = 10.0});
  time_.Advance(seconds(2));
  for (int i = 0; i < 4; ++i) {
    outcomes_.Push({.session = session->id, .model = "net", .cluster = "cpu0", .subnet = "l"});
    CHECK(TicksIn(i == 0 ? seconds(1) : milliseconds(500)) == 1);
  }
  CHECK(TicksIn(milliseconds(500)) == 1);
  CHECK(TicksIn(seconds(4)) == 4);
}

TEST_CASE_METHOD(SlowTickFixture, "a request after a pause is not left with an old reading") {
  REQUIRE(Open({.latency_ms = 12.0}).ok());
  time_.Advance(milliseconds(4100));
  const int reads = board_->reads;
  serving_ = true;
  for (int i = 0; i < 3; ++i) manager_->OnRequest();
  time_.RunDue();
  CHECK(board_->reads == reads + 1);
  CHECK(TicksIn(seconds(4)) == 8);
}

TEST_CASE_METHOD(SlowTickFixture, "a lease ends in time however slow the tick is") {
  REQUIRE(Open({}).ok());
  time_.Advance(milliseconds(10300));
  const auto lease = Open({}, SessionKind::kLease);
  time_.Advance(milliseconds(1900));
  CHECK(routes_->sessions.contains(lease->id));
  time_.Advance(milliseconds(400));
  CHECK_FALSE(routes_->sessions.contains(lease->id));
}

TEST_CASE_METHOD(ManagerFixture, "a reading that does not come is asked for again, in time") {
  board_->deaf = true;
  time_.Advance(milliseconds(500));
  const int reads = board_->reads;
  time_.Advance(seconds(3));
  CHECK(board_->reads == reads + 3);
  board_->deaf = false;
  time_.Advance(seconds(3));
  CHECK(board_->reads >= reads + 8);
}

TEST_CASE_METHOD(SlowTickFixture, "the first session is not left with an old reading") {
  time_.Advance(milliseconds(4100));
  const int reads = board_->reads;
  REQUIRE(Open({.latency_ms = 12.0}).ok());
  CHECK(board_->reads == reads + 1);
  CHECK(TicksIn(seconds(1)) == 1);
  REQUIRE(Open({.latency_ms = 12.0}).ok());
  // Neither does opening sessions put the tick off.
  CHECK(TicksIn(seconds(1)) == 1);
}

}  // namespace
}  // namespace dynofa::manager
