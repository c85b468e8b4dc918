#include "daemon/scenario/simulation.h"

#include <algorithm>
#include <utility>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/scenario/board_fit.h"
#include "daemon/scenario/oracle.h"
#include "daemon/scenario/play.h"
#include "policies/registry.h"

namespace dynofa::scenario {
namespace {

std::string PolicyList() {
  std::string names;
  for (const std::string_view name : policies::PolicyNames()) {
    names += base::StrCat(names.empty() ? "" : ", ", name);
  }
  return names;
}

absl::Status CheckOptions(const SimulationOptions& options) {
  if (options.profile_error >= 0.0 && options.profile_error <= 1.0) return absl::OkStatus();
  return absl::InvalidArgumentError(base::StrCat(
      "a profile cannot be wrong by ", options.profile_error * 100.0, " %: give 0 to 100"));
}

bool Offers(const emulator::BoardModel& board, const std::string& governor) {
  return std::any_of(board.clusters.begin(), board.clusters.end(), [&](const auto& cluster) {
    const auto& offered = cluster.governors;
    return std::find(offered.begin(), offered.end(), governor) != offered.end();
  });
}

}  // namespace

absl::StatusOr<Trace> SimulateWith(std::unique_ptr<policies::Policy> policy,
                                   const Scenario& scenario, const emulator::BoardModel& board,
                                   const SimulationOptions& options) {
  DYNOFA_RETURN_IF_ERROR(CheckOptions(options));
  DYNOFA_RETURN_IF_ERROR(CheckAgainst(scenario, board));
  const std::size_t at = options.policy.find('@');
  const std::string governor = at == std::string::npos ? "" : options.policy.substr(at + 1);
  if (at != std::string::npos && !Offers(board, governor)) {
    return absl::NotFoundError(
        base::StrCat("no cluster of ", board.id, " offers a governor \"", governor, "\""));
  }
  return Simulation(scenario, board, options, std::move(policy), governor).Run();
}

absl::StatusOr<Trace> Simulate(const Scenario& scenario, const emulator::BoardModel& board,
                               const SimulationOptions& options) {
  DYNOFA_RETURN_IF_ERROR(CheckOptions(options));
  const std::string name = options.policy.substr(0, options.policy.find('@'));
  if (name == "oracle") {
    DYNOFA_ASSIGN_OR_RETURN(auto oracle, MakeOracle(scenario, board, options.seed));
    SimulationOptions exact = options;
    exact.profile_error = 0.0;
    return SimulateWith(std::move(oracle), scenario, board, exact);
  }
  std::unique_ptr<policies::Policy> policy = policies::MakePolicy(name);
  if (policy == nullptr) {
    return absl::NotFoundError(
        base::StrCat("there is no policy \"", name, "\"; there are: ", PolicyList(), ", oracle"));
  }
  return SimulateWith(std::move(policy), scenario, board, options);
}

}  // namespace dynofa::scenario
