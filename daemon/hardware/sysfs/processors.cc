#include "daemon/hardware/sysfs/processors.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/hardware/journal/restore_rule.h"
#include "daemon/hardware/sysfs/class_folder.h"

namespace dynofa::hardware::sysfs {
namespace {

constexpr int kFullCapacity = 1024;

// What a file that says 0 or 1 means for people.
void AddSwitch(std::vector<Finding>& findings, Attributes& attributes, const std::string& file,
               const std::string& source, bool inverted) {
  const auto value = ReadNumber(attributes, file);
  if (!value || *value < 0 || *value > 1) return;
  findings.push_back({"turbo", "", source, (*value == 1) != inverted ? "on" : "off"});
}

void AddText(std::vector<Finding>& findings, Attributes& attributes, const std::string& file,
             const std::string& kind, const std::string& name, const std::string& source) {
  std::string value = ReadLine(attributes, file);
  if (!value.empty()) findings.push_back({kind, name, source, std::move(value)});
}

std::string Joined(const std::vector<int>& cpus) {
  std::string text;
  for (const int cpu : cpus) text += base::StrCat(text.empty() ? "" : " ", cpu);
  return text;
}

}  // namespace

absl::StatusOr<Processors> Processors::Find(const std::string& root) {
  DYNOFA_ASSIGN_OR_RETURN(auto attributes, OpenAttributes(root + "/devices/system/cpu"));
  DYNOFA_ASSIGN_OR_RETURN(const std::string text, attributes->Read("online"));
  Processors processors(root, std::move(attributes));
  processors.online_ = ParseCpuList(text);
  if (processors.online_.empty()) {
    return absl::NotFoundError(base::StrCat(root, ": no CPU is online"));
  }
  return processors;
}

std::string Processors::folder() const { return root_ + "/devices/system/cpu"; }

std::vector<int> Processors::ReadOnline() {
  const auto text = attributes_->Read("online");
  std::vector<int> online = text.ok() ? ParseCpuList(*text) : std::vector<int>();
  if (!online.empty()) online_ = std::move(online);
  return online_;
}

int Processors::CapacityOf(int cpu) const {
  const auto attributes = OpenAttributes(base::StrCat(folder(), "/cpu", cpu));
  if (!attributes.ok()) return 0;
  const std::int64_t capacity = ReadNumber(**attributes, "cpu_capacity").value_or(0);
  return capacity > 0 && capacity <= kFullCapacity ? static_cast<int>(capacity) : 0;
}

int Processors::PackageOf(int cpu) const {
  const auto attributes = OpenAttributes(base::StrCat(folder(), "/cpu", cpu, "/topology"));
  if (!attributes.ok()) return -1;
  return static_cast<int>(
      std::clamp<std::int64_t>(ReadNumber(**attributes, "physical_package_id").value_or(-1), -1,
                               std::numeric_limits<int>::max()));
}

std::vector<ClockDevice> Processors::Policies() const {
  std::vector<ClockDevice> policies;
  for (FoundDevice& device : DevicesIn(folder() + "/cpufreq")) {
    auto policy = ProbeCpufreq(std::move(device.attributes), online_);
    if (!policy.ok()) continue;
    policy->info.capacity = CapacityOf(policy->related_cpus.front());
    policies.push_back(*std::move(policy));
  }
  std::sort(policies.begin(), policies.end(), [](const ClockDevice& a, const ClockDevice& b) {
    return a.related_cpus < b.related_cpus;
  });
  return policies;
}

policies::ClusterInfo Processors::Unclocked(const std::vector<int>& cpus) const {
  policies::ClusterInfo info;
  info.id = base::StrCat("cpu", cpus.front());
  info.host_cpus = cpus;
  info.cores = static_cast<int>(cpus.size());
  info.capacity = CapacityOf(cpus.front());
  info.read_only_reason =
      "the kernel has no cpufreq policy on this machine: the CPUs run at the speed they have";
  if (cpus.size() < online_.size()) {
    info.read_only_reason = base::StrCat("no cpufreq policy has the CPUs ", Joined(cpus),
                                         ": they run at the speed they have");
  }
  return info;
}

std::vector<Finding> Processors::Findings() const {
  std::vector<Finding> findings;
  const std::vector<int> present = ParseCpuList(ReadLine(*attributes_, "present"));
  std::vector<int> offline;
  std::set_difference(present.begin(), present.end(), online_.begin(), online_.end(),
                      std::back_inserter(offline));
  if (!offline.empty()) findings.push_back({"offline-cpus", "", "cpu hotplug", Joined(offline)});
  for (const char* driver : {"intel_pstate", "amd_pstate"}) {
    const auto attributes = OpenAttributes(base::StrCat(folder(), "/", driver));
    if (!attributes.ok()) continue;
    AddText(findings, **attributes, "status", "driver-mode", "", driver);
    AddSwitch(findings, **attributes, "no_turbo", driver, /*inverted=*/true);
  }
  if (const auto attributes = OpenAttributes(folder() + "/cpufreq"); attributes.ok()) {
    AddSwitch(findings, **attributes, "boost", "cpufreq", /*inverted=*/false);
  }
  for (const ClockDevice& policy : Policies()) {
    const std::string& driver = policy.info.driver;
    AddText(findings, *policy.attributes, "energy_performance_preference", "preference",
            policy.info.id, driver);
    AddText(findings, *policy.attributes, "amd_pstate_lowest_nonlinear_freq",
            "efficient-minimum-khz", policy.info.id, driver);
  }
  return findings;
}

std::string Processors::MachineName() const {
  for (const char* place : {"/firmware/devicetree/base", "/devices/virtual/dmi/id"}) {
    const auto attributes = OpenAttributes(root_ + place);
    if (!attributes.ok()) continue;
    for (const char* name : {"model", "product_name"}) {
      std::string model = ReadLine(**attributes, name);
      std::erase(model, '\0');
      if (!model.empty()) return model;
    }
  }
  return "";
}

}  // namespace dynofa::hardware::sysfs
