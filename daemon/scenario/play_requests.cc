#include "daemon/base/status.h"
#include "daemon/emulator/emulated_cost_model.h"
#include "daemon/scenario/capacity.h"
#include "daemon/scenario/play.h"

namespace dynofa::scenario {
namespace {

using dispatch::Outcome;

/// Stream of random numbers for the noise of client i's runs, from here on.
constexpr std::uint64_t kNoiseStream = 1'000'000;
/// A request after such a pause brings a reading of its own: a tick, as in the daemon.
constexpr base::Duration kPause = std::chrono::milliseconds(500);

}  // namespace

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
  state.process = std::make_unique<ArrivalProcess>(state.arrivals, ArrivalRandom(seed_, client));
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
  const bool first = open_.empty() && (!last_end_ || time_.Now() - *last_end_ >= kPause);
  if (admitted && first) time_.Post([this] { manager_->OnRequest(); });
  if (admitted) open_[request.id] = trace_.requests.size();
  number_[trace_.requests.size()] = state.sent++;
  trace_.requests.push_back(record);
  ScheduleArrival(client);
  if (admitted) RunFree();
  ScheduleExpiry();
}

void Simulation::TakeRoutes(std::shared_ptr<const dispatch::RoutingTable> routes) {
  for (const auto& refusal : dispatcher_.SetRoutes(std::move(routes), time_.Now())) {
    EndRequest(refusal.outcome);
  }
  time_.Post([this] { RunFree(); });
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
  record.cluster = cluster;
  record.khz = machine_.khz(cluster);
  record.subnet = static_cast<std::size_t>(subnet - model.catalogue.data());
  record.accuracy = subnet->accuracy;
  Job job{.client = record.client,
          .work = emulator::WorkloadOf(*subnet),
          .noise = NoiseFactor(seed_, kNoiseStream + record.client, number_.at(index),
                               scenario_.service_noise)};
  // What runs instead, once the run is given up.
  const auto instead = std::make_shared<std::optional<dispatch::Work>>();
  std::shared_ptr<policies::LastChanceWatch> watch;
  if (work.last_chance) watch = std::make_shared<policies::LastChanceWatch>(*work.last_chance);
  job.done = [this, cluster, ran = work, instead, watch](base::Duration compute, bool ok) mutable {
    if (*instead) return BeginWork(cluster, **instead);
    if (watch) ran.foreseen_ms = watch->foreseen_ms();
    EndRequest(dispatcher_.Complete(ran, time_.Now(), compute, ok));
    time_.Post([this] { RunFree(); });
  };
  if (watch) {
    job.ask_after = base::FromMs(work.last_chance->LookAfterMs());
    job.ask_every = base::FromMs(work.last_chance->PauseMs());
    job.go_on = [this, work, instead, watch](base::Duration elapsed, double share) {
      if (!watch->GiveUp(base::ToMs(elapsed), share)) return true;
      const base::Duration projected = base::FromMs(watch->projected_ms());
      *instead = dispatcher_.Restart(work, time_.Now(), elapsed, projected);
      return !instead->has_value();
    };
  }
  machine_.Begin(cluster, std::move(job));
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
    case Outcome::Kind::kRefused:
      record.end = End::kRefused;
      break;
  }
  record.response_ms = (Now() - record.scheduled_s) * 1e3;
  record.compute_ms = base::ToMs(outcome.compute);
  record.restarted = outcome.restarted;
  number_.erase(found->second);
  open_.erase(found);
  last_end_ = time_.Now();
  outcomes_.Push(outcome);
  if (outcome.missed || outcome.restarted) time_.Post([this] { manager_->OnMiss(); });
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

void Simulation::Change(const RequirementChange& change) {
  ClientState& state = clients_[change.client];
  policies::Requirement& requirement = state.requirement;
  ApplyChange(change, &requirement);
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

}  // namespace dynofa::scenario
