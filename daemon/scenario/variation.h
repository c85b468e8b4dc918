#ifndef DYNOFA_DAEMON_SCENARIO_VARIATION_H_
#define DYNOFA_DAEMON_SCENARIO_VARIATION_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "daemon/emulator/board_model.h"

namespace dynofa::scenario {

/// The coefficients of a board model that can be varied, by the names of its fields.
std::vector<std::string_view> CoefficientNames();

/// Multiplies a coefficient of all clusters, zones or rails of `board` by `factor` > 0; shares are
/// kept in [0, 1]. NOT_FOUND names the coefficients there are.
absl::Status Vary(std::string_view coefficient, double factor, emulator::BoardModel* board);

}  // namespace dynofa::scenario

#endif  // DYNOFA_DAEMON_SCENARIO_VARIATION_H_
