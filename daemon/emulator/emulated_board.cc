#include "daemon/emulator/emulated_board.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "daemon/base/strings.h"
#include "daemon/emulator/board_checks.h"
#include "daemon/emulator/governor.h"

namespace dynofa::emulator {
namespace {

// A board that nobody looked at for longer is in balance anyway.
constexpr double kLongestAdvanceS = 3600.0;

// What a governor does: the "powersave" of a processor that chooses its clock itself follows the
// load.
std::string_view Algorithm(const ClusterModel& model, const std::string& governor) {
  const bool own = model.driver == "intel_pstate" && governor == "powersave";
  return own ? std::string_view("schedutil") : governor;
}

}  // namespace

EmulatedBoard::EmulatedBoard(const BoardModel& model, const base::Clock& clock)
    : model_(model),
      clock_(clock),
      now_(clock.Now()),
      loads_reported_(now_),
      ambient_c_(model.ambient_c) {
  temperatures_.assign(model.zones.size(), ambient_c_);
  held_c_.resize(model.zones.size());
  stale_c_.resize(model.zones.size());
  stale_w_.resize(model.rails.size());
  rail_energy_j_.resize(model.rails.size());
  for (const ClusterModel& cluster : model.clusters) {
    ClusterState state;
    state.model = &cluster;
    state.knobs = {cluster.default_governor, {cluster.default_min_khz, cluster.default_max_khz}};
    state.khz = cluster.default_min_khz;
    state.reported = state.sampled = now_;
    state.policy = FirstCpu(cluster.id);
    clusters_.push_back(std::move(state));
  }
  for (ClusterState& state : clusters_) Settle(state, true);
  for (std::size_t zone = 0; zone < temperatures_.size(); ++zone) {
    temperatures_[zone] = ZoneTarget(zone);
  }
}

EmulatedBoard::ClusterState* EmulatedBoard::FindLocked(std::string_view cluster) {
  for (ClusterState& state : clusters_) {
    if (state.model->id == cluster) return &state;
  }
  return nullptr;
}

absl::StatusOr<EmulatedBoard::Knobs> EmulatedBoard::GetKnobs(std::string_view cluster) {
  std::lock_guard lock(mutex_);
  // Knobs change by themselves only when a fault says so.
  if (NextEvent()) AdvanceLocked();
  const ClusterState* state = FindLocked(cluster);
  if (state == nullptr) return absl::NotFoundError(base::StrCat("no cluster ", cluster));
  return state->knobs;
}

absl::Status EmulatedBoard::SetKnobs(std::string_view cluster, const Knobs& knobs) {
  std::lock_guard lock(mutex_);
  AdvanceLocked();
  ClusterState* state = FindLocked(cluster);
  if (state == nullptr) return absl::NotFoundError(base::StrCat("no cluster ", cluster));
  const auto& governors = state->model->governors;
  if (std::find(governors.begin(), governors.end(), knobs.governor) == governors.end()) {
    return absl::InvalidArgumentError(
        base::StrCat(cluster, ": no governor \"", knobs.governor, "\""));
  }
  if (knobs.limits.min_khz < 0 || knobs.limits.max_khz < 0) {
    return absl::InvalidArgumentError(base::StrCat(cluster, ": a frequency is negative"));
  }
  state->knobs = knobs;
  Settle(*state, false);
  return absl::OkStatus();
}

hardware::BoardReading EmulatedBoard::Read() {
  std::lock_guard lock(mutex_);
  AdvanceLocked();
  hardware::BoardReading reading;
  for (const ClusterState& state : clusters_) reading.clusters.push_back(ReadCluster(state));
  ReadZones(reading);
  ReadRails(reading);
  return reading;
}

void EmulatedBoard::ReadZones(hardware::BoardReading& reading) const {
  for (std::size_t zone = 0; zone < temperatures_.size(); ++zone) {
    const std::string& type = model_.zones[zone].type;
    if (IsHidden(&Fault::zone, type)) continue;
    const double celsius = stale_c_[zone].value_or(temperatures_[zone]);
    bool of_cluster = false;
    for (const ClusterState& state : clusters_) {
      if (state.model->zone != type) continue;
      reading.zones.push_back({type, state.model->id, celsius});
      of_cluster = true;
    }
    if (!of_cluster) reading.zones.push_back({type, "", celsius});
  }
}

void EmulatedBoard::ReadRails(hardware::BoardReading& reading) const {
  bool total = false;
  for (std::size_t i = 0; i < model_.rails.size(); ++i) {
    const RailModel& rail = model_.rails[i];
    if (IsHidden(&Fault::rail, rail.name)) continue;
    const double power = stale_w_[i].value_or(RailPower(rail));
    reading.rails.push_back({rail.name, power});
    if (!total) reading.board_power_w = rail.total ? power : reading.board_power_w + power;
    total = total || rail.total;
  }
  reading.board_power_over_s = base::ToSeconds(load_span_);
}

hardware::Limits EmulatedBoard::LimitsNow(std::string_view cluster) {
  std::lock_guard lock(mutex_);
  AdvanceLocked();
  const ClusterState& state = *FindLocked(cluster);
  if (state.stale) return {state.stale->min_khz, state.stale->max_khz};
  return LimitsOf(state);
}

std::int64_t EmulatedBoard::ClockKhz(std::string_view cluster) {
  std::lock_guard lock(mutex_);
  AdvanceLocked();
  const ClusterState& state = *FindLocked(cluster);
  return state.stale ? state.stale->frequency_khz : state.khz;
}

std::int64_t EmulatedBoard::CapNow(std::string_view cluster) {
  std::lock_guard lock(mutex_);
  AdvanceLocked();
  return CapKhz(*FindLocked(cluster));
}

std::optional<double> EmulatedBoard::RailPowerW(std::string_view rail) {
  for (const hardware::RailReading& reading : Read().rails) {
    if (reading.name == rail) return reading.power_w;
  }
  return std::nullopt;
}

double EmulatedBoard::RailEnergyJ(std::string_view rail) {
  std::lock_guard lock(mutex_);
  AdvanceLocked();
  for (std::size_t i = 0; i < model_.rails.size(); ++i) {
    if (model_.rails[i].name == rail) return rail_energy_j_[i];
  }
  return 0.0;
}

double EmulatedBoard::PowerW() {
  std::lock_guard lock(mutex_);
  AdvanceLocked();
  return TotalPower();
}

double EmulatedBoard::EnergyJ() {
  std::lock_guard lock(mutex_);
  AdvanceLocked();
  return energy_j_;
}

double EmulatedBoard::NeighboursJ() {
  std::lock_guard lock(mutex_);
  AdvanceLocked();
  return neighbours_j_;
}

void EmulatedBoard::ReportLoad(const std::vector<hardware::ClusterLoad>& loads) {
  std::lock_guard lock(mutex_);
  AdvanceLocked();
  load_span_ = now_ - std::exchange(loads_reported_, now_);
  for (const hardware::ClusterLoad& load : loads) {
    ClusterState* state = FindLocked(load.cluster);
    if (state == nullptr || !std::isfinite(load.busy)) continue;
    state->busy = std::clamp(load.busy, 0.0, 1.0);
    state->reported = now_;
    Settle(*state, true);
  }
}

absl::Status EmulatedBoard::SetForeignLoad(std::string_view cluster, double load) {
  if (!(load >= 0.0 && load <= 1.0)) {
    return absl::InvalidArgumentError(base::StrCat("a load of ", load, " is not in 0..1"));
  }
  std::lock_guard lock(mutex_);
  AdvanceLocked();
  ClusterState* state = FindLocked(cluster);
  if (state == nullptr) return absl::NotFoundError(base::StrCat("no cluster ", cluster));
  state->foreign_load = load;
  Settle(*state, true);
  return absl::OkStatus();
}

absl::Status EmulatedBoard::SetAmbient(double celsius) {
  if (!(celsius >= -40.0 && celsius <= 120.0)) {
    return absl::InvalidArgumentError(
        base::StrCat("an ambient temperature of ", celsius, " is not in -40..120"));
  }
  std::lock_guard lock(mutex_);
  AdvanceLocked();
  ambient_c_ = celsius;
  return absl::OkStatus();
}

std::int64_t EmulatedBoard::CapKhz(const ClusterState& state) const {
  const auto& table = state.model->frequencies_khz;
  return state.cap_steps == 0 ? 0 : table[table.size() - 1 - state.cap_steps];
}

hardware::Limits EmulatedBoard::LimitsOf(const ClusterState& state) const {
  return hardware::EffectiveLimits(state.knobs.limits, state.model->frequencies_khz, CapKhz(state));
}

double EmulatedBoard::TemperatureOf(const ClusterState& state) const {
  for (std::size_t zone = 0; zone < temperatures_.size(); ++zone) {
    if (model_.zones[zone].type == state.model->zone) return temperatures_[zone];
  }
  return ambient_c_;
}

double EmulatedBoard::PowerOf(const ClusterState& state) const {
  if (state.away) return 0.0;
  return IdlePowerW(*state.model, state.khz, TemperatureOf(state)) +
         ActivePowerW(*state.model, state.khz, state.busy + state.foreign_load);
}

double EmulatedBoard::RailPower(const RailModel& rail) const {
  if (rail.total) return TotalPower();
  double power = rail.constant_w;
  for (const ClusterState& state : clusters_) {
    const auto& on = rail.clusters;
    if (std::find(on.begin(), on.end(), state.model->id) != on.end()) power += PowerOf(state);
  }
  return power;
}

double EmulatedBoard::TotalPower() const {
  double power = model_.constant_w;
  for (const ClusterState& state : clusters_) power += PowerOf(state);
  for (const RailModel& rail : model_.rails) power += rail.constant_w;
  return power;
}

double EmulatedBoard::ZoneTarget(std::size_t zone) const {
  double own = 0.0;
  for (const ClusterState& state : clusters_) {
    if (state.model->zone == model_.zones[zone].type) own += PowerOf(state);
  }
  return ambient_c_ + model_.board_k_per_w * TotalPower() + model_.zones[zone].k_per_w * own;
}

void EmulatedBoard::Settle(ClusterState& state, bool sample) {
  const hardware::Limits limits = LimitsOf(state);
  const std::string_view governor = Algorithm(*state.model, state.knobs.governor);
  const bool steady = governor == "performance" || governor == "powersave";
  const bool due = base::ToSeconds(now_ - state.sampled) >= kGovernorRateLimitS;
  if (steady || (sample && due)) {
    const double utilisation = std::min(1.0, state.busy + state.foreign_load);
    state.khz = GovernorKhz(governor, utilisation, state.khz, limits, state.model->frequencies_khz);
    state.sampled = now_;
  }
  state.khz = std::clamp(state.khz, limits.min_khz, limits.max_khz);
}

void EmulatedBoard::AdvanceLocked() {
  const base::TimePoint target = std::max(clock_.Now(), now_);
  for (auto event = NextEvent(); event && *event <= target; event = NextEvent()) {
    AdvancePhysics(std::max(*event, now_));
    TakeEvents();
  }
  AdvancePhysics(target);
}

void EmulatedBoard::AdvancePhysics(base::TimePoint target) {
  const double whole = base::ToSeconds(target - now_);
  double left = std::min(whole, kLongestAdvanceS);
  const double in_balance = whole - left;
  now_ = target;
  for (ClusterState& state : clusters_) {
    if (state.busy > 0.0 && base::ToSeconds(now_ - state.reported) > kLoadLifetimeS) {
      state.busy = 0.0;
      Settle(state, true);
    }
  }
  while (left > 0.0) {
    const double step = std::min(left, model_.thermal_poll_s - since_poll_s_);
    StepHeat(step);
    left -= step;
    since_poll_s_ += step;
    if (since_poll_s_ >= model_.thermal_poll_s - 1e-9) {
      since_poll_s_ = 0.0;
      PollTrips();
    }
  }
  if (in_balance > 0.0) StepHeat(in_balance);
}

void EmulatedBoard::StepHeat(double seconds) {
  energy_j_ += TotalPower() * seconds;
  for (const ClusterState& state : clusters_) {
    if (state.away) continue;
    neighbours_j_ += ActivePowerW(*state.model, state.khz, state.foreign_load) * seconds;
  }
  for (std::size_t i = 0; i < model_.rails.size(); ++i) {
    rail_energy_j_[i] += RailPower(model_.rails[i]) * seconds;
  }
  for (std::size_t zone = 0; zone < temperatures_.size(); ++zone) {
    const double target = ZoneTarget(zone);
    const double decay = std::exp(-seconds / model_.zones[zone].tau_s);
    temperatures_[zone] = held_c_[zone].value_or(target + (temperatures_[zone] - target) * decay);
  }
}

void EmulatedBoard::PollTrips() {
  for (ClusterState& state : clusters_) {
    for (std::size_t zone = 0; zone < temperatures_.size(); ++zone) {
      const ZoneModel& model = model_.zones[zone];
      if (model.type != state.model->zone || model.trip_c <= 0.0) continue;
      const std::size_t most = state.model->frequencies_khz.size() - 1;
      if (temperatures_[zone] >= model.trip_c && state.cap_steps < most) ++state.cap_steps;
      if (temperatures_[zone] < model.trip_c - model.hysteresis_c && state.cap_steps > 0) {
        --state.cap_steps;
      }
      Settle(state, false);
    }
  }
}

hardware::ClusterReading EmulatedBoard::ReadCluster(const ClusterState& state) const {
  if (state.stale) return *state.stale;
  const hardware::Limits limits = LimitsOf(state);
  hardware::ClusterReading reading;
  reading.cluster = state.model->id;
  if (state.away || IsHidden(&Fault::cluster, state.model->id)) {
    reading.available = false;
    return reading;
  }
  reading.available = state.foreign_load < 1.0;
  reading.governor = state.knobs.governor;
  reading.min_khz = limits.min_khz;
  reading.max_khz = limits.max_khz;
  reading.frequency_khz = state.khz;
  reading.static_power_w = IdlePowerW(*state.model, state.khz, TemperatureOf(state));
  reading.foreign_load = state.foreign_load;
  reading.limit_khz = CapKhz(state);
  if (reading.limit_khz > 0 && reading.limit_khz < state.knobs.limits.max_khz) {
    reading.limited_by = "thermal";
  }
  if (state.blocked > 0) reading.limited_by = "stuck";
  return reading;
}

}  // namespace dynofa::emulator
