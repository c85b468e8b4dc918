#ifndef DYNOFA_TESTS_SUPPORT_FAKE_BOARD_H_
#define DYNOFA_TESTS_SUPPORT_FAKE_BOARD_H_

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "daemon/base/clock.h"
#include "daemon/base/task_runner.h"
#include "daemon/hardware/board.h"

namespace dynofa::tests {

/// What a FakeBoard remembers; outlives it.
struct FakeBoardState {
  hardware::BoardInfo info;
  hardware::BoardReading reading;
  std::vector<std::vector<policies::ClusterSetting>> applied;
  std::vector<hardware::ClusterLoad> loads;
  bool released = false;
  int reads = 0;
  /// Answer to the next Apply calls.
  absl::Status apply_status;
  /// The cluster whose settings are refused, the others' are taken.
  std::string refused_cluster;
  /// No clock goes above this, kHz; 0 = no such limit.
  std::int64_t clamp_khz = 0;
  /// Apply is never answered.
  bool silent = false;
  /// Read is never answered.
  bool deaf = false;
  /// Answer to the next Read calls, and how long it takes.
  absl::Status read_status;
  base::Duration read_time{};
  /// The rail: 1 W and this for each cluster that works, W; 0 = there is no rail.
  double busy_power_w = 0.0;
  /// Fills in what rails tell at the time of a reading.
  std::function<void(hardware::BoardReading&)> meter;
};

/// A board that takes every setting at once and records it. Answers come on the runner.
class FakeBoard final : public hardware::Board {
 public:
  FakeBoard(std::shared_ptr<FakeBoardState> state, base::TaskRunner& runner)
      : state_(std::move(state)), runner_(runner) {}

  const hardware::BoardInfo& info() const override { return state_->info; }

  void Apply(std::vector<policies::ClusterSetting> settings,
             Callback<hardware::ApplyResult> done) override {
    runner_.Post([state = state_, settings = std::move(settings), done = std::move(done)] {
      state->applied.push_back(settings);
      if (state->silent) return;
      if (!state->apply_status.ok()) return done(state->apply_status);
      hardware::ApplyResult result;
      for (const policies::ClusterSetting& setting : settings) {
        const bool refused = setting.cluster == state->refused_cluster;
        policies::ClusterSetting effective = setting;
        const bool clamped = state->clamp_khz > 0 && setting.max_khz > state->clamp_khz;
        if (clamped) effective.min_khz = effective.max_khz = state->clamp_khz;
        result.outcomes.push_back(
            {setting.cluster, refused ? absl::UnavailableError("busy") : absl::OkStatus(), setting,
             refused ? policies::ClusterSetting{.cluster = setting.cluster} : effective,
             clamped ? "firmware" : ""});
        if (refused) continue;
        for (hardware::ClusterReading& cluster : state->reading.clusters) {
          if (cluster.cluster != setting.cluster || setting.min_khz == 0) continue;
          cluster.min_khz = cluster.max_khz = cluster.frequency_khz = effective.max_khz;
        }
      }
      done(result);
    });
  }

  void Read(Callback<hardware::BoardReading> done) override {
    ++state_->reads;
    if (state_->deaf) return;
    runner_.PostDelayed(state_->read_time, [state = state_, done = std::move(done)] {
      if (!state->read_status.ok()) return done(state->read_status);
      hardware::BoardReading reading = state->reading;
      if (state->busy_power_w > 0.0) {
        reading.board_power_w = 1.0;
        for (const hardware::ClusterLoad& load : state->loads) {
          reading.board_power_w += state->busy_power_w * load.busy;
        }
      }
      if (state->meter) state->meter(reading);
      done(std::move(reading));
    });
  }

  void Release(std::function<void(absl::Status)> done) override {
    state_->released = true;
    done(absl::OkStatus());
  }

  void ReportLoad(const std::vector<hardware::ClusterLoad>& loads) override {
    state_->loads = loads;
  }

 private:
  std::shared_ptr<FakeBoardState> state_;
  base::TaskRunner& runner_;
};

/// Two CPU clusters that can be set (0.5, 1 and 2 GHz).
inline std::shared_ptr<FakeBoardState> TwoClusters() {
  auto state = std::make_shared<FakeBoardState>();
  state->info.name = "fake board";
  for (const char* id : {"cpu0", "cpu2"}) {
    policies::ClusterInfo info;
    info.id = id;
    info.frequencies_khz = {500000, 1000000, 2000000};
    info.governors = {"schedutil"};
    info.writable = true;
    state->info.clusters.push_back(info);
    hardware::ClusterReading reading;
    reading.cluster = id;
    reading.frequency_khz = 500000;
    reading.static_power_w = 0.2;
    state->reading.clusters.push_back(reading);
  }
  return state;
}

}  // namespace dynofa::tests

#endif  // DYNOFA_TESTS_SUPPORT_FAKE_BOARD_H_
