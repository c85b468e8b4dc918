#include "daemon/hardware/sysfs/thermal.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "daemon/base/strings.h"
#include "daemon/hardware/sysfs/class_folder.h"
#include "daemon/hardware/sysfs/frequency_unit.h"

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

std::optional<double> ParseCelsius(std::string_view text) {
  const auto millidegrees = ParseWhole(text);
  if (!millidegrees) return std::nullopt;
  const double celsius = static_cast<double>(*millidegrees) / 1000.0;
  if (celsius < kColdest || celsius > kHottest) return std::nullopt;
  return celsius;
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
  const auto text = attributes.Read(name);
  return text.ok() ? ParseCelsius(*text) : std::nullopt;
}

Thermal::Thermal(const std::string& root)
    : zone_source_{root + "/class/thermal", "thermal_zone", "type", "temp"},
      hwmon_source_{root + "/class/hwmon", "", "name", "temp1_input"} {
  for (FoundDevice& zone : DevicesIn(zone_source_.folder, zone_source_.prefix)) {
    const std::string type = ReadLine(*zone.attributes, zone_source_.type);
    if (type.empty()) continue;
    std::vector<Trip> trips = TripsOf(*zone.attributes);
    AddZone(zone_source_, type, std::move(zone.attributes), std::move(trips));
  }
  for (FoundDevice& device : DevicesIn(zone_source_.folder, "cooling_device")) {
    std::string type = ReadLine(*device.attributes, "type");
    if (!type.empty()) cooling_.push_back({std::move(type), std::move(device.attributes)});
  }
}

void Thermal::AddZone(const Source& source, const std::string& type,
                      std::unique_ptr<Attributes> attributes, std::vector<Trip> trips) {
  Zone zone;
  zone.source = &source;
  zone.type = type;
  zone.place = static_cast<int>(std::count_if(zones_.begin(), zones_.end(), [&](const Zone& other) {
    return other.source == &source && other.type == type;
  }));
  zone.attributes = std::move(attributes);
  zones_.push_back(std::move(zone));
  infos_.push_back({type, std::move(trips)});
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
  if (!cpus_have_one) AddSensorsOfCpus(cpus);
}

void Thermal::AddSensorsOfCpus(const std::vector<std::string>& clusters) {
  for (FoundDevice& device : DevicesIn(hwmon_source_.folder)) {
    const std::string name = ReadLine(*device.attributes, hwmon_source_.type);
    if (std::find(kCpuSensors.begin(), kCpuSensors.end(), name) == kCpuSensors.end()) continue;
    std::vector<Trip> trips;
    for (const char* limit : {"max", "crit"}) {
      const auto celsius = ReadCelsius(*device.attributes, base::StrCat("temp1_", limit));
      if (celsius)
        trips.push_back({limit == std::string_view("max") ? "hot" : "critical", *celsius});
    }
    AddZone(hwmon_source_, name, std::move(device.attributes), std::move(trips));
    zones_.back().clusters = clusters;
  }
}

std::optional<double> Thermal::ReadZone(Zone& zone) {
  const auto text = zone.attributes->Read(zone.source->temperature);
  // EAGAIN: the power domain of the sensor is off, and what it measures with it.
  if (absl::IsUnavailable(text.status())) return zone.last;
  return zone.last = text.ok() ? ParseCelsius(*text) : std::nullopt;
}

void Thermal::FindAgain(Zone& zone) {
  int place = 0;
  for (FoundDevice& device : DevicesIn(zone.source->folder, zone.source->prefix)) {
    if (ReadLine(*device.attributes, zone.source->type) != zone.type) continue;
    if (place++ < zone.place) continue;
    zone.attributes = std::move(device.attributes);
    return;
  }
}

std::vector<ZoneReading> Thermal::Read() {
  std::lock_guard lock(mutex_);
  std::vector<ZoneReading> readings;
  for (Zone& zone : zones_) {
    std::optional<double> celsius = ReadZone(zone);
    if (!celsius) {
      FindAgain(zone);
      celsius = ReadZone(zone);
    }
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
