#include "daemon/scenario/simulation.h"

#include <algorithm>
#include <memory>
#include <unordered_map>
#include <utility>

#include "absl/strings/str_format.h"
#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/base/virtual_time.h"
#include "daemon/dispatch/dispatcher.h"
#include "daemon/emulator/emulated_cost_model.h"
#include "daemon/manager/manager.h"
#include "daemon/scenario/arrival_process.h"
#include "daemon/scenario/capacity.h"
#include "daemon/scenario/machine.h"
#include "daemon/scenario/oracle.h"
#include "daemon/scenario/scenario_file.h"
#include "policies/registry.h"

namespace dynofa::scenario {
namespace {

using dispatch::Outcome;

/// Streams of random numbers: arrivals of client i, and the noise of its runs.
constexpr std::uint64_t kArrivalStream = 1000;
constexpr std::uint64_t kNoiseStream = 1'000'000;
/// Requests that are still open after the end get this long.
constexpr base::Duration kDrain = std::chrono::seconds(3);
constexpr std::size_t kOutcomeRing = 1 << 14;

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

class Simulation {
 public:
  Simulation(const Scenario& scenario, const emulator::BoardModel& board,
             const SimulationOptions& options, std::unique_ptr<policies::Policy> policy,
             const std::string& governor)
      : scenario_(scenario),
        board_(board),
        seed_(options.seed),
        costs_(std::make_shared<emulator::EmulatedCostModel>(board)),
        modes_(WithCaps(ModesOf(scenario, board), scenario)),
        mode_(scenario.power_mode),
        policy_(std::move(policy)),
        machine_(board, time_, governor) {
    trace_.policy = options.policy;
    trace_.seed = options.seed;
  }

  absl::StatusOr<Trace> Run() {
    DYNOFA_RETURN_IF_ERROR(Begin());
    time_.RunUntil(At(scenario_.warm_up_s));
    machine_.ResetCounts();
    time_.RunUntil(At(scenario_.length_s));
    trace_.energy = machine_.energy();
    trace_.residency_s = machine_.residency_s();
    trace_.frequency_switches = machine_.frequency_switches();
    trace_.samples = machine_.samples();
    time_.Advance(kDrain);
    Finish();
    DYNOFA_RETURN_IF_ERROR(error_);
    return std::move(trace_);
  }

 private:
  struct ClientState {
    policies::Requirement requirement;
    Arrivals arrivals;
    std::unique_ptr<ArrivalProcess> process;
    std::string session;
    std::uint64_t turn = 0;  ///< of the next arrival; an older one is out of date
    std::uint64_t sent = 0;
  };

  base::TimePoint At(double seconds) const {
    return base::TimePoint() + base::FromSeconds(seconds);
  }
  double Now() const { return base::ToSeconds(time_.Now() - base::TimePoint()); }

  void PostAt(double seconds, std::function<void()> task) {
    time_.PostDelayed(std::max(At(seconds) - time_.Now(), base::Duration::zero()), std::move(task));
  }

  absl::Status Begin();
  void Describe();
  void ScheduleScript();
  void Finish();

  // Clients.
  void StartClient(std::size_t client);
  void StopClient(std::size_t client);
  void ScheduleArrival(std::size_t client);
  void Arrive(std::size_t client);
  double RateOf(const ClientState& state, std::size_t client) const;
  void Declare(std::size_t client);

  // The request path.
  void RunFree();
  void BeginWork(std::size_t cluster, const dispatch::Work& work);
  void EndRequest(const Outcome& outcome);
  void ScheduleExpiry();
  const engine::ModelInfo& ModelOf(std::size_t client) const;

  // What happens.
  void Happen(const Event& event);
  void Change(const RequirementChange& change);
  void Change(const ModeChange& change);
  void Change(const PowerCapChange& change);
  void Change(const AmbientChange& change) { Note(machine_.SetAmbient(change.celsius)); }
  void Change(const NeighbourChange& change) {
    Note(machine_.SetNeighbour(change.cluster, change.load));
  }
  void Change(const ClusterChange& change) {
    Note(machine_.SetAvailable(change.cluster, change.available));
  }
  void SetMode();
  void NoteCaps();
  const policies::PowerMode& Mode() const;
  void AddMark(std::string text, std::optional<std::size_t> client) {
    trace_.marks.push_back({Now(), std::move(text), client});
  }
  void Note(const absl::Status& status) { error_.Update(status); }

  const Scenario& scenario_;
  const emulator::BoardModel& board_;
  const std::uint64_t seed_;
  const std::shared_ptr<const engine::CostModel> costs_;
  const std::vector<policies::PowerMode> modes_;
  std::string mode_;
  std::optional<double> cap_w_;
  absl::Status error_;
  Trace trace_;
  std::vector<ClientState> clients_;
  std::unordered_map<dispatch::RequestId, std::size_t> open_;  ///< index into trace_.requests
  std::unordered_map<std::size_t, std::uint64_t> number_;      ///< of a request of its client
  dispatch::RequestId last_id_ = 0;
  std::optional<base::TimePoint> expiry_;

  base::VirtualTime time_;
  manager::OutcomeRing outcomes_{kOutcomeRing};
  dispatch::Dispatcher dispatcher_;
  std::unique_ptr<policies::Policy> policy_;
  Machine machine_;
  std::unique_ptr<manager::Manager> manager_;
};

absl::Status Simulation::Begin() {
  manager::ManagerOptions options;
  options.power_modes = modes_;
  options.power_mode = mode_;
  std::vector<manager::HostedModel> hosted;
  for (const Model& model : scenario_.models) hosted.push_back({model.info, "emulated"});
  DYNOFA_ASSIGN_OR_RETURN(
      manager_,
      manager::Manager::Create(std::move(options), {.clock = time_,
                                                    .runner = time_,
                                                    .outcomes = outcomes_,
                                                    .policy = std::move(policy_),
                                                    .models = std::move(hosted),
                                                    .costs = costs_,
                                                    .publish_routes = [this](auto routes) {
                                                      dispatcher_.SetRoutes(std::move(routes));
                                                      time_.Post([this] { RunFree(); });
                                                    }}));
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
  for (const emulator::ClusterModel& cluster : board_.clusters) {
    trace_.clusters.push_back(cluster.id);
  }
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

double Simulation::RateOf(const ClientState& state, std::size_t client) const {
  if (!state.arrivals.load_percent) return state.arrivals.rate_hz;
  return *state.arrivals.load_percent / 100.0 *
         Capacity(board_, Mode(), ModelOf(client), state.requirement.min_accuracy.value_or(0.0));
}

void Simulation::StartClient(std::size_t client) {
  ClientState& state = clients_[client];
  if (scenario_.clients[client].start_s > 0.0) {
    AddMark(scenario_.clients[client].name + " joins", std::nullopt);
  }
  state.arrivals.rate_hz = RateOf(state, client);
  if (scenario_.clients[client].declares_rate) {
    state.requirement.rate_hz = std::min(MeanRateHz(state.arrivals), policies::kMaxRateHz);
  }
  state.process =
      std::make_unique<ArrivalProcess>(state.arrivals, Random(seed_, kArrivalStream + client));
  manager_->OpenSession({.model = scenario_.clients[client].model,
                         .client_name = scenario_.clients[client].name,
                         .requirement = state.requirement,
                         .kind = manager::SessionKind::kStream,
                         .caller = {.uid = static_cast<std::uint32_t>(client)}},
                        [this, client](absl::StatusOr<manager::SessionView> session) {
                          if (session.ok()) {
                            clients_[client].session = session->id;
                          } else {
                            trace_.refusals[client] = std::string(session.status().message());
                          }
                          ScheduleArrival(client);
                        });
}

void Simulation::StopClient(std::size_t client) {
  ClientState& state = clients_[client];
  state.process = nullptr;
  ++state.turn;
  AddMark(scenario_.clients[client].name + " leaves", std::nullopt);
  if (state.session.empty()) return;
  manager_->CloseSession(state.session, {.uid = static_cast<std::uint32_t>(client)},
                         [this](const absl::Status& status) { Note(status); });
}

void Simulation::ScheduleArrival(std::size_t client) {
  ClientState& state = clients_[client];
  if (state.process == nullptr) return;
  const std::optional<double> next = state.process->Next();
  if (!next) return;
  const double at_s = scenario_.clients[client].start_s + *next;
  if (at_s >= scenario_.length_s) return;
  PostAt(at_s, [this, client, turn = ++state.turn] {
    if (clients_[client].turn == turn) Arrive(client);
  });
}

void Simulation::Arrive(std::size_t client) {
  ClientState& state = clients_[client];
  RequestRecord record;
  record.client = client;
  record.scheduled_s = Now();
  record.target_ms = state.requirement.latency_ms;
  record.min_accuracy = state.requirement.min_accuracy.value_or(0.0);
  dispatch::Request request{.id = ++last_id_,
                            .session = state.session,
                            .model = scenario_.clients[client].model,
                            .uid = static_cast<std::uint32_t>(client)};
  const std::optional<double>& patience = scenario_.clients[client].patience_ms;
  if (patience) request.expiry = time_.Now() + base::FromMs(*patience);
  const bool admitted = !state.session.empty() && dispatcher_.Submit(request, time_.Now()).ok();
  if (!admitted) record.end = End::kRefused;
  if (admitted) open_[request.id] = trace_.requests.size();
  number_[trace_.requests.size()] = state.sent++;
  trace_.requests.push_back(record);
  ScheduleArrival(client);
  if (admitted) RunFree();
  ScheduleExpiry();
}

void Simulation::RunFree() {
  for (std::size_t cluster = 0; cluster < trace_.clusters.size(); ++cluster) {
    while (machine_.Free(cluster)) {
      const auto work = dispatcher_.NextWork(trace_.clusters[cluster], time_.Now());
      if (!work) break;
      BeginWork(cluster, *work);
    }
  }
}

void Simulation::BeginWork(std::size_t cluster, const dispatch::Work& work) {
  const std::size_t index = open_.at(work.id);
  RequestRecord& record = trace_.requests[index];
  const engine::ModelInfo& model = ModelOf(record.client);
  const engine::SubnetInfo* subnet = model.Find(work.subnet);
  if (subnet == nullptr) {
    // A pinned subnet that is out of reach; no client here pins one.
    const Outcome outcome = dispatcher_.Complete(work, time_.Now(), {}, false);
    EndRequest(outcome);
    return;
  }
  record.cluster = cluster;
  record.khz = machine_.khz(cluster);
  record.subnet = static_cast<std::size_t>(subnet - model.catalogue.data());
  record.accuracy = subnet->accuracy;
  machine_.Begin(cluster, {.client = record.client,
                           .work = emulator::WorkloadOf(*subnet),
                           .noise = NoiseFactor(seed_, kNoiseStream + record.client,
                                                number_.at(index), scenario_.service_noise),
                           .done = [this, work](base::Duration compute, bool ok) {
                             EndRequest(dispatcher_.Complete(work, time_.Now(), compute, ok));
                             time_.Post([this] { RunFree(); });
                           }});
}

void Simulation::EndRequest(const Outcome& outcome) {
  const auto found = open_.find(outcome.id);
  RequestRecord& record = trace_.requests[found->second];
  switch (outcome.kind) {
    case Outcome::Kind::kCompleted:
      record.end = End::kAnswered;
      break;
    case Outcome::Kind::kExpired:
    case Outcome::Kind::kCancelled:
      record.end = End::kExpired;
      break;
    case Outcome::Kind::kFailed:
      record.end = End::kFailed;
      break;
  }
  record.response_ms = (Now() - record.scheduled_s) * 1e3;
  record.compute_ms = base::ToMs(outcome.compute);
  number_.erase(found->second);
  open_.erase(found);
  outcomes_.Push(outcome);
  if (outcome.missed) time_.Post([this] { manager_->OnMiss(); });
}

void Simulation::ScheduleExpiry() {
  const std::optional<base::TimePoint> next = dispatcher_.NextExpiry();
  if (!next || (expiry_ && *expiry_ <= *next)) return;
  expiry_ = next;
  time_.PostDelayed(*next - time_.Now(), [this] {
    expiry_.reset();
    for (const Outcome& outcome : dispatcher_.Expire(time_.Now())) EndRequest(outcome);
    ScheduleExpiry();
  });
}

void Simulation::Happen(const Event& event) {
  const auto* change = std::get_if<RequirementChange>(&event.change);
  AddMark(EventText(scenario_, event),
          change == nullptr ? std::nullopt : std::optional(change->client));
  std::visit([this](const auto& what) { Change(what); }, event.change);
}

void Simulation::Change(const RequirementChange& change) {
  ClientState& state = clients_[change.client];
  policies::Requirement& requirement = state.requirement;
  if (change.latency_ms) requirement.latency_ms = change.latency_ms;
  if (change.percentile) requirement.percentile = *change.percentile;
  if (change.min_accuracy) requirement.min_accuracy = change.min_accuracy;
  if (change.priority) requirement.priority = *change.priority;
  if (change.rate_hz || change.load_percent) {
    state.arrivals.load_percent = change.load_percent;
    state.arrivals.rate_hz = change.rate_hz.value_or(0.0);
    state.arrivals.rate_hz = RateOf(state, change.client);
    if (scenario_.clients[change.client].declares_rate) {
      requirement.rate_hz = std::min(state.arrivals.rate_hz, policies::kMaxRateHz);
    }
    if (state.process != nullptr) {
      state.process->SetRate(state.arrivals.rate_hz,
                             Now() - scenario_.clients[change.client].start_s);
      ScheduleArrival(change.client);
    }
  }
  Declare(change.client);
}

void Simulation::Declare(std::size_t client) {
  const ClientState& state = clients_[client];
  if (state.session.empty() || state.process == nullptr) return;
  manager_->UpdateSession(state.session, {.uid = static_cast<std::uint32_t>(client)},
                          state.requirement, [this, client](const auto& session) {
                            if (!session.ok()) AddMark("the change was refused", client);
                          });
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

std::string PolicyList() {
  std::string names;
  for (const std::string_view name : policies::PolicyNames()) {
    names += base::StrCat(names.empty() ? "" : ", ", name);
  }
  return names;
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
  const std::string name = options.policy.substr(0, options.policy.find('@'));
  if (name == "oracle") {
    DYNOFA_ASSIGN_OR_RETURN(auto oracle, MakeOracle(scenario, board, options.seed));
    return SimulateWith(std::move(oracle), scenario, board, options);
  }
  std::unique_ptr<policies::Policy> policy = policies::MakePolicy(name);
  if (policy == nullptr) {
    return absl::NotFoundError(
        base::StrCat("there is no policy \"", name, "\"; there are: ", PolicyList(), ", oracle"));
  }
  return SimulateWith(std::move(policy), scenario, board, options);
}

}  // namespace dynofa::scenario
