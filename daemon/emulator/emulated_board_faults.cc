// Writes to the knobs of an emulated board, and the faults of its script.

#include <algorithm>
#include <cerrno>
#include <limits>
#include <utility>

#include "absl/strings/match.h"
#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/emulator/emulated_board.h"

namespace dynofa::emulator {
namespace {

// How often a blocked write looks at the time, if its fault ends by time: no one else may be there
// to tell it.
constexpr auto kBlockPoll = std::chrono::milliseconds(2);

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  return text;
}

// A whole number as the kernel's "%u" takes it: what is above 32 bits is lost.
std::optional<std::uint32_t> Unsigned(std::string_view text) {
  if (text.empty()) return std::nullopt;
  std::uint32_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<std::uint32_t>(c - '0');
  }
  return value;
}

template <typename Model>
std::size_t IndexOf(const std::vector<Model>& models, std::string Model::*name,
                    const std::string& wanted) {
  return static_cast<std::size_t>(
      std::find_if(models.begin(), models.end(),
                   [&](const Model& model) { return model.*name == wanted; }) -
      models.begin());
}

}  // namespace

int EmulatedBoard::Parse(const ClusterModel& model, Knob knob, std::string_view text,
                         Knobs& knobs) {
  const std::string_view value = Trimmed(text);
  if (knob == Knob::kGovernor) {
    // The kernel does not look at the case.
    const auto found = std::find_if(
        model.governors.begin(), model.governors.end(),
        [&](const std::string& name) { return absl::EqualsIgnoreCase(name, base::ToAbsl(value)); });
    if (found == model.governors.end()) return EINVAL;
    knobs.governor = *found;
    return 0;
  }
  const std::optional<std::uint32_t> khz = Unsigned(value);
  if (!khz) return EINVAL;
  (knob == Knob::kMin ? knobs.limits.min_khz : knobs.limits.max_khz) = *khz;
  return 0;
}

void EmulatedBoard::Take(ClusterState& state, Knob knob, const Knobs& knobs) {
  if (knob == Knob::kGovernor) state.knobs.governor = knobs.governor;
  if (knob == Knob::kMin) state.knobs.limits.min_khz = knobs.limits.min_khz;
  if (knob == Knob::kMax) state.knobs.limits.max_khz = knobs.limits.max_khz;
  Settle(state, false);
}

int EmulatedBoard::WriteKnob(std::string_view cluster, Knob knob, std::string_view text) {
  std::unique_lock lock(mutex_);
  AdvanceLocked();
  ClusterState* state = FindLocked(cluster);
  if (state == nullptr) return ENOENT;
  const FaultPlan::Fate fate = plan_.OnWrite(cluster, knob, now_);
  if (fate.blocks) AwaitBlock(lock, *state, fate);
  const Presence presence = PresenceLocked(*state);
  const auto& hidden = presence.hidden;
  Knobs knobs = state->knobs;
  int error = fate.error;
  if (std::find(hidden.begin(), hidden.end(), knob) != hidden.end()) error = ENOENT;
  if (state->away) error = ENODEV;
  if (error == 0) error = Parse(*state->model, knob, text, knobs);
  if (error == 0 && fate.clamp_khz > 0) {
    knobs.limits.max_khz = std::min(knobs.limits.max_khz, fate.clamp_khz);
  }
  if (error == 0 && fate.late > base::Duration::zero()) {
    late_.push_back({now_ + fate.late, state, knobs, knob});
  } else if (error == 0) {
    Take(*state, knob, knobs);
  }
  // What begins after this write.
  AdvanceLocked();
  return error;
}

void EmulatedBoard::AwaitBlock(std::unique_lock<std::mutex>& lock, ClusterState& state,
                               const FaultPlan::Fate& fate) {
  const std::int64_t script = scripts_;
  ++state.blocked;
  const auto over = [&] {
    return scripts_ != script || (fate.blocks_until && clock_.Now() >= *fate.blocks_until);
  };
  if (fate.blocks_until) {
    while (!over()) script_changed_.wait_for(lock, kBlockPoll);
  } else {
    script_changed_.wait(lock, over);
  }
  --state.blocked;
  AdvanceLocked();
}

absl::Status EmulatedBoard::SetFaults(std::vector<Fault> faults) {
  DYNOFA_RETURN_IF_ERROR(CheckFaults(model_, faults));
  std::lock_guard lock(mutex_);
  AdvanceLocked();
  for (const Fault* fault : plan_.Active()) End(*fault);
  plan_ = FaultPlan(std::move(faults), now_);
  ++scripts_;
  script_changed_.notify_all();
  AdvanceLocked();
  return absl::OkStatus();
}

std::optional<base::TimePoint> EmulatedBoard::NextEvent() const {
  std::optional<base::TimePoint> next = plan_.NextChange();
  for (const LateWrite& write : late_) {
    if (!next || write.due < *next) next = write.due;
  }
  return next;
}

void EmulatedBoard::TakeEvents() {
  std::vector<LateWrite> due;
  for (std::size_t i = 0; i < late_.size();) {
    if (late_[i].due > now_) {
      ++i;
      continue;
    }
    due.push_back(late_[i]);
    late_.erase(late_.begin() + static_cast<std::ptrdiff_t>(i));
  }
  std::stable_sort(due.begin(), due.end(),
                   [](const LateWrite& a, const LateWrite& b) { return a.due < b.due; });
  for (const LateWrite& write : due) Take(*write.state, write.knob, write.knobs);
  const FaultPlan::Changes changes = plan_.Take(now_);
  for (const Fault* fault : changes.begun) Begin(*fault);
  for (const Fault* fault : changes.ended) End(*fault);
}

void EmulatedBoard::Begin(const Fault& fault) {
  ClusterState* state = FindLocked(fault.cluster);
  const std::size_t zone = IndexOf(model_.zones, &ZoneModel::type, fault.zone);
  const std::size_t rail = IndexOf(model_.rails, &RailModel::name, fault.rail);
  switch (fault.kind) {
    case FaultKind::kStale:
      if (state != nullptr) state->stale = ReadCluster(*state);
      if (zone < stale_c_.size()) stale_c_[zone] = temperatures_[zone];
      if (rail < stale_w_.size()) stale_w_[rail] = RailPower(model_.rails[rail]);
      return;
    case FaultKind::kTrip:
      held_c_[zone] = temperatures_[zone] = fault.celsius;
      return;
    case FaultKind::kForeign:
      if (!fault.governor.empty()) state->knobs.governor = fault.governor;
      if (fault.min_khz > 0) state->knobs.limits.min_khz = fault.min_khz;
      if (fault.max_khz > 0) state->knobs.limits.max_khz = fault.max_khz;
      Settle(*state, false);
      return;
    case FaultKind::kAway:
      state->away = true;
      return;
    default:
      return;
  }
}

void EmulatedBoard::End(const Fault& fault) {
  ClusterState* state = FindLocked(fault.cluster);
  const std::size_t zone = IndexOf(model_.zones, &ZoneModel::type, fault.zone);
  const std::size_t rail = IndexOf(model_.rails, &RailModel::name, fault.rail);
  switch (fault.kind) {
    case FaultKind::kStale:
      if (state != nullptr) state->stale.reset();
      if (zone < stale_c_.size()) stale_c_[zone].reset();
      if (rail < stale_w_.size()) stale_w_[rail].reset();
      return;
    case FaultKind::kTrip:
      held_c_[zone].reset();
      return;
    case FaultKind::kAway:
      state->away = false;
      if (fault.index >= 0 && state->policy >= 0) state->policy = fault.index;
      if (fault.reset) {
        state->knobs = {state->model->default_governor,
                        {state->model->default_min_khz, state->model->default_max_khz}};
      }
      Settle(*state, true);
      return;
    default:
      return;
  }
}

bool EmulatedBoard::IsHidden(std::string Fault::*what, const std::string& name) const {
  const std::vector<const Fault*> active = plan_.Active();
  return std::any_of(active.begin(), active.end(), [&](const Fault* fault) {
    return fault->kind == FaultKind::kHide && fault->*what == name;
  });
}

EmulatedBoard::Presence EmulatedBoard::PresenceLocked(const ClusterState& state) const {
  Presence presence;
  presence.present = !state.away;
  presence.policy = state.policy;
  for (const Fault* fault : plan_.Active()) {
    if (fault->kind != FaultKind::kHide || fault->cluster != state.model->id) continue;
    for (const Knob knob : {Knob::kGovernor, Knob::kMin, Knob::kMax}) {
      if (!fault->knob || *fault->knob == knob) presence.hidden.push_back(knob);
    }
  }
  return presence;
}

EmulatedBoard::Presence EmulatedBoard::PresenceOf(std::string_view cluster) {
  std::lock_guard lock(mutex_);
  AdvanceLocked();
  const ClusterState* state = FindLocked(cluster);
  if (state != nullptr) return PresenceLocked(*state);
  return {.present = false, .policy = -1, .hidden = {}};
}

}  // namespace dynofa::emulator
