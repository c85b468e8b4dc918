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
  if (cap.empty() && bios > 0 && bios < hardware_max_khz_) cap = "firmware";
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

std::vector<CpufreqCluster::Step> CpufreqCluster::Plan(const policies::ClusterSetting& wanted,
                                                       const Present& present) const {
  std::vector<Step> steps;
  if (!wanted.governor.empty() && wanted.governor != Trimmed(present.governor)) {
    steps.push_back({kGovernor, wanted.governor, wanted.governor});
  }
  const Limits limits{wanted.min_khz, wanted.max_khz};
  // What is read may be a request in disguise, so that only a repeated request needs no write.
  const bool untouched = last_asked_ == Limits{} || last_asked_ == limits;
  if (present.limits == limits && untouched) return steps;
  const Limits expected = EffectiveLimits(limits, info_.frequencies_khz);
  const Step min{kMin, base::StrCat(limits.min_khz), base::StrCat(expected.min_khz)};
  const Step max{kMax, base::StrCat(limits.max_khz), base::StrCat(expected.max_khz)};
  const bool max_first = WriteMaxFirst(present.limits, limits);
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

absl::StatusOr<CpufreqCluster::Present> CpufreqCluster::Settle(
    const policies::ClusterSetting& wanted) {
  const Limits expected = EffectiveLimits({wanted.min_khz, wanted.max_khz}, info_.frequencies_khz);
  for (int attempt = 1;; ++attempt) {
    absl::StatusOr<Present> present = ReadPresent();
    if (!present.ok()) return present;
    const bool settled = present->limits == expected &&
                         (wanted.governor.empty() || Trimmed(present->governor) == wanted.governor);
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
  const absl::StatusOr<Present> before = ReadPresent();
  if (!before.ok()) {
    outcome.status = before.status();
    return outcome;
  }
  const Records records = journal_.Find(device_);
  policies::ClusterSetting& wanted = outcome.requested;
  if (wanted.min_khz == 0) {
    wanted.min_khz = ParseKhz(BaselineOf(kMin, *before, records)).value_or(0);
  }
  if (wanted.max_khz == 0) {
    wanted.max_khz = ParseKhz(BaselineOf(kMax, *before, records)).value_or(0);
  }
  outcome.status = Change(outcome, *before, records);
  const absl::StatusOr<Present> after = ReadPresent();
  if (after.ok()) {
    outcome.effective = {info_.id, std::string(Trimmed(after->governor)), after->limits.min_khz,
                         after->limits.max_khz};
    if (outcome.status.ok()) outcome.limited_by = Limitation(wanted, outcome.effective);
  }
  return outcome;
}

absl::Status CpufreqCluster::Change(SettingOutcome& outcome, const Present& before,
                                    Records records) {
  const policies::ClusterSetting& wanted = outcome.requested;
  const std::vector<Step> steps = Plan(wanted, before);
  if (steps.empty()) return absl::OkStatus();
  Intend(steps, before, records);
  DYNOFA_RETURN_IF_ERROR(journal_.Replace(device_, records));
  DYNOFA_RETURN_IF_ERROR(Perform(steps, before));
  const absl::StatusOr<Present> settled = Settle(wanted);
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
  last_asked_ = {wanted.min_khz, wanted.max_khz};
  last_settled_ = settled->limits;
  return absl::OkStatus();
}

std::string CpufreqCluster::Limitation(const policies::ClusterSetting& wanted,
                                       const policies::ClusterSetting& effective) {
  const bool same = wanted.min_khz == effective.min_khz && wanted.max_khz == effective.max_khz &&
                    (wanted.governor.empty() || wanted.governor == effective.governor);
  if (same) return "";
  const std::string cap = effective.max_khz < wanted.max_khz ? Cap() : "";
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
  const bool ours = last_asked_ != Limits{};
  const std::int64_t asked = ours ? last_asked_.max_khz : hardware_max_khz_;
  const std::string cap = Cap();
  if (!cap.empty() && present->limits.max_khz < asked) {
    reading.limit_khz = present->limits.max_khz;
    reading.limited_by = cap;
  } else if (ours && present->limits != last_settled_ &&
             present->limits != EffectiveLimits(last_asked_, info_.frequencies_khz)) {
    reading.limit_khz = present->limits.max_khz;
    reading.limited_by = "foreign-writer";
  }
  return reading;
}

CpufreqCluster::Records CpufreqCluster::Restorable(const Records& records, const Present& present) {
  const bool capped = !Cap().empty();
  Records restorable;
  for (const KnobRecord& record : records) {
    const bool governor = record.knob == kGovernor;
    // The journal is data: only the knobs that this class writes are taken from it.
    if (!governor && record.knob != kMin && record.knob != kMax) continue;
    const std::string_view value = present.Raw(record.knob);
    const journal::Disguise disguise{
        .capped = capped && !governor,
        .follows = record.knob == kMin ? std::string_view(present.max) : std::string_view()};
    if (MayRestore(record, value, disguise)) {
      restorable.push_back(record);
    } else {
      base::LogWarning(info_.id, ": ", record.knob, " is \"", Trimmed(value),
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
  first.Update(journal_.Replace(device_, std::move(failed)));
  return first;
}

}  // namespace dynofa::hardware::sysfs
