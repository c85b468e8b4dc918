#ifndef DYNOFA_DAEMON_MANAGER_PROFILE_JOB_H_
#define DYNOFA_DAEMON_MANAGER_PROFILE_JOB_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daemon/base/clock.h"
#include "daemon/base/task_runner.h"
#include "daemon/engine/profile.h"
#include "daemon/hardware/board.h"
#include "daemon/manager/measure_api.h"
#include "daemon/manager/profile_api.h"
#include "daemon/manager/profile_plan.h"
#include "daemon/manager/profile_results.h"
#include "policies/cluster.h"

namespace dynofa::manager {

/// What the job asks of the one who owns board and sessions.
class ProfileHost {
 public:
  virtual ~ProfileHost() = default;

  /// OK if every session could be served without the cluster as it is with it; else who could not.
  virtual absl::Status CanSpare(const std::string& cluster) = 0;

  /// taken() or setting() has changed: decide again without that cluster, and apply.
  virtual void Replan() = 0;

  /// Points of one model that have been measured.
  virtual void Keep(const std::string& model,
                    const std::map<engine::ProfilePoint, engine::ProfileEntry>& entries) = 0;

  /// Could a rail tell what a cluster draws just now? Not while sessions are served elsewhere.
  virtual bool CanMeasurePower() = 0;

  /// Power of the whole board as read now, W; nullopt if nothing tells.
  virtual void ReadPower(std::function<void(std::optional<double>)> done) = 0;

  /// Tells an emulated board whether the taken cluster works.
  virtual void ReportBusy(const std::string& cluster, bool busy) = 0;
};

/// Measures the batches of a plan, one after another: takes the cluster away from the sessions,
/// has its clock held at the batch's frequency, and lets the cells take turns on its executor in
/// rounds, so that a disturbance or a drift meets all of them. Where a rail tells, each cell then
/// runs once more while the board's power is read.
///
/// A state machine on the manager's sequence: it waits by callbacks and ticks, never by sleeping.
class ProfileJob {
 public:
  static constexpr int kRounds = 5;
  static constexpr int kRunsPerRound = 5;

  /// Everything must outlive the job; `measure` may answer later than that.
  ProfileJob(const base::Clock& clock, base::TaskRunner& runner, MeasureApi& measure,
             ProfileHost& host);
  ~ProfileJob();

  /// Begins; ends an earlier job that still runs. `force`: takes clusters that sessions need.
  void Start(ProfilePlan plan, bool force);
  /// Gives the cluster back at once and keeps what was measured. A run in progress is finished.
  void Cancel() { End(ProfileState::kCancelled, ""); }
  /// The same for a reason of its own.
  void Fail(const std::string& why) { End(ProfileState::kFailed, why); }

  bool active() const { return stage_ != Stage::kIdle; }
  /// The cluster that no decision may use now; empty if there is none.
  const std::string& taken() const { return taken_; }
  /// What the taken cluster is to be set to; nullopt: leave it alone.
  std::optional<policies::ClusterSetting> setting() const;
  /// Do the job's runs keep the taken cluster busy?
  bool busy() const { return busy_; }

  /// The answer of the board to settings.
  void OnApplied(const absl::StatusOr<hardware::ApplyResult>& result);
  void OnReading(const hardware::BoardReading& reading);
  /// Sessions or what they need have changed: gives the cluster back if one cannot do without.
  /// Does not call Replan.
  void OnDemand();
  void OnTick();

  ProfileProgress progress() const;

 private:
  enum class Stage {
    kIdle,
    kWaiting,  ///< for sessions
    kSetting,  ///< for the board's answer
    kCooling,  ///< for the board to give the clock back
    kRunning,
  };
  struct Step {
    enum class Kind { kIdlePower, kRuns, kPower } kind = Kind::kRuns;
    std::size_t cell = 0;
    int round = 0;
  };
  const ProfileBatch& batch() const { return plan_.batches[batch_]; }
  void NextBatch();
  void Take();
  void BeginRuns();
  void NextStep();
  /// Is there nothing to gain from the step any more?
  bool IsOver(const Step& step) const;
  void RunStep(const Step& step);
  void PowerStep(const Step& step);
  void Order(const MeasureOrder& order, std::function<void(absl::StatusOr<Measurement>)> done);
  void After(base::Duration delay, std::function<void()> task);
  /// Wraps what happens later so that it does nothing once the batch was given up.
  std::function<void()> InThisBatch(std::function<void()> task);
  void OnRuns(std::size_t cell, const absl::StatusOr<Measurement>& result);
  void BatchDone();
  void GiveUpRuns();
  /// Passes over the batches that stand for the same clock, or for the whole cluster.
  void SkipClock(const std::string& reason);
  void SkipCluster(const std::string& reason);
  void AddGap(std::int64_t frequency_khz, const std::string& reason);
  void SetBusy(bool busy);
  void End(ProfileState state, const std::string& why);
  double WeightDone() const;

  const base::Clock& clock_;
  base::TaskRunner& runner_;
  MeasureApi& measure_;
  ProfileHost& host_;

  Stage stage_ = Stage::kIdle;
  ProfilePlan plan_;
  bool force_ = false;
  std::size_t batch_ = 0;
  std::string taken_;
  bool busy_ = false;

  // Of the batch:
  int attempts_ = 0;
  base::TimePoint deadline_{};
  /// What was begun in an earlier epoch is void.
  std::uint64_t epoch_ = 0;
  std::vector<Step> steps_;
  std::size_t step_ = 0;
  std::vector<CellResult> seen_;
  std::optional<double> idle_w_;
  int awaited_ = 0;  ///< parts of a power step that are not there yet
  bool order_refused_ = false;

  ProfileProgress progress_;
  base::TimePoint started_{};
  base::TimePoint runs_began_{};
  base::Duration running_{};  ///< in batches that are done
  double weight_done_ = 0.0;
  double weight_total_ = 0.0;

  /// Lets callbacks that outlive the job notice that it is gone.
  std::shared_ptr<ProfileJob*> self_;
};

}  // namespace dynofa::manager

#endif  // DYNOFA_DAEMON_MANAGER_PROFILE_JOB_H_
