#include "daemon/hardware/sysfs/clock_cluster.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "daemon/base/log.h"
#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/hardware/journal/restore_rule.h"
#include "daemon/hardware/sysfs/clock_transaction.h"

namespace dynofa::hardware::sysfs {
namespace {

using journal::KnobRecord;
using journal::Trimmed;

// Reasons of a limit, as in ClusterReading::limited_by.
constexpr char kFirmware[] = "firmware";
constexpr char kForeign[] = "foreign-writer";

// The kernel may update a policy from a work queue.
constexpr int kReadBackAttempts = 5;
constexpr base::Duration kReadBackPause = std::chrono::milliseconds(2);

absl::Status Checked(const policies::ClusterSetting& setting, const policies::ClusterInfo& info) {
  if (!info.writable) return absl::FailedPreconditionError(info.read_only_reason);
  if (setting.min_khz < 0 || setting.max_khz < 0) {
    return absl::InvalidArgumentError("a frequency is negative");
  }
  const auto& known = info.governors;
  if (!setting.governor.empty() &&
      std::find(known.begin(), known.end(), setting.governor) == known.end()) {
    return absl::InvalidArgumentError(base::StrCat("no governor \"", setting.governor, "\""));
  }
  return absl::OkStatus();
}

}  // namespace

ClockCluster::ClockCluster(ClockDevice device, journal::Journal& journal, ClusterWorld world)
    : device_(std::move(device)), journal_(journal), world_(std::move(world)) {}

// The journal is data: only the knobs that this class writes are taken from it.
bool ClockCluster::IsKnob(std::string_view name) const {
  return name == device_.governor || name == device_.min || name == device_.max;
}

const std::string& ClockCluster::Raw(const Present& present, std::string_view knob) const {
  if (knob == device_.governor) return present.governor;
  return knob == device_.min ? present.min : present.max;
}

Limits ClockCluster::Expected(const Limits& limits) const {
  const auto& table = device_.info.frequencies_khz;
  if (device_.rounds || table.empty()) return EffectiveLimits(limits, table);
  const auto clamped = [&](std::int64_t khz) {
    return std::clamp(khz, table.front(), table.back());
  };
  return EffectiveLimits({clamped(limits.min_khz), clamped(limits.max_khz)}, {});
}

std::int64_t ClockCluster::ReadKhz(const std::string& name) {
  if (name.empty()) return 0;
  const auto text = device_.attributes->Read(name);
  return text.ok() ? device_.unit.Parse(*text).value_or(0) : 0;
}

std::string ClockCluster::Cap() {
  std::string cap = world_.cap(device_.related_cpus);
  const std::int64_t bios = ReadKhz(device_.firmware_limit);
  if (cap.empty() && bios > 0 && bios < device_.hardware_max_khz) cap = kFirmware;
  return cap;
}

absl::StatusOr<ClockCluster::Present> ClockCluster::ReadPresent() {
  Present present;
  DYNOFA_ASSIGN_OR_RETURN(present.governor, device_.attributes->Read(device_.governor));
  DYNOFA_ASSIGN_OR_RETURN(present.min, device_.attributes->Read(device_.min));
  DYNOFA_ASSIGN_OR_RETURN(present.max, device_.attributes->Read(device_.max));
  const auto min = device_.unit.Parse(present.min);
  const auto max = device_.unit.Parse(present.max);
  if (!min || !max) {
    return absl::InternalError(base::StrCat(info().id, ": limits \"", Trimmed(present.min),
                                            "\" and \"", Trimmed(present.max),
                                            "\" are not frequencies"));
  }
  present.limits = {*min, *max};
  return present;
}

void ClockCluster::Observe(const Limits& present) {
  const bool ours = last_asked_ != Limits{};
  const std::int64_t asked = ours ? last_asked_.max_khz : device_.hardware_max_khz;
  cap_ = Cap();
  const long depth = world_.cap_depth ? world_.cap_depth(device_.related_cpus) : 0;
  const bool capped = !cap_.empty() && present.max_khz < asked;
  if (capped) {
    cap_khz_ = present.max_khz;
    cap_depth_ = depth;
  } else if (cap_.empty() || present.max_khz > cap_khz_ || depth < cap_depth_) {
    cap_khz_ = 0;
  }
  // Firmware, unlike heat, tells how far its cap goes.
  if (const std::int64_t bios = ReadKhz(device_.firmware_limit);
      bios > 0 && cap_khz_ > 0 && cap_ == kFirmware) {
    cap_khz_ = Expected({0, bios}).max_khz;
  }
  const Limits expected = Expected(last_asked_);
  const bool explained =
      capped || present.max_khz == last_settled_.max_khz || present.max_khz == expected.max_khz;
  if (ours && !explained && !MayTakeBack(device_.max)) {
    foreign_khz_ = present.max_khz < device_.hardware_max_khz ? present.max_khz : 0;
  } else if (present.max_khz > foreign_khz_) {
    foreign_khz_ = 0;
  }
}

Limits ClockCluster::Target(const policies::ClusterSetting& wanted) const {
  Limits target{wanted.min_khz, wanted.max_khz};
  if (foreign_khz_ > 0) target.max_khz = std::min(target.max_khz, foreign_khz_);
  target.min_khz = std::min(target.min_khz, target.max_khz);
  return target;
}

std::vector<ClockCluster::Step> ClockCluster::Plan(const std::string& governor,
                                                   const Limits& target,
                                                   const Present& present) const {
  std::vector<Step> steps;
  if (!governor.empty() && governor != Trimmed(present.governor) && !IsLeft(device_.governor)) {
    steps.push_back({device_.governor, governor, {governor}});
  }
  // What is read may be a request in disguise, so that only a repeated request needs no write.
  const bool untouched = last_asked_ == Limits{} || last_asked_ == target;
  if (present.limits == target && untouched) return steps;
  if (present.limits == last_settled_ && last_asked_ == target) return steps;
  const Limits expected = Expected(target);
  const FrequencyUnit& unit = device_.unit;
  const Step min{device_.min, unit.Format(target.min_khz), unit.Spellings(expected.min_khz)};
  const Step max{device_.max, unit.Format(target.max_khz), unit.Spellings(expected.max_khz)};
  const bool max_stays =
      IsLeft(device_.max) || (foreign_khz_ > 0 && target.max_khz == foreign_khz_ &&
                              present.limits.max_khz == foreign_khz_);
  const bool min_stays = IsLeft(device_.min);
  const bool max_first = WriteMaxFirst(present.limits, target);
  if (max_first && !max_stays) steps.push_back(max);
  if (!min_stays) steps.push_back(min);
  if (!max_first && !max_stays) steps.push_back(max);
  return steps;
}

void ClockCluster::Intend(const std::vector<Step>& steps, const Present& present,
                          Records& records) {
  for (const Step& step : steps) {
    KnobRecord* record = FindRecord(records, step.knob);
    if (record == nullptr) {
      records.push_back({device_.identity, step.knob, BaselineOf(step.knob, present, records), {}});
      record = &records.back();
    }
    AddOwn(*record, step.text);
    for (const std::string& text : step.expected) AddOwn(*record, text);
  }
}

absl::Status ClockCluster::Perform(const std::vector<Step>& steps, const Present& before) {
  std::vector<Step> done;
  for (const Step& step : steps) {
    done.push_back(step);
    const absl::Status written = device_.attributes->Write(step.knob, step.text + "\n");
    if (written.ok()) continue;
    RollBack(done, before);
    return base::Annotate(written, base::StrCat(info().id, ": writing ", step.text));
  }
  return absl::OkStatus();
}

void ClockCluster::RollBack(const std::vector<Step>& done, const Present& before) {
  for (auto step = done.rbegin(); step != done.rend(); ++step) {
    const absl::Status written = device_.attributes->Write(step->knob, Raw(before, step->knob));
    if (!written.ok()) {
      base::LogError(info().id, ": rolling back: ", base::FromAbsl(written.message()));
    }
  }
}

absl::StatusOr<ClockCluster::Present> ClockCluster::Settle(const std::string& governor,
                                                           const Limits& target) {
  const Limits expected = Expected(target);
  for (int attempt = 1;; ++attempt) {
    absl::StatusOr<Present> present = ReadPresent();
    if (!present.ok()) return present;
    const bool limits_settled =
        present->limits.max_khz == expected.max_khz &&
        (present->limits.min_khz == expected.min_khz || IsLeft(device_.min));
    const bool settled = limits_settled && (governor.empty() || IsLeft(device_.governor) ||
                                            Trimmed(present->governor) == governor);
    if (settled || attempt == kReadBackAttempts || !Cap().empty()) return present;
    world_.pause(kReadBackPause);
  }
}

SettingOutcome ClockCluster::Apply(const policies::ClusterSetting& setting) {
  return std::move(ApplyTogether({this}, journal_, setting).front());
}

SettingOutcome ClockCluster::Prepare(const policies::ClusterSetting& setting) {
  change_.reset();
  SettingOutcome outcome;
  outcome.cluster = setting.cluster;
  outcome.requested = setting;
  outcome.status = Checked(setting, info());
  if (outcome.status.ok()) outcome.status = Begin(outcome.requested);
  return outcome;
}

absl::Status ClockCluster::Begin(policies::ClusterSetting& wanted) {
  Records records = journal_.Find(device_.identity);
  Change change{.governor = wanted.governor, .found = records};
  DYNOFA_ASSIGN_OR_RETURN(Present before, ReadPresent());
  // The kernel may still be lifting a cap that has just ended.
  for (int attempt = 1; attempt < kReadBackAttempts && !Explained(records, before); ++attempt) {
    world_.pause(kReadBackPause);
    DYNOFA_ASSIGN_OR_RETURN(before, ReadPresent());
  }
  Observe(before.limits);
  Adopt(before, records);
  if (wanted.min_khz == 0) {
    wanted.min_khz = device_.unit.Parse(BaselineOf(device_.min, before, records)).value_or(0);
  }
  if (wanted.max_khz == 0) {
    wanted.max_khz = device_.unit.Parse(BaselineOf(device_.max, before, records)).value_or(0);
  }
  change.target = Target(wanted);
  change.steps = Plan(change.governor, change.target, before);
  Intend(change.steps, before, records);
  forgotten_ = false;
  if (records != change.found) journal_.Stage(device_.identity, records);
  change.before = std::move(before);
  change.intended = std::move(records);
  change.last_asked = last_asked_;
  change.last_settled = last_settled_;
  change.last_governor = last_governor_;
  change_ = std::move(change);
  return absl::OkStatus();
}

absl::Status ClockCluster::Commit() {
  if (!change_ || change_->steps.empty()) return absl::OkStatus();
  const std::vector<Step>& steps = change_->steps;
  change_->begun = true;
  DYNOFA_RETURN_IF_ERROR(Perform(steps, change_->before));
  change_->written = true;
  DYNOFA_ASSIGN_OR_RETURN(const Present settled, Settle(change_->governor, change_->target));
  Records records = change_->intended;
  for (const Step& step : steps) {
    KnobRecord& record = *FindRecord(records, step.knob);
    record.ours = {step.text};
    AddOwn(record, Trimmed(Raw(settled, step.knob)));
  }
  journal_.Stage(device_.identity, std::move(records));
  last_asked_ = change_->target;
  last_settled_ = settled.limits;
  for (const Step& step : steps) {
    if (step.knob == device_.governor) last_governor_ = Trimmed(settled.governor);
    if (const auto found = foreign_.find(step.knob); found != foreign_.end()) {
      found->second.seen.clear();
    }
  }
  return absl::OkStatus();
}

void ClockCluster::Undo() {
  if (!change_) return;
  const Change change = *std::exchange(change_, std::nullopt);
  // What may have been written may also be seen again: it stays in the journal.
  journal_.Stage(device_.identity, change.begun ? change.intended : change.found);
  if (!change.written) return;
  RollBack(change.steps, change.before);
  last_asked_ = change.last_asked;
  last_settled_ = change.last_settled;
  last_governor_ = change.last_governor;
}

void ClockCluster::Describe(SettingOutcome& outcome) {
  const absl::StatusOr<Present> after = ReadPresent();
  if (!after.ok()) return;
  outcome.effective = {info().id, std::string(Trimmed(after->governor)), after->limits.min_khz,
                       after->limits.max_khz};
  if (outcome.status.ok()) outcome.limited_by = Limitation(outcome.requested, outcome.effective);
}

std::string ClockCluster::Limitation(const policies::ClusterSetting& wanted,
                                     const policies::ClusterSetting& effective) {
  const bool same = wanted.min_khz == effective.min_khz && wanted.max_khz == effective.max_khz &&
                    (wanted.governor.empty() || wanted.governor == effective.governor);
  if (same) return "";
  if (effective.max_khz >= wanted.max_khz) return LeavesAny() ? kForeign : "clamped";
  if (foreign_khz_ > 0 && effective.max_khz == foreign_khz_) return kForeign;
  const std::string cap = Cap();
  return cap.empty() ? "clamped" : cap;
}

ClusterReading ClockCluster::Read() {
  ClusterReading reading;
  reading.cluster = info().id;
  const absl::StatusOr<Present> present = ReadPresent();
  reading.available = present.ok();
  if (!present.ok()) return reading;
  reading.governor = Trimmed(present->governor);
  reading.min_khz = present->limits.min_khz;
  reading.max_khz = present->limits.max_khz;
  reading.frequency_khz = ReadKhz(device_.current);
  Observe(present->limits);
  if (cap_khz_ > 0 && (foreign_khz_ == 0 || cap_khz_ <= foreign_khz_)) {
    reading.limit_khz = cap_khz_;
    reading.limited_by = cap_;
  } else if (foreign_khz_ > 0 || LeavesAny() || SetByOthers(*present)) {
    reading.limit_khz = foreign_khz_;
    reading.limited_by = kForeign;
  }
  if (IsLeft(device_.governor)) reading.left_to_others.push_back("governor");
  if (IsLeft(device_.min)) reading.left_to_others.push_back("min");
  if (foreign_khz_ > 0 || IsLeft(device_.max)) reading.left_to_others.push_back("max");
  reading.forgotten = forgotten_ || MayTakeBackAny(*present);
  return reading;
}

}  // namespace dynofa::hardware::sysfs
