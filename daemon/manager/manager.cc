#include "daemon/manager/manager.h"

#include <algorithm>
#include <utility>

#include "daemon/base/log.h"
#include "daemon/base/strings.h"
#include "policies/pooling.h"

namespace dynofa::manager {
namespace {

/// Do two decisions run the same subnets in the same places at the same clocks?
bool SameInEffect(const policies::Decision& a, const policies::Decision& b) {
  return a.settings == b.settings &&
         std::equal(a.assignments.begin(), a.assignments.end(), b.assignments.begin(),
                    b.assignments.end(), [](const auto& x, const auto& y) {
                      return x.session == y.session && x.feasible == y.feasible &&
                             x.served == y.served && x.point.subnet == y.point.subnet &&
                             x.point.cluster == y.point.cluster &&
                             x.point.threads == y.point.threads &&
                             x.point.frequency_khz == y.point.frequency_khz;
                    });
}

/// What went wrong when settings were applied; empty if all of them hold.
std::string TroubleOf(const absl::StatusOr<hardware::ApplyResult>& result) {
  if (!result.ok()) return std::string(result.status().message());
  for (const hardware::SettingOutcome& outcome : result->outcomes) {
    if (!outcome.status.ok()) return base::StrCat(outcome.cluster, ": ", outcome.status.message());
  }
  return "";
}

/// Pause before settings that failed are tried again.
constexpr base::Duration kSettingRetry = std::chrono::seconds(2);

/// How long to wait for a reading before another one is asked for.
constexpr base::Duration kReadPatience = std::chrono::seconds(1);

/// Least time between two decisions for missed deadlines: an overload misses all the time.
constexpr base::Duration kMissPause = std::chrono::milliseconds(50);

/// What misses are judged by is at least so long: less says little of a rate.
constexpr base::Duration kLeastObserved = std::chrono::milliseconds(200);

}  // namespace

absl::StatusOr<std::unique_ptr<Manager>> Manager::Create(ManagerOptions options,
                                                         ManagerDependencies dependencies) {
  if (dependencies.models.empty()) {
    return absl::InvalidArgumentError("no model is hosted; name at least one in [[model]]");
  }
  auto manager = std::unique_ptr<Manager>(new Manager(std::move(options), std::move(dependencies)));
  if (manager->FindMode(manager->mode_) == nullptr) {
    return absl::InvalidArgumentError(base::StrCat("unknown power mode '", manager->mode_,
                                                   "'; there are: ", manager->ModeNames()));
  }
  return manager;
}

Manager::Manager(ManagerOptions options, ManagerDependencies dependencies)
    : options_(std::move(options)),
      world_(std::move(dependencies)),
      started_(world_.clock.Now()),
      modes_(options_.power_modes),
      mode_(options_.power_mode),
      sessions_(options_.limits_of),
      clusters_(world_.slowdowns),
      profiler_(world_.clock, world_.runner, world_.measure, world_.profiles, world_.models,
                world_.costs, ProfilerHooks()),
      window_start_(started_),
      observed_(started_),
      misses_taken_up_(started_ - kMissPause),
      self_(std::make_shared<Manager*>(this)) {}

Profiler::Hooks Manager::ProfilerHooks() {
  return {
      .can_spare = [this](const std::string& cluster) { return CanSpare(cluster); },
      .replan =
          [this] {
            // What the profile asks for must reach the board even if it is the same as before.
            applied_.clear();
            Decide();
          },
      .on_costs =
          [this] {
            clusters_.RestartSlowdowns();
            AdoptCosts();
            Decide();
          },
      .can_measure_power =
          [this] {
            return board_ != nullptr && last_reading_.board_power_w > 0.0 && sessions_.size() == 0;
          },
      .read_power = [this](auto done) { ReadPower(std::move(done)); },
      .report_busy =
          [this](const std::string& cluster, bool busy) {
            // Real hardware is told at the end of a tick: of all clusters, and of a whole window.
            if (board_ == nullptr || emulated_board_.empty()) return;
            board_->ReportLoad({{cluster, busy ? 1.0 : 0.0}});
          },
  };
}

void Manager::AttachBoard(std::unique_ptr<hardware::Board> board) {
  board_ = std::move(board);
  applying_ = 0;
  NoteQuiet();
  const hardware::BoardInfo& info = board_->info();
  board_info_ = std::make_shared<hardware::BoardInfo>(info);
  emulated_board_ = info.emulated_model;
  lost_board_.clear();
  reading_ = false;
  applied_.clear();
  modes_ = options_.power_modes;
  for (const policies::PowerMode& mode : info.vendor_modes) {
    if (FindMode(mode.name) == nullptr) modes_.push_back(mode);
  }
  if (FindMode(mode_) == nullptr) {
    base::LogWarning("power mode ", mode_, " is not one of ", info.name, "; back to ",
                     options_.power_mode);
    mode_ = options_.power_mode;
  }
  clusters_.SetBoard(info);
  profiler_.OnBoard(info);
  AdoptCosts();
  Decide();
  ReadBoard();
}

void Manager::AdoptCosts() {
  std::vector<policies::ClusterInfo> clusters;
  for (policies::ClusterState& state : clusters_.States(world_.clock.Now())) {
    if (RunsOn(state.info.id)) clusters.push_back(std::move(state.info));
  }
  auto points = std::make_shared<std::vector<policies::OperatingPoint>>();
  for (const HostedModel& model : world_.models) {
    const auto more = profiler_.costs().Points(model.info, clusters);
    points->insert(points->end(), more.begin(), more.end());
  }
  // Once for plans, routes and what runs are compared with.
  policies::PoolLatencies(*points);
  points_ = std::move(points);
  routes_ = std::make_unique<RouteBuilder>(*points_, *FindMode(mode_));
}

void Manager::LoseBoard(const std::string& why) {
  base::LogWarning("serving without knobs: ", why);
  lost_board_ = "serving without knobs: " + why;
  board_.reset();
  last_reading_ = {};
  applying_ = 0;
  NoteQuiet();
  clusters_.LoseBoard(why);
  profiler_.OnBoardLost(why);
  Decide();
}

void Manager::Start() { Tick(); }

void Manager::Stop(std::function<void(absl::Status)> done) {
  stopping_ = true;
  profiler_.Cancel().IgnoreError();
  if (board_ == nullptr) {
    done(absl::OkStatus());
    return;
  }
  board_->Release(std::move(done));
}

void Manager::Tick() {
  TakeOutcomes();
  const base::TimePoint now = world_.clock.Now();
  EndObservations();
  const base::Duration window = now - window_start_;
  if (window > base::Duration::zero()) {
    auto loads = clusters_.EndWindow(window);
    for (hardware::ClusterLoad& load : loads) {
      if (load.cluster != profiler_.taken()) continue;
      load.busy = profiler_.busy() ? 1.0 : 0.0;
      load.cpus = load.busy * CoresOf(load.cluster);
    }
    if (board_ != nullptr) board_->ReportLoad(loads);
    window_start_ = now;
  }
  for (const std::string& id : sessions_.ExpireLeases(now)) {
    base::LogInfo("session ", id, " ended: its lease ran out");
  }
  if (retry_settings_at_ && now >= *retry_settings_at_) {
    retry_settings_at_.reset();
    applied_.clear();
  }
  profiler_.OnTick();
  DecideAndRead();
  world_.on_tick();
  TickWithin(TickPeriod());
  served_ = false;
}

base::Duration Manager::TickPeriod() const {
  if (served_ || world_.serving() || profiler_.active()) return options_.tick;
  if (sessions_.size() == 0) return options_.empty_tick;
  const auto lease_end = sessions_.NextLeaseEnd();
  if (!lease_end) return options_.idle_tick;
  const base::Duration lease = *lease_end - world_.clock.Now();
  return std::max(options_.tick, std::min(options_.idle_tick, lease));
}

void Manager::TickWithin(base::Duration delay) {
  const base::TimePoint due = world_.clock.Now() + delay;
  if (next_tick_ && *next_tick_ <= due) return;
  next_tick_ = due;
  world_.runner.PostDelayed(delay, [self = std::weak_ptr(self_), due] {
    auto manager = self.lock();
    // Another one may have been planned to come before.
    if (!manager || (*manager)->next_tick_ != due) return;
    (*manager)->next_tick_.reset();
    (*manager)->Tick();
  });
}

int Manager::CoresOf(const std::string& cluster) const {
  for (const policies::ClusterInfo& info : board_info_->clusters) {
    if (info.id == cluster) return info.cores;
  }
  return 0;
}

void Manager::TakeOutcomes() {
  while (auto outcome = world_.outcomes.Pop()) {
    served_ = true;
    sessions_.Observe(*outcome);
    clusters_.Observe(*outcome);
    base_power_.Observe(*outcome);
  }
}

void Manager::ReadBoard() {
  const base::TimePoint now = world_.clock.Now();
  // One that hangs is answered at the latest when another one is asked for.
  if (board_ == nullptr || (reading_ && now - read_asked_ < kReadPatience)) return;
  reading_ = true;
  read_asked_ = now;
  board_->Read([self = std::weak_ptr(self_), now](absl::StatusOr<hardware::BoardReading> reading) {
    auto manager = self.lock();
    if (!manager) return;
    (*manager)->reading_ = false;
    if (reading.ok()) return (*manager)->TakeReading(*std::move(reading), now);
    base::LogWarning("reading the board failed: ", base::FromAbsl(reading.status().message()));
    (*manager)->PublishStatus();
  });
}

void Manager::TakeReading(hardware::BoardReading reading, base::TimePoint asked) {
  last_reading_ = std::move(reading);
  const bool other_conditions = clusters_.Update(last_reading_);
  base_power_.Update(last_reading_, asked);
  world_.on_reading(last_reading_);
  profiler_.OnReading(last_reading_);
  TakeUpOtherActors();
  if (MustApplyAgain()) applied_.clear();
  if (other_conditions) return Decide();
  PublishRoutes();
  PublishStatus();
}

void Manager::OnMiss() {
  if (stopping_ || misses_wait_) return;
  const base::Duration since = world_.clock.Now() - misses_taken_up_;
  if (since >= kMissPause) return TakeUpMisses();
  misses_wait_ = true;
  world_.runner.PostDelayed(kMissPause - since, [self = std::weak_ptr(self_)] {
    if (auto manager = self.lock()) (*manager)->TakeUpMisses();
  });
}

void Manager::OnRequest() {
  const bool slow = next_tick_ && *next_tick_ > world_.clock.Now() + options_.tick;
  if (stopping_ || !slow) return;
  ReadBoard();
  TickWithin(options_.tick);
}

void Manager::EndObservations() {
  const base::TimePoint now = world_.clock.Now();
  if (now > observed_) sessions_.EndWindow(now - observed_);
  observed_ = now;
}

void Manager::TakeUpMisses() {
  misses_wait_ = false;
  misses_taken_up_ = world_.clock.Now();
  TakeOutcomes();
  if (misses_taken_up_ - observed_ >= kLeastObserved) EndObservations();
  DecideAndRead();
}

void Manager::ReadPower(std::function<void(std::optional<double>)> done) {
  if (board_ == nullptr) return done(std::nullopt);
  board_->Read([done = std::move(done)](const absl::StatusOr<hardware::BoardReading>& reading) {
    const bool known = reading.ok() && reading->board_power_w > 0.0;
    done(known ? std::optional(reading->board_power_w) : std::nullopt);
  });
}

absl::Status Manager::CanSpare(const std::string& cluster) const {
  if (sessions_.size() == 0) return absl::OkStatus();
  policies::Snapshot snapshot = TakeSnapshot();
  const auto decide_with = [&](bool available) {
    for (policies::ClusterState& state : snapshot.clusters) {
      if (state.info.id == cluster) state.available = available;
    }
    return world_.policy->Decide(snapshot);
  };
  const policies::Decision without = decide_with(false);
  const policies::Decision with = decide_with(true);
  for (const SessionView& session : sessions_.Views()) {
    const policies::Assignment* served = with.Find(session.id);
    const policies::Assignment* left = without.Find(session.id);
    if (served == nullptr || (left != nullptr && left->feasible >= served->feasible)) continue;
    return absl::FailedPreconditionError(base::StrCat(
        "session ", session.id, session.client_name.empty() ? "" : " of ", session.client_name,
        " cannot be served without ", cluster, " as it is with it"));
  }
  return absl::OkStatus();
}

policies::Snapshot Manager::TakeSnapshot() const {
  policies::Snapshot snapshot;
  snapshot.time_s = base::ToSeconds(world_.clock.Now() - started_);
  snapshot.observed_at_s = base::ToSeconds(observed_ - started_);
  snapshot.mode = *FindMode(mode_);
  snapshot.clusters = clusters_.States(world_.clock.Now());
  for (policies::ClusterState& cluster : snapshot.clusters) {
    if (cluster.info.id != profiler_.taken()) continue;
    cluster.available = false;
    cluster.unavailable_because = "its profile is being measured";
  }
  snapshot.base_power_w = base_power_.watt();
  snapshot.sessions = sessions_.States();
  for (const HostedModel& model : world_.models) {
    policies::SessionState standby;
    standby.id = RouteBuilder::kStandbyPrefix + model.info.name;
    standby.model = model.info.name;
    standby.requirement.priority = policies::kLowestPriority;
    standby.standby = true;
    snapshot.sessions.push_back(std::move(standby));
  }
  snapshot.points = points_;
  snapshot.current = decision_;
  return snapshot;
}

bool Manager::Choose() {
  if (stopping_ || points_ == nullptr) return false;
  profiler_.OnDemand();
  policies::Decision decision = world_.policy->Decide(TakeSnapshot());
  const bool changed = decision_number_ == 0 || !SameInEffect(decision, decision_);
  Adopt(std::move(decision));
  if (changed) ++decision_number_;
  ApplySettings();
  PublishRoutes();
  return changed;
}

void Manager::Adopt(policies::Decision decision) {
  const base::TimePoint now = world_.clock.Now();
  const bool at_once = mode_ != decided_in_ || FindMode(mode_)->max_power_w;
  if (at_once || !world_.serving()) {
    keeper_.LetGo();
  } else {
    keeper_.OnDecision(decision_, decision, now);
  }
  decision_ = std::move(decision);
  decided_in_ = mode_;
  const auto next = keeper_.Next(now);
  if (!next) return;
  world_.runner.PostDelayed(*next - now, [self = std::weak_ptr(self_)] {
    if (auto manager = self.lock()) (*manager)->ApplySettings();
  });
}

void Manager::Decide() {
  Choose();
  PublishStatus();
}

void Manager::DecideAndRead() {
  const bool reading_comes = board_ != nullptr && !reading_;
  if (Choose() || !reading_comes) PublishStatus();
  ReadBoard();
}

void Manager::DecideThen(std::function<void()> then) {
  waiting_.push_back(std::move(then));
  if (waiting_.size() > 1) return;
  world_.runner.Post([self = std::weak_ptr(self_)] {
    auto manager = self.lock();
    if (!manager) return;
    (*manager)->Decide();
    for (const auto& answer : std::exchange((*manager)->waiting_, {})) answer();
  });
}

void Manager::ApplySettings() {
  if (stopping_) return;
  std::vector<policies::ClusterSetting> settings = SettingsForNow();
  if (board_ == nullptr || asleep_ || settings == applied_) return;
  applied_ = std::move(settings);
  if (applied_.empty()) return;
  ++applying_;
  board_->Apply(applied_,
                [self = std::weak_ptr(self_)](absl::StatusOr<hardware::ApplyResult> result) {
                  auto manager = self.lock();
                  if (!manager) return;
                  Manager& me = **manager;
                  if (--me.applying_ == 0) me.NoteQuiet();
                  me.NoteTrouble(TroubleOf(result));
                  if (result.ok()) me.clusters_.Update(*result);
                  me.profiler_.OnApplied(result);
                  if (!result.ok()) return;
                  me.PublishRoutes();
                  me.PublishStatus();
                });
}

void Manager::NoteTrouble(const std::string& trouble) {
  if (!trouble.empty()) {
    if (trouble != trouble_) base::LogWarning("setting the knobs failed: ", trouble);
    retry_settings_at_ = world_.clock.Now() + kSettingRetry;
  }
  trouble_ = trouble;
}

void Manager::PublishRoutes() {
  if (stopping_ || routes_ == nullptr) return;
  auto routes = std::make_shared<const dispatch::RoutingTable>(
      routes_->Build(decision_, sessions_.Views(), clusters_.Frequencies()));
  if (routes_in_force_ != nullptr && *routes == *routes_in_force_) return;
  routes_in_force_ = routes;
  world_.publish_routes(std::move(routes));
}

const policies::PowerMode* Manager::FindMode(const std::string& name) const {
  auto found = std::find_if(modes_.begin(), modes_.end(),
                            [&](const policies::PowerMode& mode) { return mode.name == name; });
  return found == modes_.end() ? nullptr : &*found;
}

std::string Manager::ModeNames() const {
  std::string names;
  for (const policies::PowerMode& mode : modes_) names += (names.empty() ? "" : ", ") + mode.name;
  return names;
}

bool Manager::HasModel(const std::string& name) const {
  return std::any_of(world_.models.begin(), world_.models.end(),
                     [&](const HostedModel& model) { return model.info.name == name; });
}

void Manager::Answer(const absl::Status& status, const std::string& id,
                     const SessionDone& done) const {
  if (!status.ok()) {
    done(status);
  } else if (sessions_.Find(id) == nullptr) {
    done(absl::NotFoundError("the session has ended"));
  } else {
    done(ViewOf(id));
  }
}

}  // namespace dynofa::manager
