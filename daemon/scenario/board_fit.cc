#include "daemon/scenario/board_fit.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <variant>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"

namespace dynofa::scenario {
namespace {

bool Has(const std::vector<policies::PowerMode>& modes, std::string_view name) {
  return std::any_of(modes.begin(), modes.end(),
                     [&](const policies::PowerMode& mode) { return mode.name == name; });
}

std::string Names(const std::vector<policies::PowerMode>& modes) {
  std::string names;
  for (const policies::PowerMode& mode : modes) names += (names.empty() ? "" : ", ") + mode.name;
  return names;
}

}  // namespace

std::vector<policies::PowerMode> ModesOf(const Scenario& scenario,
                                         const emulator::BoardModel& board) {
  std::vector<policies::PowerMode> modes = scenario.power_modes;
  const auto add = [&modes](const std::vector<policies::PowerMode>& more) {
    for (const policies::PowerMode& mode : more) {
      if (!Has(modes, mode.name)) modes.push_back(mode);
    }
  };
  add(BuiltInModes());
  add(board.modes);
  return modes;
}

absl::Status CheckAgainst(const Scenario& scenario, const emulator::BoardModel& board) {
  const std::vector<policies::PowerMode> modes = ModesOf(scenario, board);
  const auto check_mode = [&](const std::string& mode) -> absl::Status {
    if (Has(modes, mode)) return absl::OkStatus();
    return absl::InvalidArgumentError(base::StrCat("scenario ", scenario.id, ": power mode \"",
                                                   mode, "\" is not one of: ", Names(modes)));
  };
  const auto check_cluster = [&](const std::string& cluster) -> absl::Status {
    if (board.Find(cluster) != nullptr) return absl::OkStatus();
    std::string names;
    for (const emulator::ClusterModel& model : board.clusters) {
      names += (names.empty() ? "" : ", ") + model.id;
    }
    return absl::InvalidArgumentError(base::StrCat("scenario ", scenario.id, ": cluster \"",
                                                   cluster, "\" of ", board.id,
                                                   " is not one of: ", names));
  };
  DYNOFA_RETURN_IF_ERROR(check_mode(scenario.power_mode));
  for (const Event& event : scenario.events) {
    if (const auto* mode = std::get_if<ModeChange>(&event.change)) {
      DYNOFA_RETURN_IF_ERROR(check_mode(mode->mode));
    } else if (const auto* neighbour = std::get_if<NeighbourChange>(&event.change)) {
      DYNOFA_RETURN_IF_ERROR(check_cluster(neighbour->cluster));
    } else if (const auto* cluster = std::get_if<ClusterChange>(&event.change)) {
      DYNOFA_RETURN_IF_ERROR(check_cluster(cluster->cluster));
    }
  }
  return absl::OkStatus();
}

}  // namespace dynofa::scenario
