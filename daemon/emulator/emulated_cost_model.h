#ifndef DYNOFA_DAEMON_EMULATOR_EMULATED_COST_MODEL_H_
#define DYNOFA_DAEMON_EMULATOR_EMULATED_COST_MODEL_H_

#include <vector>

#include "daemon/emulator/board_model.h"
#include "daemon/emulator/latency_model.h"
#include "daemon/engine/cost_model.h"

namespace dynofa::emulator {

/// What a subnet is to the latency model.
Workload WorkloadOf(const engine::SubnetInfo& subnet);

/// Operating points by the model of an emulated board: latency by LatencyMs without contention,
/// active power by ActivePowerW at full utilisation. Both are marked as emulated.
class EmulatedCostModel final : public engine::CostModel {
 public:
  /// `board` must outlive the cost model.
  explicit EmulatedCostModel(const BoardModel& board) : board_(board) {}

  /// Clusters that the board model does not know get no points.
  std::vector<policies::OperatingPoint> Points(
      const engine::ModelInfo& model,
      const std::vector<policies::ClusterInfo>& clusters) const override;

 private:
  const BoardModel& board_;
};

}  // namespace dynofa::emulator

#endif  // DYNOFA_DAEMON_EMULATOR_EMULATED_COST_MODEL_H_
