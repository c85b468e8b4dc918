#include "daemon/scenario/play.h"

#include "absl/strings/str_format.h"
#include "daemon/base/status.h"
#include "daemon/emulator/emulated_cost_model.h"
#include "daemon/scenario/board_fit.h"
#include "daemon/scenario/capacity.h"
#include "daemon/scenario/profile_error.h"

namespace dynofa::scenario {
namespace {

/// A mode under a cap of its own; all that a scenario can ask for are known from the start.
std::string CappedName(const std::string& mode, const std::optional<double>& watt) {
  return watt ? absl::StrFormat("%s at most %g W", mode, *watt) : mode;
}

std::vector<policies::PowerMode> WithCaps(std::vector<policies::PowerMode> modes,
                                          const Scenario& scenario) {
  const std::size_t plain = modes.size();
  for (const Event& event : scenario.events) {
    const auto* change = std::get_if<PowerCapChange>(&event.change);
    if (change == nullptr || !change->watt) continue;
    for (std::size_t i = 0; i < plain; ++i) {
      policies::PowerMode mode = modes[i];
      mode.name = CappedName(mode.name, change->watt);
      mode.max_power_w = std::min(*change->watt, mode.max_power_w.value_or(*change->watt));
      modes.push_back(std::move(mode));
    }
  }
  return modes;
}

/// What the manager takes for the board's operating points.
std::shared_ptr<const engine::CostModel> ProfileOf(const emulator::BoardModel& board,
                                                   const SimulationOptions& options) {
  auto truth = std::make_shared<emulator::EmulatedCostModel>(board);
  if (options.profile_error == 0.0) return truth;
  return std::make_shared<WrongCostModel>(std::move(truth), options.profile_error, options.seed);
}

std::vector<std::string> ClusterIds(const emulator::BoardModel& board) {
  std::vector<std::string> ids;
  for (const emulator::ClusterModel& cluster : board.clusters) ids.push_back(cluster.id);
  return ids;
}

}  // namespace

Simulation::Simulation(const Scenario& scenario, const emulator::BoardModel& board,
                       const SimulationOptions& options, std::unique_ptr<policies::Policy> policy,
                       const std::string& governor)
    : scenario_(scenario),
      board_(board),
      seed_(options.seed),
      costs_(ProfileOf(board, options)),
      modes_(WithCaps(ModesOf(scenario, board), scenario)),
      mode_(scenario.power_mode),
      slowdowns_(ClusterIds(board)),
      dispatcher_({}, slowdowns_),
      policy_(std::move(policy)),
      machine_(board, time_, governor) {
  trace_.policy = options.policy;
  trace_.seed = options.seed;
}

absl::StatusOr<Trace> Simulation::Run() {
  DYNOFA_RETURN_IF_ERROR(Begin());
  time_.RunUntil(At(scenario_.warm_up_s));
  machine_.ResetCounts();
  time_.RunUntil(At(scenario_.length_s));
  trace_.energy = machine_.energy();
  trace_.residency_s = machine_.residency_s();
  trace_.frequency_switches = machine_.frequency_switches();
  trace_.samples = machine_.samples();
  time_.Advance(base::FromSeconds(kDrainS));
  Finish();
  DYNOFA_RETURN_IF_ERROR(error_);
  return std::move(trace_);
}

absl::Status Simulation::Begin() {
  manager::ManagerOptions options;
  options.power_modes = modes_;
  options.power_mode = mode_;
  options.SetTick(options.tick);
  std::vector<manager::HostedModel> hosted;
  for (const Model& model : scenario_.models) hosted.push_back({model.info, "emulated"});
  DYNOFA_ASSIGN_OR_RETURN(
      manager_, manager::Manager::Create(
                    std::move(options),
                    {.clock = time_,
                     .runner = time_,
                     .outcomes = outcomes_,
                     .slowdowns = slowdowns_,
                     .policy = std::move(policy_),
                     .models = std::move(hosted),
                     .costs = costs_,
                     .publish_routes = [this](auto routes) { TakeRoutes(std::move(routes)); },
                     .serving = [this] { return !open_.empty(); }}));
  Describe();
  NoteCaps();
  ScheduleScript();
  manager_->AttachBoard(machine_.NewBoard());
  manager_->Start();
  machine_.Start([this] { RunFree(); });
  return absl::OkStatus();
}

void Simulation::Describe() {
  trace_.length_s = scenario_.length_s;
  trace_.warm_up_s = scenario_.warm_up_s;
  trace_.clusters = ClusterIds(board_);
  for (std::size_t i = 0; i < scenario_.clients.size(); ++i) {
    const Client& client = scenario_.clients[i];
    trace_.clients.push_back(client.name);
    trace_.percentiles.push_back(client.requirement.percentile);
    auto& subnets = trace_.subnets.emplace_back();
    for (const engine::SubnetInfo& subnet : ModelOf(i).catalogue) subnets.push_back(subnet.id);
    clients_.push_back({.requirement = client.requirement, .arrivals = client.arrivals});
  }
  trace_.refusals.resize(clients_.size());
}

void Simulation::ScheduleScript() {
  for (std::size_t i = 0; i < clients_.size(); ++i) {
    const Client& client = scenario_.clients[i];
    PostAt(client.start_s, [this, i] { StartClient(i); });
    if (client.stop_s) PostAt(*client.stop_s, [this, i] { StopClient(i); });
  }
  for (const Event& event : scenario_.events) {
    PostAt(event.at_s, [this, &event] { Happen(event); });
  }
}

const engine::ModelInfo& Simulation::ModelOf(std::size_t client) const {
  const std::string& name = scenario_.clients[client].model;
  return std::find_if(scenario_.models.begin(), scenario_.models.end(),
                      [&](const Model& model) { return model.name == name; })
      ->info;
}

const policies::PowerMode& Simulation::Mode() const {
  const std::string name = CappedName(mode_, cap_w_);
  return *std::find_if(modes_.begin(), modes_.end(),
                       [&](const policies::PowerMode& mode) { return mode.name == name; });
}

void Simulation::Happen(const Event& event) {
  const auto* change = std::get_if<RequirementChange>(&event.change);
  AddMark(EventText(scenario_, event),
          change == nullptr ? std::nullopt : std::optional(change->client));
  std::visit([this](const auto& what) { Change(what); }, event.change);
}

void Simulation::Change(const ModeChange& change) {
  mode_ = change.mode;
  SetMode();
}

void Simulation::Change(const PowerCapChange& change) {
  cap_w_ = change.watt;
  SetMode();
}

void Simulation::SetMode() {
  manager_->SetPowerMode(Mode().name, [this](const absl::Status& status) { Note(status); });
  NoteCaps();
}

void Simulation::NoteCaps() {
  const policies::PowerMode& mode = Mode();
  Caps caps{.from_s = Now(), .mode = mode.name, .max_power_w = mode.max_power_w};
  for (const emulator::ClusterModel& cluster : board_.clusters) {
    caps.max_khz.push_back(HighestKhz(cluster, mode));
  }
  trace_.caps.push_back(std::move(caps));
}

void Simulation::Finish() {
  trace_.decisions = static_cast<std::int64_t>(manager_->status()->decision_number);
}

}  // namespace dynofa::scenario
