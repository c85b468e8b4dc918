#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "daemon/manager/manager_testing.h"
#include "tests/support/catch.h"

namespace dynofa::manager {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const Caller kAlice{1000, 1000, 42};

/// Readings take 5 ms, so that whoever looks each millisecond sees every view. Tests begin between
/// two ticks.
class StatusFixture : public ManagerFixture {
 protected:
  StatusFixture() {
    board_->read_time = milliseconds(5);
    time_.Advance(milliseconds(100));
  }

  int ViewsIn(base::Duration time) {
    int views = 0;
    for (base::Duration passed{}; passed < time; passed += milliseconds(1)) {
      const auto before = manager_->status();
      time_.Advance(milliseconds(1));
      if (manager_->status() != before) ++views;
    }
    return views;
  }
};

TEST_CASE_METHOD(StatusFixture, "each tick publishes the status once, with its reading") {
  const int ticks = ticks_;
  CHECK(ViewsIn(seconds(5)) == 10);
  REQUIRE(Open({.latency_ms = 12.0, .rate_hz = 10.0}).ok());
  time_.Advance(milliseconds(10));
  CHECK(ViewsIn(seconds(5)) == 10);
  CHECK(ticks_ == ticks + 20);
  board_->reading.board_power_w = 7.0;
  time_.Advance(milliseconds(500));
  CHECK(manager_->status()->board_power_w == 7.0);
}

TEST_CASE_METHOD(StatusFixture, "another decision is published before the reading") {
  const auto session = Open({.latency_ms = 12.0, .min_accuracy = 0.79, .rate_hz = 10.0});
  const std::string first = session->assignment->point.cluster;
  RunSlowly(session->id, first);
  board_->deaf = true;
  time_.Advance(milliseconds(500));
  CHECK(manager_->status()->sessions[0].assignment->point.cluster != first);
}

TEST_CASE_METHOD(StatusFixture, "misses do not publish the status more often than readings come") {
  const auto session = Open({.latency_ms = 12.0, .rate_hz = 10.0});
  time_.Advance(milliseconds(100));
  int views = 0;
  for (int i = 0; i < 100; ++i) {
    manager_->OnMiss();
    views += ViewsIn(milliseconds(1));
  }
  CHECK(views == 2);
}

TEST_CASE_METHOD(StatusFixture, "a board that does not answer does not hold up the status") {
  board_->deaf = true;
  time_.Advance(milliseconds(500));
  CHECK(ViewsIn(seconds(5)) == 10);
}

TEST_CASE_METHOD(StatusFixture, "nor does one that answers with an error, or is gone") {
  board_->read_status = absl::UnavailableError("busy");
  CHECK(ViewsIn(seconds(5)) == 10);
  manager_->LoseBoard("gone");
  CHECK(ViewsIn(seconds(5)) == 10);
}

TEST_CASE_METHOD(StatusFixture, "a call is answered when the status shows what it did") {
  std::vector<bool> shown;
  std::string id;
  const auto sessions = [this] { return manager_->status()->sessions.size(); };
  manager_->OpenSession({.model = "net", .caller = kAlice}, [&](const auto& session) {
    id = session->id;
    shown.push_back(sessions() == 1 && manager_->status()->sessions[0].assignment.has_value());
  });
  time_.RunDue();
  manager_->UpdateSession(id, kAlice, {.latency_ms = 33.0}, [&](const auto&) {
    shown.push_back(manager_->status()->sessions[0].requirement.latency_ms == 33.0);
  });
  manager_->SetPowerMode("performance", [&](const absl::Status&) {
    shown.push_back(manager_->status()->power_mode == "performance");
  });
  time_.RunDue();
  manager_->CloseSession(id, kAlice,
                         [&](const absl::Status&) { shown.push_back(sessions() == 0); });
  manager_->SetAsleep(
      true, [&](const absl::Status&) { shown.push_back(!manager_->status()->notes.empty()); });
  time_.RunDue();
  CHECK(shown == std::vector<bool>(5, true));
}

class WatchFixture : public StatusFixture {
 protected:
  WatchFixture() {
    watch_ = manager_->Watch([this](const auto& view) {
      ++told_;
      last_ = view;
    });
    time_.RunDue();
  }

  /// How often the watcher is told while `change` happens and a second passes.
  int ToldOf(const std::function<void()>& change) {
    const int before = told_;
    change();
    time_.Advance(seconds(1));
    return told_ - before;
  }

  int told_ = 0;
  std::shared_ptr<const StatusView> last_;
  std::uint64_t watch_ = 0;
};

TEST_CASE_METHOD(WatchFixture,
                 "watchers get the view at hand, and what is decided until they leave") {
  CHECK(told_ == 1);
  std::string session;
  CHECK(ToldOf([&] { session = Open({.latency_ms = 12.0, .rate_hz = 10.0})->id; }) == 1);
  CHECK(last_->sessions.size() == 1);
  CHECK(ToldOf([&] { CHECK(SetMode("performance").ok()); }) == 1);
  CHECK(last_->power_mode == "performance");
  CHECK(ToldOf([&] { manager_->SetOtherActors({"thermald"}); }) == 1);
  CHECK(last_->other_actors.size() == 1);
  CHECK(ToldOf([&] {
          for (auto& cluster : board_->reading.clusters) cluster.available = false;
        }) == 1);
  CHECK_FALSE(last_->sessions[0].assignment.has_value());
  CHECK(ToldOf([&] { manager_->CloseSession(session, kAlice, [](const auto&) {}); }) == 1);
  CHECK(last_->sessions.empty());
  manager_->Unwatch(watch_);
  CHECK(ToldOf([&] { CHECK(SetMode("balanced").ok()); }) == 0);
}

TEST_CASE_METHOD(WatchFixture, "watchers are not told of readings and observations alone") {
  const auto session = Open({.latency_ms = 100.0, .rate_hz = 10.0});
  time_.Advance(seconds(1));
  CHECK(ToldOf([] {}) == 0);
  CHECK(ToldOf([&] {
          board_->reading.board_power_w = 7.0;
          outcomes_.Push({.session = session->id,
                          .model = "net",
                          .cluster = session->assignment->point.cluster,
                          .subnet = session->assignment->point.subnet,
                          .response = milliseconds(20),
                          .compute = milliseconds(20),
                          .expected_ms = 20.0});
        }) == 0);
  CHECK(manager_->status()->board_power_w == 7.0);
  CHECK(manager_->status()->sessions[0].total_completed == 1);
}

}  // namespace
}  // namespace dynofa::manager
