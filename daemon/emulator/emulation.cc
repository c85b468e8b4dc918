#include "daemon/emulator/emulation.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/emulator/board_file.h"

namespace dynofa::emulator {
namespace {

using Conditions = std::map<std::string, std::shared_ptr<ClusterConditions>>;

/// Tells the executors of each reading what others take of their clusters.
class ObservedBoard final : public hardware::Board {
 public:
  ObservedBoard(std::unique_ptr<hardware::Board> board, const BoardModel& model,
                Conditions conditions)
      : board_(std::move(board)), model_(model), conditions_(std::move(conditions)) {}

  const hardware::BoardInfo& info() const override { return board_->info(); }
  void Apply(std::vector<policies::ClusterSetting> settings,
             Callback<hardware::ApplyResult> done) override {
    board_->Apply(std::move(settings), std::move(done));
  }
  void Release(std::function<void(absl::Status)> done) override {
    board_->Release(std::move(done));
  }
  // A run beside others takes longer, but only the share of the cluster that they leave.
  void ReportLoad(const std::vector<hardware::ClusterLoad>& loads) override {
    std::vector<hardware::ClusterLoad> shares = loads;
    for (hardware::ClusterLoad& load : shares) {
      const auto found = conditions_.find(load.cluster);
      if (found != conditions_.end()) {
        load.busy *= ContentionShare(model_, found->second->foreign_load);
      }
    }
    board_->ReportLoad(shares);
  }

  void Read(Callback<hardware::BoardReading> done) override {
    board_->Read([conditions = conditions_,
                  done = std::move(done)](absl::StatusOr<hardware::BoardReading> reading) {
      if (reading.ok()) PassOn(*reading, conditions);
      done(std::move(reading));
    });
  }

 private:
  static void PassOn(const hardware::BoardReading& reading, const Conditions& all) {
    for (const hardware::ClusterReading& cluster : reading.clusters) {
      const auto found = all.find(cluster.cluster);
      if (found != all.end()) found->second->foreign_load = cluster.foreign_load;
    }
  }

  std::unique_ptr<hardware::Board> board_;
  const BoardModel& model_;
  Conditions conditions_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Emulation>> Emulation::Create(const hardware::BoardInfo& info,
                                                             const base::Clock& clock) {
  if (info.emulated_board.empty()) {
    return absl::NotFoundError(base::StrCat(info.name, " is not an emulated board"));
  }
  DYNOFA_ASSIGN_OR_RETURN(BoardModel board,
                          ParseBoardFile(info.emulated_board, info.emulated_model));
  for (const policies::ClusterInfo& cluster : info.clusters) {
    if (board.Find(cluster.id) != nullptr) continue;
    return absl::InvalidArgumentError(base::StrCat(info.name, " has the cluster ", cluster.id,
                                                   ", which is not in its board file"));
  }
  return std::unique_ptr<Emulation>(new Emulation(std::move(board), clock));
}

Emulation::Emulation(BoardModel board, const base::Clock& clock)
    : board_(std::move(board)), clock_(clock), cost_model_(board_) {
  for (const ClusterModel& cluster : board_.clusters) {
    conditions_[cluster.id] = std::make_shared<ClusterConditions>();
  }
}

std::unique_ptr<hardware::Board> Emulation::Wrap(std::unique_ptr<hardware::Board> board) {
  return std::make_unique<ObservedBoard>(std::move(board), board_, conditions_);
}

absl::StatusOr<std::unique_ptr<engine::Executor>> Emulation::Pace(
    const std::string& cluster, std::unique_ptr<engine::Executor> real) {
  const ClusterModel* model = board_.Find(cluster);
  if (model == nullptr) return absl::NotFoundError(base::StrCat("no cluster ", cluster));
  return std::unique_ptr<engine::Executor>(std::make_unique<PacedExecutor>(
      std::move(real), board_, *model, conditions_.at(cluster), clock_, waiter_));
}

std::int64_t Emulation::Overruns() const {
  std::int64_t total = 0;
  for (const auto& [cluster, conditions] : conditions_) total += conditions->overruns.load();
  return total;
}

}  // namespace dynofa::emulator
