#include "daemon/emulator/fault_plan.h"

#include <algorithm>
#include <utility>

namespace dynofa::emulator {

FaultPlan::FaultPlan(std::vector<Fault> faults, base::TimePoint start) {
  for (Fault& fault : faults) {
    Entry entry;
    entry.begins = start + base::FromSeconds(fault.at_s);
    entry.by_time = fault.at_write == 0;
    entry.fault = std::move(fault);
    entries_.push_back(std::move(entry));
  }
}

std::optional<base::TimePoint> FaultPlan::EndOf(const Entry& entry) {
  if (entry.fault.for_s <= 0.0) return std::nullopt;
  return entry.begins + base::FromSeconds(entry.fault.for_s);
}

// Whether a fault of writes is about the write that was counted last.
bool FaultPlan::Touches(const Entry& entry, base::TimePoint now) const {
  const Fault& fault = entry.fault;
  if (!entry.by_time) {
    return entry.writes >= fault.at_write && entry.writes < fault.at_write + fault.writes;
  }
  const auto end = EndOf(entry);
  return now >= entry.begins && (!end || now < *end);
}

FaultPlan::Fate FaultPlan::OnWrite(std::string_view cluster, Knob knob, base::TimePoint now) {
  Fate fate;
  for (Entry& entry : entries_) {
    const Fault& fault = entry.fault;
    if (fault.cluster != cluster || (fault.knob && *fault.knob != knob)) continue;
    ++entry.writes;
    if (!IsOfWrites(fault.kind)) {
      if (!entry.by_time && entry.writes == fault.at_write) {
        entry.begins = now;
        entry.by_time = true;
      }
      continue;
    }
    if (!Touches(entry, now)) continue;
    switch (fault.kind) {
      case FaultKind::kRefuse:
        if (fate.error == 0) fate.error = fault.error;
        break;
      case FaultKind::kClamp:
        fate.clamp_khz = fate.clamp_khz == 0 ? fault.khz : std::min(fate.clamp_khz, fault.khz);
        break;
      case FaultKind::kLate:
        fate.late = std::max(fate.late, base::FromSeconds(fault.late_s));
        break;
      default:
        fate.blocks = true;
        fate.blocks_until = EndOf(entry);
        if (fate.blocks_until && !entry.by_time) {
          fate.blocks_until = now + base::FromSeconds(fault.for_s);
        }
        break;
    }
  }
  return fate;
}

std::optional<base::TimePoint> FaultPlan::NextChange() const {
  std::optional<base::TimePoint> next;
  for (const Entry& entry : entries_) {
    if (IsOfWrites(entry.fault.kind) || !entry.by_time || entry.stage == Stage::kOver) continue;
    const std::optional<base::TimePoint> change =
        entry.stage == Stage::kWaiting ? std::optional(entry.begins) : EndOf(entry);
    if (change && (!next || *change < *next)) next = change;
  }
  return next;
}

FaultPlan::Changes FaultPlan::Take(base::TimePoint now) {
  Changes changes;
  for (Entry& entry : entries_) {
    if (IsOfWrites(entry.fault.kind) || !entry.by_time) continue;
    if (entry.stage == Stage::kWaiting && now >= entry.begins) {
      // What another program writes is done at once.
      entry.stage = entry.fault.kind == FaultKind::kForeign ? Stage::kOver : Stage::kActive;
      changes.begun.push_back(&entry.fault);
    }
    const auto end = EndOf(entry);
    if (entry.stage == Stage::kActive && end && now >= *end) {
      entry.stage = Stage::kOver;
      changes.ended.push_back(&entry.fault);
    }
  }
  return changes;
}

std::vector<const Fault*> FaultPlan::Active() const {
  std::vector<const Fault*> active;
  for (const Entry& entry : entries_) {
    if (entry.stage == Stage::kActive) active.push_back(&entry.fault);
  }
  return active;
}

}  // namespace dynofa::emulator
