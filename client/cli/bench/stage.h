#ifndef DYNOFA_CLIENT_CLI_BENCH_STAGE_H_
#define DYNOFA_CLIENT_CLI_BENCH_STAGE_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "daemon/scenario/rules/scenario.h"
#include "daemon/scenario/rules/trace.h"
#include "dynofa/client.h"

namespace dynofa::cli::bench {

/// A running service as a scenario needs it: compared with the scenario, nothing missing.
struct Stage {
  std::string policy;
  std::string board;
  /// In the order in which traces count them.
  std::vector<client::BoardCluster> clusters;
  /// What modes allow, as the scenario knows them: its own and the built-in ones.
  std::vector<policies::PowerMode> modes;

  std::optional<std::size_t> IndexOf(const std::string& cluster) const;
  /// What `mode` (one of the scenario) allows from `from_s` on.
  scenario::Caps CapsOf(const std::string& mode, double from_s) const;
};

/// Looks whether the service can play the scenario. kFailedPrecondition says what it lacks or does
/// otherwise: another board, a model with other subnets, a power mode that it does not know; and
/// what a running service cannot play at all.
client::Result<Stage> SetStage(const scenario::Scenario& scenario, client::Client& service);

}  // namespace dynofa::cli::bench

#endif  // DYNOFA_CLIENT_CLI_BENCH_STAGE_H_
