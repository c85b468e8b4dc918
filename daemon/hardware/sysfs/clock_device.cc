#include "daemon/hardware/sysfs/clock_device.h"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

#include "absl/strings/str_split.h"
#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/hardware/journal/restore_rule.h"

namespace dynofa::hardware::sysfs {
namespace {

using journal::Trimmed;

// Where a driver has no table, its range is offered in steps.
constexpr std::int64_t kStepKhz = 100'000;
// Far beyond any table or range there is; a file that names more is not believed.
constexpr std::size_t kMostSteps = 1024;
constexpr std::int64_t kMostKhz = kStepKhz * static_cast<std::int64_t>(kMostSteps);

std::vector<std::string> Words(std::string_view text) {
  return absl::StrSplit(base::ToAbsl(Trimmed(text)), ' ', absl::SkipEmpty());
}

std::int64_t ReadKhz(const ClockDevice& device, const std::string& name) {
  const auto text = device.attributes->Read(name);
  if (!text.ok()) return 0;
  const std::int64_t khz = device.unit.Parse(*text).value_or(0);
  return khz <= kMostKhz ? khz : 0;
}

std::vector<std::int64_t> StepsBetween(std::int64_t low, std::int64_t high) {
  std::vector<std::int64_t> steps;
  for (std::int64_t khz = low; khz < high; khz += kStepKhz) steps.push_back(khz);
  steps.push_back(high);
  return steps;
}

std::vector<std::int64_t> Table(const ClockDevice& device, const std::string& name) {
  std::vector<std::int64_t> table;
  for (const std::string& word : Words(device.attributes->Read(name).value_or(""))) {
    const auto khz = device.unit.Parse(word);
    if (khz && *khz > 0 && *khz <= kMostKhz && table.size() < kMostSteps) table.push_back(*khz);
  }
  std::sort(table.begin(), table.end());
  table.erase(std::unique(table.begin(), table.end()), table.end());
  return table;
}

void CheckWritable(ClockDevice& device, std::string_view interface) {
  policies::ClusterInfo& info = device.info;
  info.writable =
      device.attributes->Writable(device.min) && device.attributes->Writable(device.max);
  if (info.writable) return;
  info.read_only_reason = base::StrCat(info.id, ": no permission to write its ", interface);
}

// A driver without a table names its range; any frequency within it can be set.
void TakeRange(ClockDevice& device) {
  policies::ClusterInfo& info = device.info;
  const std::int64_t low = ReadKhz(device, "cpuinfo_min_freq");
  if (low <= 0 || low > device.hardware_max_khz) return;
  info.frequencies_khz = StepsBetween(low, device.hardware_max_khz);
  info.continuous = true;
  device.rounds = false;
}

}  // namespace

absl::StatusOr<ClockDevice> ProbeCpufreq(std::unique_ptr<Attributes> attributes,
                                         const std::vector<int>& online) {
  DYNOFA_ASSIGN_OR_RETURN(const std::string related, attributes->Read("related_cpus"));
  ClockDevice device;
  device.attributes = std::move(attributes);
  device.related_cpus = ParseCpuList(related);
  if (device.related_cpus.empty()) return absl::NotFoundError("a policy without CPUs");
  device.identity = base::StrCat("cpufreq ", Trimmed(related));
  device.governor = "scaling_governor";
  device.min = "scaling_min_freq";
  device.max = "scaling_max_freq";
  device.current = "scaling_cur_freq";
  device.firmware_limit = "bios_limit";

  policies::ClusterInfo& info = device.info;
  info.id = base::StrCat("cpu", device.related_cpus.front());
  info.cores = static_cast<int>(device.related_cpus.size());
  std::set_intersection(device.related_cpus.begin(), device.related_cpus.end(), online.begin(),
                        online.end(), std::back_inserter(info.host_cpus));
  info.driver = Trimmed(device.attributes->Read("scaling_driver").value_or(""));
  info.governors = Words(device.attributes->Read("scaling_available_governors").value_or(""));
  info.frequencies_khz = Table(device, "scaling_available_frequencies");
  device.hardware_max_khz = ReadKhz(device, "cpuinfo_max_freq");
  if (info.frequencies_khz.empty()) TakeRange(device);
  if (info.frequencies_khz.empty()) {
    info.read_only_reason =
        base::StrCat(info.id, ": its cpufreq policy names neither frequencies nor their limits");
    return device;
  }
  if (device.hardware_max_khz == 0) device.hardware_max_khz = info.frequencies_khz.back();
  CheckWritable(device, "cpufreq policy");
  return device;
}

absl::StatusOr<ClockDevice> ProbeDevfreq(std::unique_ptr<Attributes> attributes,
                                         const std::string& name, const std::string& id,
                                         policies::ClusterKind kind) {
  DYNOFA_ASSIGN_OR_RETURN(const std::string table, attributes->Read("available_frequencies"));
  ClockDevice device;
  device.attributes = std::move(attributes);
  device.identity = base::StrCat("devfreq ", name);
  device.governor = "governor";
  device.min = "min_freq";
  device.max = "max_freq";
  device.current = "cur_freq";
  device.unit = FrequencyUnit::Hertz(table);
  device.rounds = false;

  policies::ClusterInfo& info = device.info;
  info.id = id;
  info.kind = kind;
  info.governors = Words(device.attributes->Read("available_governors").value_or(""));
  info.frequencies_khz = Table(device, "available_frequencies");
  if (info.frequencies_khz.empty()) return absl::NotFoundError(base::StrCat(name, ": no table"));
  device.hardware_max_khz = info.frequencies_khz.back();
  CheckWritable(device, "devfreq device");
  return device;
}

}  // namespace dynofa::hardware::sysfs
