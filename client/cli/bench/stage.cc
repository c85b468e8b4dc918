#include "client/cli/bench/stage.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <variant>

#include "daemon/scenario/rules/caps.h"

namespace dynofa::cli::bench {
namespace {

using client::Done;
using client::Error;
using client::ErrorCode;
using client::Result;
using scenario::Scenario;

/// Accuracies are written with four digits.
constexpr double kSameAccuracy = 5e-5;

Error Lacks(const std::string& text) { return {ErrorCode::kFailedPrecondition, text}; }

/// An emulated board that a scenario names by its file may have any id.
Result<Done> CheckBoard(const Scenario& scenario, const client::Status& status) {
  if (status.emulated_board.empty()) {
    return Lacks("the service runs on " + status.board +
                 "; a scenario needs an emulated board (dynofa-boardd --board emulated:" +
                 scenario.board + ")");
  }
  const bool is_file = scenario.board.find('/') != std::string::npos;
  if (is_file || status.emulated_board == scenario.board) return Done{};
  return Lacks("the service runs on emulated:" + status.emulated_board + ", the scenario on " +
               scenario.board);
}

Result<Done> CheckModel(const scenario::Model& model, client::Client& service) {
  const auto hosted = service.GetModel(model.name);
  if (!hosted.ok()) {
    return Lacks("the service does not host the scenario's model " + model.name + ": " +
                 hosted.error().message);
  }
  const std::vector<engine::SubnetInfo>& wanted = model.info.catalogue;
  const bool same =
      std::equal(wanted.begin(), wanted.end(), hosted->subnets.begin(), hosted->subnets.end(),
                 [](const auto& a, const auto& b) {
                   return a.id == b.id && std::abs(a.accuracy - b.accuracy) < kSameAccuracy;
                 });
  if (same) return Done{};
  return Lacks("the service's model " + model.name +
               " has other subnets or accuracies than the scenario's; name the directory of the "
               "model in the scenario, and host that directory");
}

Result<Done> CheckMode(const std::string& name, const Stage& stage, const client::Status& status) {
  const auto named = [&](const auto& mode) { return mode.name == name; };
  const auto known = std::find_if(stage.modes.begin(), stage.modes.end(), named);
  if (known == stage.modes.end()) {
    return Lacks("what the power mode " + name +
                 " allows is not known here; describe it in a [[power_mode_def]] of the scenario");
  }
  const auto there = std::find_if(status.power_modes.begin(), status.power_modes.end(), named);
  const std::string objective(policies::ObjectiveName(known->objective));
  if (there != status.power_modes.end() && there->objective == objective) return Done{};
  return Lacks("the service has no power mode " + name + " with the objective " + objective +
               "; describe it in a [[power_mode]] of its configuration");
}

/// What is wrong with an event for this stage, or nothing.
struct CheckEvent {
  const Stage& stage;
  const client::Status& status;

  Result<Done> operator()(const scenario::RequirementChange& change) const {
    if (!change.load_percent) return Done{};
    return Lacks("load_percent follows from a board's model; write rate_hz");
  }
  Result<Done> operator()(const scenario::ModeChange& change) const {
    return CheckMode(change.mode, stage, status);
  }
  Result<Done> operator()(const scenario::PowerCapChange&) const {
    return Lacks("a running service takes power caps with its modes alone; write power_mode");
  }
  Result<Done> operator()(const scenario::AmbientChange&) const { return Done{}; }
  Result<Done> operator()(const scenario::NeighbourChange& change) const {
    return CheckCluster(change.cluster);
  }
  Result<Done> operator()(const scenario::ClusterChange& change) const {
    return CheckCluster(change.cluster);
  }
  Result<Done> CheckCluster(const std::string& cluster) const {
    if (stage.IndexOf(cluster)) return Done{};
    return Lacks("the service's board has no cluster " + cluster);
  }
};

Result<Done> Check(const Scenario& scenario, const Stage& stage, const client::Status& status,
                   client::Client& service) {
  if (auto board = CheckBoard(scenario, status); !board.ok()) return board;
  for (const scenario::Model& model : scenario.models) {
    if (auto hosted = CheckModel(model, service); !hosted.ok()) return hosted;
  }
  for (const scenario::Client& client : scenario.clients) {
    if (client.arrivals.load_percent) {
      return Lacks("load_percent follows from a board's model; write rate_hz");
    }
  }
  if (auto mode = CheckMode(scenario.power_mode, stage, status); !mode.ok()) return mode;
  for (const scenario::Event& event : scenario.events) {
    auto fits = std::visit(CheckEvent{stage, status}, event.change);
    if (!fits.ok()) return fits;
  }
  return Done{};
}

std::vector<policies::PowerMode> KnownModes(const Scenario& scenario) {
  std::vector<policies::PowerMode> modes = scenario.power_modes;
  for (policies::PowerMode& mode : scenario::BuiltInModes()) {
    const bool redefined = std::any_of(modes.begin(), modes.end(),
                                       [&](const auto& own) { return own.name == mode.name; });
    if (!redefined) modes.push_back(std::move(mode));
  }
  return modes;
}

}  // namespace

std::optional<std::size_t> Stage::IndexOf(const std::string& cluster) const {
  const auto found = std::find_if(clusters.begin(), clusters.end(),
                                  [&](const auto& known) { return known.id == cluster; });
  if (found == clusters.end()) return std::nullopt;
  return static_cast<std::size_t>(found - clusters.begin());
}

scenario::Caps Stage::CapsOf(const std::string& mode, double from_s) const {
  const auto found = std::find_if(modes.begin(), modes.end(),
                                  [&](const auto& known) { return known.name == mode; });
  scenario::Caps caps{.from_s = from_s, .mode = mode, .max_power_w = found->max_power_w};
  for (const client::BoardCluster& cluster : clusters) {
    caps.max_khz.push_back(scenario::HighestKhz(cluster.id, cluster.frequencies_khz, *found));
  }
  return caps;
}

Result<Stage> SetStage(const Scenario& scenario, client::Client& service) {
  const auto status = service.GetStatus();
  if (!status.ok()) return status.error();
  const auto board = service.GetBoard();
  if (!board.ok()) return board.error();
  Stage stage{.policy = status->policy, .board = status->board, .modes = KnownModes(scenario)};
  for (const client::BoardCluster& cluster : board->clusters) {
    if (cluster.runs && !cluster.frequencies_khz.empty()) stage.clusters.push_back(cluster);
  }
  const auto fits = Check(scenario, stage, *status, service);
  if (!fits.ok()) return fits.error();
  return stage;
}

}  // namespace dynofa::cli::bench
