#ifndef DYNOFA_DAEMON_HARDWARE_LOCAL_BOARD_H_
#define DYNOFA_DAEMON_HARDWARE_LOCAL_BOARD_H_

#include <functional>
#include <memory>
#include <vector>

#include "daemon/base/task_runner.h"
#include "daemon/hardware/board.h"

namespace dynofa::hardware {

/// A driver in the same process as a Board, for tests and simulations: each call runs the driver
/// at once on the calling thread and posts the answer to the runner. Dropping the board drops the
/// answers that have not been delivered; it does not release the knobs.
class LocalBoard final : public Board {
 public:
  /// Neither is owned; both must outlive the board, `runner` also its last posted task.
  LocalBoard(BoardDriver& driver, base::TaskRunner& runner);

  const BoardInfo& info() const override { return driver_.info(); }
  void Apply(std::vector<policies::ClusterSetting> settings, Callback<ApplyResult> done) override;
  void Read(Callback<BoardReading> done) override;
  void Release(std::function<void(absl::Status)> done) override;
  void ReportLoad(const std::vector<ClusterLoad>& loads) override { driver_.ReportLoad(loads); }

 private:
  template <typename Done, typename Result>
  void Answer(Done done, Result result);

  BoardDriver& driver_;
  base::TaskRunner& runner_;
  /// Posted answers hold a weak reference: they are dropped when the board is gone.
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);
};

}  // namespace dynofa::hardware

#endif  // DYNOFA_DAEMON_HARDWARE_LOCAL_BOARD_H_
