#include "daemon/hardware/sysfs/thermal.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "daemon/base/strings.h"
#include "daemon/hardware/sysfs/class_folder.h"

namespace dynofa::hardware::sysfs {
namespace {

using policies::ClusterInfo;
using policies::ClusterKind;

constexpr std::string_view kCpuCooling = "cpufreq-cpu";
// A zone of the kernel has at most so many (THERMAL_MAX_TRIPS).
constexpr int kMostTrips = 12;
// Cooling devices have a few states; so many in all cannot overflow a sum.
constexpr long kMostStates = 1'000'000;
// What a sensor without power or contact shows lies outside.
constexpr double kColdest = -60.0;
constexpr double kHottest = 200.0;
// Drivers of the sensors on CPUs; their first sensor is the package's.
constexpr std::array<std::string_view, 3> kCpuSensors = {"coretemp", "k10temp", "zenpower"};

bool Has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// Whether a cooling device of this type throttles one of the CPUs. "cpufreq-cpu4" names the first
// CPU of a policy; ACPI ("Processor") and older kernels ("thermal-cpufreq-0") do not say which.
bool Throttles(std::string_view type, const std::vector<int>& cpus) {
  if (type == "Processor" || type.substr(0, 15) == "thermal-cpufreq") return true;
  if (type.substr(0, kCpuCooling.size()) != kCpuCooling) return false;
  const std::vector<int> named = ParseCpuList(type.substr(kCpuCooling.size()));
  return named.size() == 1 && std::find(cpus.begin(), cpus.end(), named[0]) != cpus.end();
}

// "devfreq-17000000.gpu" names the device, "thermal-devfreq-0" of older kernels does not.
bool Throttles(std::string_view type, const std::string& device) {
  return type == base::StrCat("devfreq-", device) || type.substr(0, 15) == "thermal-devfreq";
}

long StateOf(Attributes& cooling) {
  return std::clamp<long>(ReadNumber(cooling, "cur_state").value_or(0), 0, kMostStates);
}

std::vector<Trip> TripsOf(Attributes& zone) {
  std::vector<Trip> trips;
  for (int i = 0; i < kMostTrips; ++i) {
    const std::string name = base::StrCat("trip_point_", i);
    const auto celsius = ReadCelsius(zone, name + "_temp");
    if (celsius) trips.push_back({ReadLine(zone, name + "_type"), *celsius});
  }
  return trips;
}

std::vector<std::string> Ids(const std::vector<ClusterInfo>& clusters, ClusterKind kind,
                             int capacity = -1) {
  std::vector<std::string> ids;
  for (const ClusterInfo& cluster : clusters) {
    const bool wanted = capacity < 0 || cluster.capacity == capacity;
    if (cluster.kind == kind && wanted) ids.push_back(cluster.id);
  }
  return ids;
}

}  // namespace

std::vector<std::string> ClustersOfZone(const std::string& type,
                                        const std::vector<ClusterInfo>& clusters) {
  const std::string text = Lower(type);
  if (Has(text, "gpu")) return Ids(clusters, ClusterKind::kGpu);
  if (Has(text, "npu")) return Ids(clusters, ClusterKind::kNpu);
  int least = 0, most = 0;
  for (const ClusterInfo& cluster : clusters) {
    if (cluster.kind != ClusterKind::kCpu) continue;
    least = least == 0 ? cluster.capacity : std::min(least, cluster.capacity);
    most = std::max(most, cluster.capacity);
  }
  if (Has(text, "little")) return Ids(clusters, ClusterKind::kCpu, least);
  if (Has(text, "big")) return Ids(clusters, ClusterKind::kCpu, most);
  const bool cpu = Has(text, "cpu") || text == "x86_pkg_temp" || text == "soc-thermal";
  return cpu ? Ids(clusters, ClusterKind::kCpu) : std::vector<std::string>();
}

std::optional<double> ReadCelsius(Attributes& attributes, const std::string& name) {
  const auto millidegrees = ReadNumber(attributes, name);
  if (!millidegrees) return std::nullopt;
  const double celsius = static_cast<double>(*millidegrees) / 1000.0;
  if (celsius < kColdest || celsius > kHottest) return std::nullopt;
  return celsius;
}

Thermal::Thermal(const std::string& root) : root_(root) {
  const std::string folder = root + "/class/thermal";
  for (FoundDevice& zone : DevicesIn(folder, "thermal_zone")) {
    const std::string type = ReadLine(*zone.attributes, "type");
    if (type.empty()) continue;
    infos_.push_back({type, TripsOf(*zone.attributes)});
    zones_.push_back({type, "temp", std::move(zone.attributes), {}});
  }
  for (FoundDevice& device : DevicesIn(folder, "cooling_device")) {
    std::string type = ReadLine(*device.attributes, "type");
    if (!type.empty()) cooling_.push_back({std::move(type), std::move(device.attributes)});
  }
}

void Thermal::Assign(const std::vector<ClusterInfo>& clusters) {
  bool cpus_have_one = false;
  const std::vector<std::string> cpus = Ids(clusters, ClusterKind::kCpu);
  for (Zone& zone : zones_) {
    zone.clusters = ClustersOfZone(zone.type, clusters);
    for (const std::string& id : zone.clusters) {
      cpus_have_one = cpus_have_one || std::find(cpus.begin(), cpus.end(), id) != cpus.end();
    }
  }
  if (!cpus_have_one) AddSensorsOfCpus(root_ + "/class/hwmon", cpus);
}

void Thermal::AddSensorsOfCpus(const std::string& folder,
                               const std::vector<std::string>& clusters) {
  for (FoundDevice& device : DevicesIn(folder)) {
    const std::string name = ReadLine(*device.attributes, "name");
    if (std::find(kCpuSensors.begin(), kCpuSensors.end(), name) == kCpuSensors.end()) continue;
    std::vector<Trip> trips;
    for (const char* limit : {"max", "crit"}) {
      const auto celsius = ReadCelsius(*device.attributes, base::StrCat("temp1_", limit));
      if (celsius)
        trips.push_back({limit == std::string_view("max") ? "hot" : "critical", *celsius});
    }
    infos_.push_back({name, std::move(trips)});
    zones_.push_back({name, "temp1_input", std::move(device.attributes), clusters});
  }
}

std::vector<ZoneReading> Thermal::Read() const {
  std::vector<ZoneReading> readings;
  for (const Zone& zone : zones_) {
    const auto celsius = ReadCelsius(*zone.attributes, zone.attribute);
    if (!celsius) continue;
    for (const std::string& cluster : zone.clusters) {
      readings.push_back({zone.type, cluster, *celsius});
    }
    if (zone.clusters.empty()) readings.push_back({zone.type, "", *celsius});
  }
  return readings;
}

long Thermal::DepthOf(const std::vector<int>& cpus) const {
  long depth = 0;
  for (const Cooling& device : cooling_) {
    if (Throttles(device.type, cpus)) depth += StateOf(*device.attributes);
  }
  return depth;
}

long Thermal::DepthOf(const std::string& name) const {
  long depth = 0;
  for (const Cooling& device : cooling_) {
    if (Throttles(device.type, name)) depth += StateOf(*device.attributes);
  }
  return depth;
}

}  // namespace dynofa::hardware::sysfs
