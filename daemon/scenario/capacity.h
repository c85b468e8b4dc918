#ifndef DYNOFA_DAEMON_SCENARIO_CAPACITY_H_
#define DYNOFA_DAEMON_SCENARIO_CAPACITY_H_

#include "daemon/emulator/board_model.h"
#include "daemon/engine/catalogue.h"
#include "policies/power_mode.h"

namespace dynofa::scenario {

/// Highest clock of a cluster that `mode` allows, kHz (a table entry, at least the lowest); 0 if
/// the cluster must stay idle.
std::int64_t HighestKhz(const emulator::ClusterModel& cluster, const policies::PowerMode& mode);

/// The most inferences per second that a single session can get: one cluster, without a pause,
/// with the quickest subnet of at least `min_accuracy` (or, if there is none, the most accurate)
/// on the cluster and at the clock where that is quickest.
double Capacity(const emulator::BoardModel& board, const policies::PowerMode& mode,
                const engine::ModelInfo& model, double min_accuracy);

}  // namespace dynofa::scenario

#endif  // DYNOFA_DAEMON_SCENARIO_CAPACITY_H_
