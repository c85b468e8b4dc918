#ifndef DYNOFA_DAEMON_MANAGER_PROFILER_H_
#define DYNOFA_DAEMON_MANAGER_PROFILER_H_

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "daemon/engine/catalogue.h"
#include "daemon/engine/cost_model.h"
#include "daemon/engine/profile.h"
#include "daemon/hardware/board.h"
#include "daemon/manager/profile_api.h"
#include "daemon/manager/profile_job.h"
#include "daemon/manager/profile_storage.h"
#include "policies/cluster.h"
#include "policies/operating_point.h"

namespace dynofa::manager {

/// A hosted model as the manager needs it.
struct HostedModel {
  engine::ModelInfo info;
  std::string backend;
  /// Version and instruction set of the backend.
  std::string build;
};

/// The profiles of the hosted models on the board at hand: reads them when the board comes, puts
/// them in force, has them measured, and writes them as they grow. Passive; belongs to the
/// manager's sequence.
class Profiler final : private ProfileHost {
 public:
  using Profiles = std::map<std::string, std::shared_ptr<const engine::Profile>>;

  /// What it asks of the manager, beside what the job asks of its host.
  struct Hooks {
    std::function<absl::Status(const std::string& cluster)> can_spare;
    std::function<void()> replan;
    /// Other costs hold from now on: costs() has changed.
    std::function<void()> on_costs;
    std::function<bool()> can_measure_power;
    std::function<void(std::function<void(std::optional<double>)>)> read_power;
    std::function<void(const std::string& cluster, bool busy)> report_busy;
  };

  /// `measure` and `storage` may be null: then there are no profiles, and none can be made. They,
  /// clock and runner outlive the profiler; `prior` tells the costs where there is no profile.
  Profiler(const base::Clock& clock, base::TaskRunner& runner, MeasureApi* measure,
           ProfileStorage* storage, std::vector<HostedModel> models,
           std::shared_ptr<const engine::CostModel> prior, Hooks hooks);

  /// A board is there: the profiles of another one hold no longer, its own are fetched.
  void OnBoard(const hardware::BoardInfo& board);
  void OnBoardLost(const std::string& why);

  /// The costs in force.
  const engine::CostModel& costs() const { return *costs_; }
  /// By the name of their model; complete or not.
  const Profiles& profiles() const { return profiles_; }

  /// FAILED_PRECONDITION: a job runs, or a session cannot be served meanwhile and the request does
  /// not force it. UNAVAILABLE: the profiles are still being read. INVALID_ARGUMENT: names.
  absl::Status Start(const ProfileRequest& request,
                     const std::vector<policies::ClusterState>& clusters,
                     const std::vector<policies::OperatingPoint>& points);
  /// FAILED_PRECONDITION if no job runs.
  absl::Status Cancel();

  /// What the manager passes on; without a job these do nothing.
  void OnApplied(const absl::StatusOr<hardware::ApplyResult>& result);
  void OnReading(const hardware::BoardReading& reading);
  void OnDemand();
  void OnTick();

  /// The cluster that no decision may use now; empty if there is none.
  std::string taken() const { return job_ ? job_->taken() : ""; }
  bool busy() const { return job_ && job_->busy(); }
  bool active() const { return job_ && job_->active(); }
  std::optional<policies::ClusterSetting> setting() const {
    return job_ ? job_->setting() : std::nullopt;
  }
  ProfileProgress progress() const;

 private:
  absl::Status CanSpare(const std::string& cluster) override { return hooks_.can_spare(cluster); }
  void Replan() override { hooks_.replan(); }
  void Keep(const std::string& model,
            const std::map<engine::ProfilePoint, engine::ProfileEntry>& entries) override;
  bool CanMeasurePower() override { return hooks_.can_measure_power(); }
  void ReadPower(std::function<void(std::optional<double>)> done) override {
    hooks_.read_power(std::move(done));
  }
  void ReportBusy(const std::string& cluster, bool busy) override {
    hooks_.report_busy(cluster, busy);
  }

  void Fetch(const std::string& model, const engine::ProfileKey& key);
  void OnFetched(const std::string& model, absl::StatusOr<engine::Profile> profile);
  void PutInForce();
  /// Has a run made with each number of threads that the profile favours somewhere, so that no
  /// request is the first one and waits for what that needs.
  void PrepareThreads(const std::string& model);
  void PrepareNext(const std::shared_ptr<std::vector<MeasureOrder>>& left);
  /// Writes the profile of a model, or again once the writing in progress is over.
  void Save(const std::string& model);

  base::TaskRunner& runner_;
  MeasureApi* const measure_;
  ProfileStorage* const storage_;
  const std::vector<HostedModel> models_;
  std::vector<engine::ModelInfo> infos_;
  const std::shared_ptr<const engine::CostModel> prior_;
  const Hooks hooks_;

  std::map<std::string, engine::ProfileKey> keys_;  ///< by model
  Profiles profiles_;
  std::set<std::string> fetching_;
  std::set<std::string> saving_;
  std::set<std::string> changed_;  ///< since the writing in progress began
  std::string save_trouble_;
  std::shared_ptr<const engine::CostModel> costs_;
  std::unique_ptr<ProfileJob> job_;
  /// Lets answers that come later than the profiler's end notice that it is gone.
  std::shared_ptr<Profiler*> self_;
};

}  // namespace dynofa::manager

#endif  // DYNOFA_DAEMON_MANAGER_PROFILER_H_
