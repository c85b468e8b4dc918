#include "daemon/emulator/emulated_driver.h"

#include <algorithm>
#include <utility>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/emulator/board_file.h"

namespace dynofa::emulator {
namespace {

policies::ClusterInfo InfoOf(const ClusterModel& model, int host_cpu) {
  policies::ClusterInfo info;
  info.id = model.id;
  info.kind = model.kind;
  info.host_cpus = {host_cpu};
  info.cores = model.cores;
  info.frequencies_khz = model.frequencies_khz;
  info.governors = model.governors;
  info.writable = true;
  return info;
}

hardware::BoardInfo MakeInfo(const BoardModel& model, int host_cpus) {
  hardware::BoardInfo info;
  info.name = base::StrCat(model.name, " (emulated)");
  info.emulated_model = BoardLabel(model);
  info.emulated_board = model.file_text;
  info.vendor_modes = model.modes;
  std::string mapping;
  for (std::size_t i = 0; i < model.clusters.size(); ++i) {
    const int cpu = static_cast<int>(i) % std::max(host_cpus, 1);
    info.clusters.push_back(InfoOf(model.clusters[i], cpu));
    mapping += base::StrCat(i == 0 ? "" : ", ", model.clusters[i].id, " on host CPU ", cpu);
  }
  info.notes = {"times, power and heat come from a model of the board, not from this machine",
                base::StrCat("inference runs on this machine: ", mapping)};
  return info;
}

const hardware::ClusterReading* Find(const hardware::BoardReading& reading,
                                     const std::string& cluster) {
  for (const hardware::ClusterReading& entry : reading.clusters) {
    if (entry.cluster == cluster) return &entry;
  }
  return nullptr;
}

// Whether a knob's value follows from what was asked for or read back.
template <typename Value, typename Knobs>
bool Ours(const Value& (*of)(const Knobs&), const Knobs& present, const Knobs& asked,
          const Knobs& settled) {
  return of(present) == of(asked) || of(present) == of(settled);
}

const std::string& Governor(const EmulatedBoard::Knobs& knobs) { return knobs.governor; }
const std::int64_t& Min(const EmulatedBoard::Knobs& knobs) { return knobs.limits.min_khz; }
const std::int64_t& Max(const EmulatedBoard::Knobs& knobs) { return knobs.limits.max_khz; }

std::string TextOf(Knob knob, const EmulatedBoard::Knobs& knobs) {
  if (knob == Knob::kGovernor) return knobs.governor;
  return base::StrCat(knob == Knob::kMin ? knobs.limits.min_khz : knobs.limits.max_khz);
}

}  // namespace

EmulatedDriver::EmulatedDriver(EmulatedBoard& board, int host_cpus)
    : board_(board), info_(MakeInfo(board.model(), host_cpus)) {
  for (const ClusterModel& cluster : board.model().clusters) {
    owned_[cluster.id].baseline = *board.GetKnobs(cluster.id);
  }
}

hardware::ApplyResult EmulatedDriver::Apply(const std::vector<policies::ClusterSetting>& settings) {
  hardware::ApplyResult result;
  for (const policies::ClusterSetting& setting : settings) {
    result.outcomes.push_back(ApplyOne(setting));
  }
  return result;
}

void EmulatedDriver::Adopt(Owned& owned, const Knobs& present) {
  if (!owned.asked) return;
  if (!Ours(Governor, present, *owned.asked, *owned.settled)) {
    owned.baseline.governor = present.governor;
  }
  if (!Ours(Min, present, *owned.asked, *owned.settled)) {
    owned.baseline.limits.min_khz = present.limits.min_khz;
  }
  if (!Ours(Max, present, *owned.asked, *owned.settled)) {
    owned.baseline.limits.max_khz = owned.foreign_khz = present.limits.max_khz;
  }
}

hardware::SettingOutcome EmulatedDriver::ApplyOne(const policies::ClusterSetting& setting) {
  hardware::SettingOutcome outcome;
  outcome.cluster = setting.cluster;
  outcome.requested = setting;
  const auto found = owned_.find(setting.cluster);
  if (found == owned_.end()) {
    outcome.status = absl::NotFoundError(base::StrCat("no cluster ", setting.cluster));
    return outcome;
  }
  Owned& owned = found->second;
  std::lock_guard lock(owned.writing);
  // In use again: it is put back when that ends.
  SetLeft(owned, false);
  Adopt(owned, *board_.GetKnobs(setting.cluster));
  policies::ClusterSetting& wanted = outcome.requested;
  const bool negative = wanted.min_khz < 0 || wanted.max_khz < 0;
  if (wanted.governor.empty()) wanted.governor = board_.GetKnobs(setting.cluster)->governor;
  if (wanted.min_khz <= 0) wanted.min_khz = owned.baseline.limits.min_khz;
  if (wanted.max_khz <= 0) wanted.max_khz = owned.baseline.limits.max_khz;
  Knobs knobs{wanted.governor, {wanted.min_khz, wanted.max_khz}};
  if (owned.foreign_khz > 0) {
    knobs.limits.max_khz = std::min(knobs.limits.max_khz, owned.foreign_khz);
  }
  outcome.status = negative ? absl::InvalidArgumentError("a frequency is negative")
                            : Write(setting.cluster, knobs, owned);
  const hardware::BoardReading reading = board_.Read();
  const hardware::ClusterReading* effective = Find(reading, setting.cluster);
  outcome.effective = {setting.cluster, effective->governor, effective->min_khz,
                       effective->max_khz};
  if (outcome.status.ok() && outcome.effective != wanted) {
    const bool foreign = owned.foreign_khz > 0 && effective->max_khz == owned.foreign_khz;
    outcome.limited_by = foreign                         ? "foreign-writer"
                         : effective->limited_by.empty() ? "clamped"
                                                         : effective->limited_by;
  }
  return outcome;
}

absl::Status EmulatedDriver::Write(const std::string& cluster, const Knobs& wanted, Owned& owned) {
  const Knobs before = *board_.GetKnobs(cluster);
  std::vector<Step> steps;
  const auto add = [&](Knob knob) {
    const std::string text = TextOf(knob, wanted);
    if (text != TextOf(knob, before)) steps.push_back({knob, text});
  };
  const bool max_first = hardware::WriteMaxFirst(before.limits, wanted.limits);
  add(Knob::kGovernor);
  add(max_first ? Knob::kMax : Knob::kMin);
  add(max_first ? Knob::kMin : Knob::kMax);
  // Also if a write fails and cannot be undone, what is there then is ours.
  owned.asked = wanted;
  owned.settled = before;
  DYNOFA_RETURN_IF_ERROR(Perform(cluster, steps, before));
  owned.settled = *board_.GetKnobs(cluster);
  return absl::OkStatus();
}

absl::Status EmulatedDriver::Perform(const std::string& cluster, const std::vector<Step>& steps,
                                     const Knobs& before) {
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const int error = board_.WriteKnob(cluster, steps[i].knob, steps[i].text);
    if (error == 0) continue;
    const absl::Status status = base::ErrnoStatus(
        error, base::StrCat(cluster, ": writing ", steps[i].text, " to ", KnobName(steps[i].knob)));
    while (i-- > 0) board_.WriteKnob(cluster, steps[i].knob, TextOf(steps[i].knob, before));
    return status;
  }
  return absl::OkStatus();
}

absl::StatusOr<hardware::BoardReading> EmulatedDriver::Read() {
  hardware::BoardReading reading = board_.Read();
  for (hardware::ClusterReading& entry : reading.clusters) {
    Owned& owned = owned_.at(entry.cluster);
    // Who writes now will know of it afterwards.
    std::unique_lock lock(owned.writing, std::try_to_lock);
    if (!lock.owns_lock() || !entry.available) continue;
    Adopt(owned, *board_.GetKnobs(entry.cluster));
    if (owned.foreign_khz == 0 || !entry.limited_by.empty()) continue;
    entry.limit_khz = owned.foreign_khz;
    entry.limited_by = "foreign-writer";
  }
  std::lock_guard lock(sensors_mutex_);
  sensors_.Look(board_.Now(), info_.clusters, reading);
  return reading;
}

absl::Status EmulatedDriver::ReleaseCluster(const std::string& cluster) {
  const auto found = owned_.find(cluster);
  if (found == owned_.end()) return absl::NotFoundError(base::StrCat("no cluster ", cluster));
  Owned& owned = found->second;
  std::lock_guard lock(owned.writing);
  absl::Status released = ReleaseOne(cluster, owned);
  SetLeft(owned, !released.ok());
  return released;
}

absl::Status EmulatedDriver::ReleaseOne(const std::string& cluster, Owned& owned) {
  if (!owned.asked) return absl::OkStatus();
  Adopt(owned, *board_.GetKnobs(cluster));
  DYNOFA_RETURN_IF_ERROR(Write(cluster, owned.baseline, owned));
  owned.asked.reset();
  owned.settled.reset();
  owned.foreign_khz = 0;
  return absl::OkStatus();
}

void EmulatedDriver::SetLeft(Owned& owned, bool left) {
  if (std::exchange(owned.left, left) != left) leftovers_ += left ? 1 : -1;
}

bool EmulatedDriver::HasLeftovers() { return leftovers_ > 0; }

void EmulatedDriver::RestoreLeftovers() {
  for (auto& [cluster, owned] : owned_) {
    std::unique_lock lock(owned.writing, std::try_to_lock);
    if (lock.owns_lock() && owned.left) SetLeft(owned, !ReleaseOne(cluster, owned).ok());
  }
}

void EmulatedDriver::ReportLoad(const std::vector<hardware::ClusterLoad>& loads) {
  {
    std::lock_guard lock(sensors_mutex_);
    sensors_.TakeLoads(loads);
  }
  board_.ReportLoad(loads);
}

}  // namespace dynofa::emulator
