// What a cluster's knobs are put back to in the end: how they were found, and what somebody else
// has set since.

#include <algorithm>
#include <utility>

#include "daemon/base/log.h"
#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/hardware/journal/restore_rule.h"
#include "daemon/hardware/sysfs/clock_cluster.h"

namespace dynofa::hardware::sysfs {

using journal::KnobRecord;
using journal::Trimmed;

namespace {

constexpr int kRestoreAttempts = 4;
constexpr base::Duration kRestorePause = std::chrono::milliseconds(2);

}  // namespace

// A cap that is active at the first write hides the request that was in force, and the kernel has
// no way to ask for it. The hardware's maximum, the kernel's own default, is then put back.
std::string ClockCluster::BaselineOf(const std::string& knob, const Present& present,
                                     const Records& records) {
  for (const KnobRecord& record : records) {
    if (record.knob == knob) return record.baseline;
  }
  if (knob == device_.max && present.limits.max_khz < device_.hardware_max_khz && !Cap().empty()) {
    base::LogWarning(info().id, ": a cap (", Cap(), ") hides the original ", device_.max, "; ",
                     device_.hardware_max_khz, " will be put back");
    return device_.unit.Format(device_.hardware_max_khz) + "\n";
  }
  return std::string(Raw(present, knob));
}

bool ClockCluster::Explained(const KnobRecord& record, const Present& present, bool capped) const {
  const journal::Disguise disguise{
      .capped = capped && record.knob != device_.governor,
      .follows = record.knob == device_.min ? std::string_view(present.max) : std::string_view()};
  return MayRestore(record, Raw(present, record.knob), disguise);
}

bool ClockCluster::Explained(const Records& records, const Present& present) {
  const bool capped = !Cap().empty();
  return std::all_of(records.begin(), records.end(), [&](const KnobRecord& record) {
    return !IsKnob(record.knob) || Explained(record, present, capped);
  });
}

void ClockCluster::Adopt(const Present& present, Records& records) {
  const bool capped = !cap_.empty();
  for (KnobRecord& record : records) {
    if (!IsKnob(record.knob)) continue;
    const bool explained = Explained(record, present, capped);
    if (explained && !Reverted(record.knob, present, capped)) continue;
    NoteForeign(record, present);
    if (explained) continue;
    record.baseline = BaselineOf(record.knob, present, {});
    // The one value that a cap may hide from now on.
    record.ours = {std::string(Trimmed(record.baseline))};
    base::LogInfo(info().id, ": somebody else has set ", record.knob, " to \"",
                  Trimmed(Raw(present, record.knob)), "\": this will be put back");
  }
}

bool ClockCluster::Reverted(const std::string& knob, const Present& present, bool capped) const {
  if (knob == device_.governor) {
    return !last_governor_.empty() && Trimmed(present.governor) != last_governor_;
  }
  if (last_asked_ == Limits{}) return false;
  const Limits expected = Expected(last_asked_);
  if (knob == device_.max) {
    const std::int64_t max = present.limits.max_khz;
    return max != last_settled_.max_khz && max != expected.max_khz &&
           !(capped && max < expected.max_khz);
  }
  const std::int64_t min = present.limits.min_khz;
  const bool follows = min == present.limits.max_khz && min < expected.min_khz;
  return min != last_settled_.min_khz && min != expected.min_khz && !follows;
}

void ClockCluster::NoteForeign(const KnobRecord& record, const Present& present) {
  const std::string value(Trimmed(Raw(present, record.knob)));
  Foreign& foreign = foreign_[record.knob];
  if (foreign.seen == value) return;
  if (foreign.times == 0) foreign.before = Trimmed(record.baseline);
  const bool given_back = foreign.times > 0 && !foreign.given_back &&
                          foreign.value != foreign.before && value == foreign.before;
  foreign.value = value;
  if (given_back) {
    foreign = {.before = value, .value = value, .given_back = true};
    if (record.knob == device_.governor) last_governor_.clear();
    return;
  }
  ++foreign.times;
  foreign.seen = value;
  if (IsLeft(record.knob)) {
    base::LogWarning(info().id, ": ", record.knob, " is left to whoever sets it to \"", value,
                     "\"");
  }
}

bool ClockCluster::IsLeft(const std::string& knob) const {
  const auto found = foreign_.find(knob);
  // One who lowers a maximum once sets a limit, below which it can still be used.
  const bool once_more =
      knob == device_.max || world_.foreign_writers == ForeignWriters::kTakeBackOnce;
  return found != foreign_.end() && found->second.times > (once_more ? 1 : 0);
}

bool ClockCluster::MayTakeBack(const std::string& knob) const {
  const auto found = foreign_.find(knob);
  return world_.foreign_writers == ForeignWriters::kTakeBackOnce &&
         (found == foreign_.end() || found->second.times == 0);
}

bool ClockCluster::MayTakeBackAny(const Present& present) {
  const bool capped = !Cap().empty();
  const Records records = journal_.Find(device_.identity);
  return std::any_of(records.begin(), records.end(), [&](const KnobRecord& record) {
    return IsKnob(record.knob) && MayTakeBack(record.knob) &&
           (!Explained(record, present, capped) || Reverted(record.knob, present, capped));
  });
}

bool ClockCluster::SetByOthers(const Present& present) const {
  const bool governor = Reverted(device_.governor, present, false);
  const bool limits = last_asked_ != Limits{} && present.limits != last_settled_ &&
                      present.limits != Expected(last_asked_);
  return governor || limits;
}

bool ClockCluster::LeavesAny() const {
  return IsLeft(device_.governor) || IsLeft(device_.min) || IsLeft(device_.max);
}

void ClockCluster::Reattach(ClockDevice device) {
  device_ = std::move(device);
  BeginAnew();
}

void ClockCluster::BeginAnew() {
  last_asked_ = last_settled_ = Limits{};
  last_governor_.clear();
  cap_khz_ = foreign_khz_ = 0;
  foreign_.clear();
  Records records = journal_.Find(device_.identity);
  const absl::StatusOr<Present> present = ReadPresent();
  if (records.empty() || !present.ok()) return;
  forgotten_ = true;
  // What the kernel starts with is nobody's setting: it does not keep the baseline from going back.
  for (KnobRecord& record : records) {
    if (IsKnob(record.knob)) AddOwn(record, Trimmed(Raw(*present, record.knob)));
  }
  const absl::Status stored = journal_.Replace(device_.identity, std::move(records));
  if (!stored.ok()) base::LogError(info().id, ": ", base::FromAbsl(stored.message()));
}

ClockCluster::Records ClockCluster::Restorable(const Records& records, const Present& present) {
  const bool capped = !Cap().empty();
  Records restorable;
  for (const KnobRecord& record : records) {
    if (!IsKnob(record.knob)) continue;
    if (Explained(record, present, capped)) {
      restorable.push_back(record);
    } else {
      base::LogWarning(info().id, ": ", record.knob, " is \"", Trimmed(Raw(present, record.knob)),
                       "\", which somebody else has set: left alone");
    }
  }
  return restorable;
}

// Nobody asks again for what was not put back, so that a refusal that passes must not be the end.
absl::Status ClockCluster::Restore(const KnobRecord& record) {
  for (int attempt = 1;; ++attempt) {
    absl::Status written = device_.attributes->Write(record.knob, record.baseline);
    if (written.ok() || attempt == kRestoreAttempts) return written;
    world_.pause(kRestorePause);
  }
}

absl::Status ClockCluster::Release() {
  absl::Status first = PutBack();
  first.Update(journal_.StoreStaged());
  return first;
}

absl::Status ClockCluster::PutBack() {
  Records records = journal_.Find(device_.identity);
  if (records.empty()) return absl::OkStatus();
  DYNOFA_ASSIGN_OR_RETURN(const Present present, ReadPresent());
  Records restorable = Restorable(records, present);
  Limits target = present.limits;
  if (const KnobRecord* min = FindRecord(restorable, device_.min)) {
    target.min_khz = device_.unit.Parse(min->baseline).value_or(0);
  }
  if (const KnobRecord* max = FindRecord(restorable, device_.max)) {
    target.max_khz = device_.unit.Parse(max->baseline).value_or(0);
  }
  const bool max_first = WriteMaxFirst(present.limits, target);
  absl::Status first;
  Records failed;
  for (const std::string& knob : {max_first ? device_.max : device_.min,
                                  max_first ? device_.min : device_.max, device_.governor}) {
    const KnobRecord* record = FindRecord(restorable, knob);
    // Behind a limit that is as it was found there may be another request; a governor is what it
    // is.
    const bool plain = IsLeft(knob) || knob == device_.governor;
    if (record == nullptr || (plain && record->baseline == Raw(present, knob))) continue;
    const absl::Status written = Restore(*record);
    if (written.ok()) continue;
    first.Update(base::Annotate(written, base::StrCat(info().id, ": restoring")));
    failed.push_back(*record);
  }
  last_asked_ = last_settled_ = Limits{};
  last_governor_.clear();
  foreign_khz_ = 0;
  foreign_.clear();
  forgotten_ = false;
  journal_.Stage(device_.identity, std::move(failed));
  return first;
}

}  // namespace dynofa::hardware::sysfs
