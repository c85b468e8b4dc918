#ifndef DYNOFA_DAEMON_COST_PROBE_H_
#define DYNOFA_DAEMON_COST_PROBE_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "daemon/base/clock.h"
#include "daemon/engine/supernet.h"

namespace dynofa {

/// Runs each model's largest subnet a few times on the calling thread: milliseconds per billion
/// multiply-adds by model name, the scale of the prior when there is no profile. Takes as long as
/// about ten inferences of each.
absl::StatusOr<std::map<std::string, double>> ProbeCosts(
    const std::vector<std::shared_ptr<engine::Supernet>>& supernets, const base::Clock& clock);

}  // namespace dynofa

#endif  // DYNOFA_DAEMON_COST_PROBE_H_
