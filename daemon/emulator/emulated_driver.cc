#include "daemon/emulator/emulated_driver.h"

#include <algorithm>
#include <utility>

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

EmulatedBoard::Knobs Wanted(const policies::ClusterSetting& setting,
                            const EmulatedBoard::Knobs& present,
                            const EmulatedBoard::Knobs& baseline) {
  EmulatedBoard::Knobs knobs = present;
  if (!setting.governor.empty()) knobs.governor = setting.governor;
  knobs.limits.min_khz = setting.min_khz > 0 ? setting.min_khz : baseline.limits.min_khz;
  knobs.limits.max_khz = setting.max_khz > 0 ? setting.max_khz : baseline.limits.max_khz;
  return knobs;
}

const hardware::ClusterReading* Find(const hardware::BoardReading& reading,
                                     const std::string& cluster) {
  for (const hardware::ClusterReading& entry : reading.clusters) {
    if (entry.cluster == cluster) return &entry;
  }
  return nullptr;
}

}  // namespace

EmulatedDriver::EmulatedDriver(EmulatedBoard& board, int host_cpus)
    : board_(board), info_(MakeInfo(board.model(), host_cpus)) {
  for (const ClusterModel& cluster : board.model().clusters) {
    baseline_[cluster.id] = *board.GetKnobs(cluster.id);
  }
}

hardware::ApplyResult EmulatedDriver::Apply(const std::vector<policies::ClusterSetting>& settings) {
  hardware::ApplyResult result;
  for (const policies::ClusterSetting& setting : settings) {
    result.outcomes.push_back(ApplyOne(setting));
  }
  return result;
}

hardware::SettingOutcome EmulatedDriver::ApplyOne(const policies::ClusterSetting& setting) {
  hardware::SettingOutcome outcome;
  outcome.cluster = setting.cluster;
  outcome.requested = setting;
  const Fault fault = AwaitFault(setting.cluster);
  const auto present = board_.GetKnobs(setting.cluster);
  if (!present.ok()) {
    outcome.status = present.status();
    return outcome;
  }
  EmulatedBoard::Knobs knobs = Wanted(setting, *present, baseline_.at(setting.cluster));
  outcome.requested.min_khz = knobs.limits.min_khz;
  outcome.requested.max_khz = knobs.limits.max_khz;
  outcome.requested.governor = knobs.governor;
  if (fault.clamp_khz > 0) knobs.limits.max_khz = std::min(knobs.limits.max_khz, fault.clamp_khz);
  outcome.status =
      fault.apply_error.ok() ? board_.SetKnobs(setting.cluster, knobs) : fault.apply_error;
  const hardware::BoardReading reading = board_.Read();
  const hardware::ClusterReading* effective = Find(reading, setting.cluster);
  outcome.effective = {setting.cluster, effective->governor, effective->min_khz,
                       effective->max_khz};
  if (outcome.status.ok() && outcome.effective != outcome.requested) {
    outcome.limited_by = effective->limited_by.empty() ? "clamped" : effective->limited_by;
  }
  return outcome;
}

absl::StatusOr<hardware::BoardReading> EmulatedDriver::Read() {
  hardware::BoardReading reading = board_.Read();
  std::lock_guard lock(mutex_);
  KeepStale(reading);
  last_reading_ = reading;
  return reading;
}

absl::Status EmulatedDriver::ReleaseCluster(const std::string& cluster) {
  const auto baseline = baseline_.find(cluster);
  if (baseline == baseline_.end()) {
    return absl::NotFoundError(base::StrCat("no cluster ", cluster));
  }
  AwaitFault(cluster);
  return board_.SetKnobs(cluster, baseline->second);
}

void EmulatedDriver::ReportLoad(const std::vector<hardware::ClusterLoad>& loads) {
  board_.ReportLoad(loads);
}

void EmulatedDriver::SetFault(const std::string& cluster, Fault fault) {
  std::lock_guard lock(mutex_);
  faults_[cluster] = std::move(fault);
  fault_changed_.notify_all();
}

Fault EmulatedDriver::AwaitFault(const std::string& cluster) {
  std::unique_lock lock(mutex_);
  fault_changed_.wait(lock, [&] { return !faults_[cluster].blocks; });
  return faults_[cluster];
}

void EmulatedDriver::KeepStale(hardware::BoardReading& reading) {
  for (hardware::ClusterReading& entry : reading.clusters) {
    if (!faults_[entry.cluster].stale) continue;
    if (const auto* old = Find(last_reading_, entry.cluster)) entry = *old;
  }
  for (hardware::ZoneReading& zone : reading.zones) {
    if (zone.cluster.empty() || !faults_[zone.cluster].stale) continue;
    for (const hardware::ZoneReading& old : last_reading_.zones) {
      if (old.type == zone.type && old.cluster == zone.cluster) zone = old;
    }
  }
}

}  // namespace dynofa::emulator
