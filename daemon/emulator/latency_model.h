#ifndef DYNOFA_DAEMON_EMULATOR_LATENCY_MODEL_H_
#define DYNOFA_DAEMON_EMULATOR_LATENCY_MODEL_H_

#include <cstdint>

#include "daemon/emulator/board_model.h"

namespace dynofa::emulator {

/// What the model must know of a subnet.
struct Workload {
  std::int64_t macs = 0;
  int resolution = 0;  ///< side of the square input, pixels
  int layers = 0;      ///< 0 = unknown: kTypicalLayers
};

inline constexpr int kTypicalLayers = 70;

/// Share of a cluster that is left for an inference when others use `foreign_load` of it.
double ContentionShare(const BoardModel& board, double foreign_load);

/// Modelled time of one inference on a cluster at `khz` (clamped to the table; 0 means its
/// highest frequency), alone (`share` 1) or with what others leave of it, ms. Pure; formula and
/// coefficients as in LatencyCoefficients and the board file.
double LatencyMs(const ClusterModel& cluster, const Workload& work, std::int64_t khz,
                 double share = 1.0);

}  // namespace dynofa::emulator

#endif  // DYNOFA_DAEMON_EMULATOR_LATENCY_MODEL_H_
