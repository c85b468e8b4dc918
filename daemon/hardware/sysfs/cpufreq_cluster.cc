#include "daemon/hardware/sysfs/cpufreq_cluster.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "absl/strings/str_split.h"
#include "daemon/base/log.h"
#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/hardware/journal/restore_rule.h"

namespace dynofa::hardware::sysfs {
namespace {

using journal::KnobRecord;
using journal::Trimmed;

constexpr char kGovernor[] = "scaling_governor";
constexpr char kMin[] = "scaling_min_freq";
constexpr char kMax[] = "scaling_max_freq";

// Reasons of a limit, as in ClusterReading::limited_by.
constexpr char kFirmware[] = "firmware";
constexpr char kForeign[] = "foreign-writer";

// The kernel may update a policy from a work queue.
constexpr int kReadBackAttempts = 5;
constexpr base::Duration kReadBackPause = std::chrono::milliseconds(2);

// Where a driver has no table, its range is offered in steps.
constexpr std::int64_t kStepKhz = 100'000;

std::optional<std::int64_t> ParseKhz(std::string_view text) {
  text = Trimmed(text);
  std::int64_t khz = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), khz);
  if (error != std::errc() || end != text.data() + text.size() || khz < 0) return std::nullopt;
  return khz;
}

std::vector<std::string> Words(std::string_view text) {
  return absl::StrSplit(base::ToAbsl(Trimmed(text)), ' ', absl::SkipEmpty());
}

std::vector<std::int64_t> Steps(std::int64_t low, std::int64_t high) {
  std::vector<std::int64_t> steps;
  for (std::int64_t khz = low; khz < high; khz += kStepKhz) steps.push_back(khz);
  steps.push_back(high);
  return steps;
}

// The journal is data: only the knobs that this class writes are taken from it.
bool IsKnob(std::string_view name) { return name == kGovernor || name == kMin || name == kMax; }

KnobRecord* FindRecord(std::vector<KnobRecord>& records, std::string_view knob) {
  for (KnobRecord& record : records) {
    if (record.knob == knob) return &record;
  }
  return nullptr;
}

void AddUnique(std::vector<std::string>& values, std::string_view value) {
  if (std::find(values.begin(), values.end(), value) == values.end()) values.emplace_back(value);
}

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

std::string_view CpufreqCluster::Present::Raw(std::string_view knob) const {
  return knob == kGovernor ? governor : knob == kMin ? min : max;
}

CpufreqCluster::CpufreqCluster(std::unique_ptr<Attributes> attributes, journal::Journal& journal,
                               ClusterWorld world)
    : attributes_(std::move(attributes)), journal_(journal), world_(std::move(world)) {}

absl::StatusOr<std::unique_ptr<CpufreqCluster>> CpufreqCluster::Create(
    std::unique_ptr<Attributes> attributes, const std::vector<int>& online,
    journal::Journal& journal, ClusterWorld world) {
  std::unique_ptr<CpufreqCluster> cluster(
      new CpufreqCluster(std::move(attributes), journal, std::move(world)));
  Attributes& files = *cluster->attributes_;
  DYNOFA_ASSIGN_OR_RETURN(const std::string related, files.Read("related_cpus"));
  cluster->related_cpus_ = ParseCpuList(related);
  if (cluster->related_cpus_.empty()) return absl::NotFoundError("a policy without CPUs");
  cluster->device_ = base::StrCat("cpufreq ", Trimmed(related));

  policies::ClusterInfo& info = cluster->info_;
  info.id = base::StrCat("cpu", cluster->related_cpus_.front());
  info.cores = static_cast<int>(cluster->related_cpus_.size());
  std::set_intersection(cluster->related_cpus_.begin(), cluster->related_cpus_.end(),
                        online.begin(), online.end(), std::back_inserter(info.host_cpus));
  info.governors = Words(files.Read("scaling_available_governors").value_or(""));
  for (const std::string& word : Words(files.Read("scaling_available_frequencies").value_or(""))) {
    if (const auto khz = ParseKhz(word)) info.frequencies_khz.push_back(*khz);
  }
  std::sort(info.frequencies_khz.begin(), info.frequencies_khz.end());
  cluster->hardware_max_khz_ = cluster->ReadKhz("cpuinfo_max_freq");
  const std::int64_t hardware_min = cluster->ReadKhz("cpuinfo_min_freq");
  if (info.frequencies_khz.empty() && hardware_min > 0 &&
      hardware_min <= cluster->hardware_max_khz_) {
    info.frequencies_khz = Steps(hardware_min, cluster->hardware_max_khz_);
  }
  if (info.frequencies_khz.empty()) {
    info.read_only_reason =
        base::StrCat(info.id, ": its cpufreq policy names neither frequencies nor their limits");
    return cluster;
  }
  if (cluster->hardware_max_khz_ == 0) cluster->hardware_max_khz_ = info.frequencies_khz.back();
  info.writable = files.Writable(kMin) && files.Writable(kMax);
  if (!info.writable) {
    info.read_only_reason = base::StrCat(info.id, ": no permission to write its cpufreq policy");
  }
  return cluster;
}

std::int64_t CpufreqCluster::ReadKhz(const std::string& name) {
  const auto text = attributes_->Read(name);
  return text.ok() ? ParseKhz(*text).value_or(0) : 0;
}

std::string CpufreqCluster::Cap() {
  std::string cap = world_.cap(related_cpus_);
  const std::int64_t bios = ReadKhz("bios_limit");
  if (cap.empty() && bios > 0 && bios < hardware_max_khz_) cap = kFirmware;
  return cap;
}

absl::StatusOr<CpufreqCluster::Present> CpufreqCluster::ReadPresent() {
  Present present;
  DYNOFA_ASSIGN_OR_RETURN(present.governor, attributes_->Read(kGovernor));
  DYNOFA_ASSIGN_OR_RETURN(present.min, attributes_->Read(kMin));
  DYNOFA_ASSIGN_OR_RETURN(present.max, attributes_->Read(kMax));
  const auto min = ParseKhz(present.min);
  const auto max = ParseKhz(present.max);
  if (!min || !max) {
    return absl::InternalError(base::StrCat(info_.id, ": limits \"", Trimmed(present.min),
                                            "\" and \"", Trimmed(present.max),
                                            "\" are not frequencies"));
  }
  present.limits = {*min, *max};
  return present;
}

// A cap that is active at the first write hides the request that was in force, and the kernel has
// no way to ask for it. The hardware's maximum, the kernel's own default, is then put back.
std::string CpufreqCluster::BaselineOf(const std::string& knob, const Present& present,
                                       const Records& records) {
  for (const KnobRecord& record : records) {
    if (record.knob == knob) return record.baseline;
  }
  if (knob == kMax && present.limits.max_khz < hardware_max_khz_ && !Cap().empty()) {
    base::LogWarning(info_.id, ": a cap (", Cap(), ") hides the original ", kMax, "; ",
                     hardware_max_khz_, " will be put back");
    return base::StrCat(hardware_max_khz_, "\n");
  }
  return std::string(present.Raw(knob));
}

bool CpufreqCluster::Explained(const KnobRecord& record, const Present& present,
                               bool capped) const {
  const journal::Disguise disguise{
      .capped = capped && record.knob != kGovernor,
      .follows = record.knob == kMin ? std::string_view(present.max) : std::string_view()};
  return MayRestore(record, present.Raw(record.knob), disguise);
}

bool CpufreqCluster::Explained(const Records& records, const Present& present) {
  const bool capped = !Cap().empty();
  return std::all_of(records.begin(), records.end(), [&](const KnobRecord& record) {
    return !IsKnob(record.knob) || Explained(record, present, capped);
  });
}

void CpufreqCluster::Observe(const Limits& present) {
  const bool ours = last_asked_ != Limits{};
  const std::int64_t asked = ours ? last_asked_.max_khz : hardware_max_khz_;
  cap_ = Cap();
  const bool capped = !cap_.empty() && present.max_khz < asked;
  if (capped) {
    cap_khz_ = present.max_khz;
  } else if (cap_.empty() || present.max_khz > cap_khz_) {
    cap_khz_ = 0;
  }
  // Firmware, unlike heat, tells how far its cap goes.
  if (const std::int64_t bios = ReadKhz("bios_limit");
      bios > 0 && cap_khz_ > 0 && cap_ == kFirmware) {
    cap_khz_ = EffectiveLimits({0, bios}, info_.frequencies_khz).max_khz;
  }
  const Limits expected = EffectiveLimits(last_asked_, info_.frequencies_khz);
  const bool explained =
      capped || present.max_khz == last_settled_.max_khz || present.max_khz == expected.max_khz;
  if (ours && !explained) {
    foreign_khz_ = present.max_khz < hardware_max_khz_ ? present.max_khz : 0;
  } else if (present.max_khz > foreign_khz_) {
    foreign_khz_ = 0;
  }
}

absl::Status CpufreqCluster::Adopt(const Present& present, Records& records) {
  const bool capped = !cap_.empty();
  bool changed = false;
  for (KnobRecord& record : records) {
    if (!IsKnob(record.knob) || Explained(record, present, capped)) continue;
    record.baseline = BaselineOf(record.knob, present, {});
    // The one value that a cap may hide from now on.
    record.ours = {std::string(Trimmed(record.baseline))};
    changed = true;
    base::LogInfo(info_.id, ": somebody else has set ", record.knob, " to \"",
                  Trimmed(present.Raw(record.knob)), "\": this will be put back");
  }
  return changed ? journal_.Replace(device_, records) : absl::OkStatus();
}

Limits CpufreqCluster::Target(const policies::ClusterSetting& wanted) const {
  Limits target{wanted.min_khz, wanted.max_khz};
  if (foreign_khz_ > 0) target.max_khz = std::min(target.max_khz, foreign_khz_);
  target.min_khz = std::min(target.min_khz, target.max_khz);
  return target;
}

std::vector<CpufreqCluster::Step> CpufreqCluster::Plan(const std::string& governor,
                                                       const Limits& target,
                                                       const Present& present) const {
  std::vector<Step> steps;
  if (!governor.empty() && governor != Trimmed(present.governor)) {
    steps.push_back({kGovernor, governor, governor});
  }
  // What is read may be a request in disguise, so that only a repeated request needs no write.
  const bool untouched = last_asked_ == Limits{} || last_asked_ == target;
  if (present.limits == target && untouched) return steps;
  if (present.limits == last_settled_ && last_asked_ == target) return steps;
  const Limits expected = EffectiveLimits(target, info_.frequencies_khz);
  const Step min{kMin, base::StrCat(target.min_khz), base::StrCat(expected.min_khz)};
  const Step max{kMax, base::StrCat(target.max_khz), base::StrCat(expected.max_khz)};
  const bool foreign_stays =
      foreign_khz_ > 0 && target.max_khz == foreign_khz_ && present.limits.max_khz == foreign_khz_;
  if (foreign_stays) {
    steps.push_back(min);
    return steps;
  }
  const bool max_first = WriteMaxFirst(present.limits, target);
  steps.push_back(max_first ? max : min);
  steps.push_back(max_first ? min : max);
  return steps;
}

void CpufreqCluster::Intend(const std::vector<Step>& steps, const Present& present,
                            Records& records) {
  for (const Step& step : steps) {
    KnobRecord* record = FindRecord(records, step.knob);
    if (record == nullptr) {
      records.push_back({device_, step.knob, BaselineOf(step.knob, present, records), {}});
      record = &records.back();
    }
    AddUnique(record->ours, step.text);
    AddUnique(record->ours, step.expected);
  }
}

absl::Status CpufreqCluster::Perform(const std::vector<Step>& steps, const Present& before) {
  std::vector<Step> done;
  for (const Step& step : steps) {
    done.push_back(step);
    const absl::Status written = attributes_->Write(step.knob, step.text + "\n");
    if (written.ok()) continue;
    RollBack(done, before);
    return base::Annotate(written, base::StrCat(info_.id, ": writing ", step.text));
  }
  return absl::OkStatus();
}

void CpufreqCluster::RollBack(const std::vector<Step>& done, const Present& before) {
  for (auto step = done.rbegin(); step != done.rend(); ++step) {
    const absl::Status written = attributes_->Write(step->knob, before.Raw(step->knob));
    if (!written.ok()) {
      base::LogError(info_.id, ": rolling back: ", base::FromAbsl(written.message()));
    }
  }
}

absl::StatusOr<CpufreqCluster::Present> CpufreqCluster::Settle(const std::string& governor,
                                                               const Limits& target) {
  const Limits expected = EffectiveLimits(target, info_.frequencies_khz);
  for (int attempt = 1;; ++attempt) {
    absl::StatusOr<Present> present = ReadPresent();
    if (!present.ok()) return present;
    const bool settled =
        present->limits == expected && (governor.empty() || Trimmed(present->governor) == governor);
    if (settled || attempt == kReadBackAttempts || !Cap().empty()) return present;
    world_.pause(kReadBackPause);
  }
}

SettingOutcome CpufreqCluster::Apply(const policies::ClusterSetting& setting) {
  SettingOutcome outcome;
  outcome.cluster = setting.cluster;
  outcome.requested = setting;
  outcome.status = Checked(setting, info_);
  if (!outcome.status.ok()) return outcome;
  outcome.status = Change(outcome.requested);
  const absl::StatusOr<Present> after = ReadPresent();
  if (after.ok()) {
    outcome.effective = {info_.id, std::string(Trimmed(after->governor)), after->limits.min_khz,
                         after->limits.max_khz};
    if (outcome.status.ok()) outcome.limited_by = Limitation(outcome.requested, outcome.effective);
  }
  return outcome;
}

absl::Status CpufreqCluster::Change(policies::ClusterSetting& wanted) {
  Records records = journal_.Find(device_);
  DYNOFA_ASSIGN_OR_RETURN(Present before, ReadPresent());
  // The kernel may still be lifting a cap that has just ended.
  for (int attempt = 1; attempt < kReadBackAttempts && !Explained(records, before); ++attempt) {
    world_.pause(kReadBackPause);
    DYNOFA_ASSIGN_OR_RETURN(before, ReadPresent());
  }
  Observe(before.limits);
  DYNOFA_RETURN_IF_ERROR(Adopt(before, records));
  if (wanted.min_khz == 0) {
    wanted.min_khz = ParseKhz(BaselineOf(kMin, before, records)).value_or(0);
  }
  if (wanted.max_khz == 0) {
    wanted.max_khz = ParseKhz(BaselineOf(kMax, before, records)).value_or(0);
  }
  return Write(wanted.governor, Target(wanted), before, std::move(records));
}

absl::Status CpufreqCluster::Write(const std::string& governor, const Limits& target,
                                   const Present& before, Records records) {
  const std::vector<Step> steps = Plan(governor, target, before);
  if (steps.empty()) return absl::OkStatus();
  Intend(steps, before, records);
  DYNOFA_RETURN_IF_ERROR(journal_.Replace(device_, records));
  DYNOFA_RETURN_IF_ERROR(Perform(steps, before));
  const absl::StatusOr<Present> settled = Settle(governor, target);
  absl::Status status = settled.status();
  if (settled.ok()) {
    for (const Step& step : steps) {
      KnobRecord& record = *FindRecord(records, step.knob);
      record.ours = {step.text};
      AddUnique(record.ours, Trimmed(settled->Raw(step.knob)));
    }
    status = journal_.Replace(device_, records);
  }
  if (!status.ok()) {
    RollBack(steps, before);
    return status;
  }
  last_asked_ = target;
  last_settled_ = settled->limits;
  return absl::OkStatus();
}

std::string CpufreqCluster::Limitation(const policies::ClusterSetting& wanted,
                                       const policies::ClusterSetting& effective) {
  const bool same = wanted.min_khz == effective.min_khz && wanted.max_khz == effective.max_khz &&
                    (wanted.governor.empty() || wanted.governor == effective.governor);
  if (same) return "";
  if (effective.max_khz >= wanted.max_khz) return "clamped";
  if (foreign_khz_ > 0 && effective.max_khz == foreign_khz_) return kForeign;
  const std::string cap = Cap();
  return cap.empty() ? "clamped" : cap;
}

ClusterReading CpufreqCluster::Read() {
  ClusterReading reading;
  reading.cluster = info_.id;
  const absl::StatusOr<Present> present = ReadPresent();
  reading.available = present.ok();
  if (!present.ok()) return reading;
  reading.governor = Trimmed(present->governor);
  reading.min_khz = present->limits.min_khz;
  reading.max_khz = present->limits.max_khz;
  reading.frequency_khz = ReadKhz("scaling_cur_freq");
  Observe(present->limits);
  if (cap_khz_ > 0 && (foreign_khz_ == 0 || cap_khz_ <= foreign_khz_)) {
    reading.limit_khz = cap_khz_;
    reading.limited_by = cap_;
  } else if (foreign_khz_ > 0 || SetByOthers(present->limits)) {
    reading.limit_khz = foreign_khz_;
    reading.limited_by = kForeign;
  }
  return reading;
}

bool CpufreqCluster::SetByOthers(const Limits& present) const {
  return last_asked_ != Limits{} && present != last_settled_ &&
         present != EffectiveLimits(last_asked_, info_.frequencies_khz);
}

CpufreqCluster::Records CpufreqCluster::Restorable(const Records& records, const Present& present) {
  const bool capped = !Cap().empty();
  Records restorable;
  for (const KnobRecord& record : records) {
    if (!IsKnob(record.knob)) continue;
    if (Explained(record, present, capped)) {
      restorable.push_back(record);
    } else {
      base::LogWarning(info_.id, ": ", record.knob, " is \"", Trimmed(present.Raw(record.knob)),
                       "\", which somebody else has set: left alone");
    }
  }
  return restorable;
}

absl::Status CpufreqCluster::Release() {
  Records records = journal_.Find(device_);
  if (records.empty()) return absl::OkStatus();
  DYNOFA_ASSIGN_OR_RETURN(const Present present, ReadPresent());
  Records restorable = Restorable(records, present);
  Limits target = present.limits;
  if (const KnobRecord* min = FindRecord(restorable, kMin)) {
    target.min_khz = ParseKhz(min->baseline).value_or(0);
  }
  if (const KnobRecord* max = FindRecord(restorable, kMax)) {
    target.max_khz = ParseKhz(max->baseline).value_or(0);
  }
  const bool max_first = WriteMaxFirst(present.limits, target);
  absl::Status first;
  Records failed;
  for (const char* knob : {max_first ? kMax : kMin, max_first ? kMin : kMax, kGovernor}) {
    const KnobRecord* record = FindRecord(restorable, knob);
    if (record == nullptr) continue;
    const absl::Status written = attributes_->Write(knob, record->baseline);
    if (written.ok()) continue;
    first.Update(base::Annotate(written, base::StrCat(info_.id, ": restoring")));
    failed.push_back(*record);
  }
  last_asked_ = last_settled_ = Limits{};
  foreign_khz_ = 0;
  first.Update(journal_.Replace(device_, std::move(failed)));
  return first;
}

}  // namespace dynofa::hardware::sysfs
