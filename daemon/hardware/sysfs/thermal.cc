#include "daemon/hardware/sysfs/thermal.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

#include "daemon/base/strings.h"
#include "daemon/hardware/journal/restore_rule.h"

namespace dynofa::hardware::sysfs {
namespace {

using journal::Trimmed;

constexpr std::string_view kCpuCooling = "cpufreq-cpu";

std::optional<long> ReadNumber(Attributes& attributes, const std::string& name) {
  const auto text = attributes.Read(name);
  if (!text.ok()) return std::nullopt;
  const std::string_view digits = Trimmed(*text);
  long value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

bool IsCpuZone(std::string type) {
  std::transform(type.begin(), type.end(), type.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return type.find("cpu") != std::string::npos || type == "x86_pkg_temp" || type == "soc-thermal";
}

// Whether a cooling device of this type throttles one of the CPUs. "cpufreq-cpu4" names the first
// CPU of a policy; ACPI ("Processor") and older kernels ("thermal-cpufreq-0") do not say which.
bool Throttles(std::string_view type, const std::vector<int>& cpus) {
  if (type == "Processor" || type.substr(0, 15) == "thermal-cpufreq") return true;
  if (type.substr(0, kCpuCooling.size()) != kCpuCooling) return false;
  const std::vector<int> named = ParseCpuList(type.substr(kCpuCooling.size()));
  return named.size() == 1 && std::find(cpus.begin(), cpus.end(), named[0]) != cpus.end();
}

}  // namespace

Thermal::Thermal(const std::string& folder) {
  for (const std::string& name : ListFolder(folder)) {
    auto attributes = OpenAttributes(base::StrCat(folder, "/", name));
    if (!attributes.ok()) continue;
    const auto type = (*attributes)->Read("type");
    if (!type.ok()) continue;
    Entry entry{std::string(Trimmed(*type)), *std::move(attributes)};
    if (name.rfind("thermal_zone", 0) == 0) zones_.push_back(std::move(entry));
    if (name.rfind("cooling_device", 0) == 0) cooling_.push_back(std::move(entry));
  }
}

std::vector<ZoneReading> Thermal::Read(const std::vector<std::string>& cpu_clusters) const {
  std::vector<ZoneReading> readings;
  for (const Entry& zone : zones_) {
    const auto millidegrees = ReadNumber(*zone.attributes, "temp");
    if (!millidegrees) continue;
    const double celsius = static_cast<double>(*millidegrees) / 1000.0;
    if (IsCpuZone(zone.type) && !cpu_clusters.empty()) {
      for (const std::string& cluster : cpu_clusters) {
        readings.push_back({zone.type, cluster, celsius});
      }
    } else {
      readings.push_back({zone.type, "", celsius});
    }
  }
  return readings;
}

std::string Thermal::CapOf(const std::vector<int>& cpus) const {
  for (const Entry& device : cooling_) {
    if (Throttles(device.type, cpus) &&
        ReadNumber(*device.attributes, "cur_state").value_or(0) > 0) {
      return "thermal";
    }
  }
  return "";
}

}  // namespace dynofa::hardware::sysfs
