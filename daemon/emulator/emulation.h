#ifndef DYNOFA_DAEMON_EMULATOR_EMULATION_H_
#define DYNOFA_DAEMON_EMULATOR_EMULATION_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "daemon/base/clock.h"
#include "daemon/emulator/emulated_cost_model.h"
#include "daemon/emulator/paced_executor.h"
#include "daemon/hardware/board.h"

namespace dynofa::emulator {

/// What a daemon needs besides the board itself to run on an emulated one: its cost model, its
/// executors' pace, and the traffic between executors and board. The board may be in another
/// process (dynofa-boardd); the model is the board file in BoardInfo::emulated_board, so that both
/// processes have the same one wherever it came from.
///
/// Thread-safe; outlives everything that it made.
class Emulation {
 public:
  /// NOT_FOUND if `info` is not of an emulated board, INVALID_ARGUMENT if its board file is not one
  /// or describes other clusters.
  /// `clock` must outlive the emulation.
  static absl::StatusOr<std::unique_ptr<Emulation>> Create(const hardware::BoardInfo& info,
                                                           const base::Clock& clock);

  /// The same board; the answer to each Read of it tells the executors what others take of their
  /// clusters, and what runs beside others is reported as the share that they leave.
  std::unique_ptr<hardware::Board> Wrap(std::unique_ptr<hardware::Board> board);

  const BoardModel& board() const { return board_; }
  const engine::CostModel& cost_model() const { return cost_model_; }

  /// An executor with the pace of that cluster. NOT_FOUND for an unknown cluster.
  absl::StatusOr<std::unique_ptr<engine::Executor>> Pace(const std::string& cluster,
                                                         std::unique_ptr<engine::Executor> real);

  /// Ends the waits of all executors, for shutting down.
  void Interrupt() { waiter_.Interrupt(); }

  /// Inferences so far whose real work took longer than the model allows.
  std::int64_t Overruns() const;

 private:
  using Conditions = std::map<std::string, std::shared_ptr<ClusterConditions>>;

  Emulation(BoardModel board, const base::Clock& clock);

  const BoardModel board_;
  const base::Clock& clock_;
  EmulatedCostModel cost_model_;
  SteadyWaiter waiter_;
  Conditions conditions_;  // constant after construction
};

}  // namespace dynofa::emulator

#endif  // DYNOFA_DAEMON_EMULATOR_EMULATION_H_
