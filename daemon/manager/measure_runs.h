#ifndef DYNOFA_DAEMON_MANAGER_MEASURE_RUNS_H_
#define DYNOFA_DAEMON_MANAGER_MEASURE_RUNS_H_

#include <functional>

#include "absl/status/statusor.h"
#include "daemon/base/clock.h"
#include "daemon/engine/executor.h"
#include "daemon/engine/supernet.h"
#include "daemon/manager/measure_api.h"

namespace dynofa::manager {

/// Makes the runs of an order on the calling thread, on an input of the subnet's own resolution.
/// `stopped` is asked before each run; CANCELLED once it says so. Fails as the executor does.
absl::StatusOr<Measurement> MakeRuns(const MeasureOrder& order, engine::Executor& executor,
                                     engine::Supernet& supernet,
                                     const engine::PreparedSubnet& subnet, const base::Clock& clock,
                                     const std::function<bool()>& stopped);

}  // namespace dynofa::manager

#endif  // DYNOFA_DAEMON_MANAGER_MEASURE_RUNS_H_
