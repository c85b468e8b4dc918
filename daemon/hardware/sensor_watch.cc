#include "daemon/hardware/sensor_watch.h"

#include <algorithm>

#include "daemon/base/log.h"

namespace dynofa::hardware {
namespace {

using policies::ClusterInfo;

constexpr base::Duration kSilence = std::chrono::seconds(1);
constexpr int kSilences = 2;
constexpr base::Duration kFrozen = std::chrono::seconds(30);
constexpr double kHarder = 0.2;
constexpr double kBlindShare = 0.5;

// The highest frequency within the share of the highest one at which a blind cluster may run.
std::int64_t BlindKhz(const ClusterInfo& info) {
  const auto& table = info.frequencies_khz;
  const auto most = static_cast<std::int64_t>(kBlindShare * static_cast<double>(table.back()));
  const auto above = std::upper_bound(table.begin(), table.end(), most);
  return above == table.begin() ? table.front() : *(above - 1);
}

void CapAt(std::int64_t khz, ClusterReading& reading) {
  if (reading.limit_khz > 0 && reading.limit_khz <= khz) return;
  reading.limit_khz = khz;
  reading.limited_by = SensorWatch::kReason;
}

}  // namespace

void SensorWatch::TakeLoads(const std::vector<ClusterLoad>& loads) {
  loads_.clear();
  for (const ClusterLoad& load : loads) loads_[load.cluster] = load;
}

SensorWatch::Activity SensorWatch::ActivityOf(const ClusterInfo& info,
                                              const ClusterReading& reading) const {
  Activity activity;
  activity.held = reading.max_khz > 0 && reading.min_khz == reading.max_khz;
  double share = reading.foreign_load;
  if (const auto own = loads_.find(info.id); own != loads_.end()) {
    share += std::max(own->second.busy, own->second.cpus) / std::max(info.cores, 1);
  }
  const std::int64_t highest = info.frequencies_khz.empty() ? 0 : info.frequencies_khz.back();
  if (highest <= 0) return activity;
  const double clock = static_cast<double>(reading.frequency_khz) / static_cast<double>(highest);
  activity.effort = std::min(share, 1.0) * std::min(clock, 1.0);
  return activity;
}

void SensorWatch::NoteValue(base::TimePoint now, double value, const Activity& activity,
                            Sensor& sensor) {
  if (sensor.value != value) {
    sensor = {.value = value, .effort = activity.effort};
    return;
  }
  sensor.effort = std::min(sensor.effort, activity.effort);
  if (activity.effort < sensor.effort + kHarder) {
    sensor.harder_since.reset();
    return;
  }
  if (!sensor.harder_since) sensor.harder_since = now;
  if (activity.held && now - *sensor.harder_since >= kFrozen) sensor.failed = true;
}

void SensorWatch::NoteSilence(base::TimePoint now, const Activity& activity, Sensor& sensor) {
  if (sensor.value) {
    sensor.value.reset();
    sensor.silent_since = now;
    sensor.silences = 0;
  }
  sensor.silences = std::min(sensor.silences + 1, kSilences);
  const bool silent = sensor.silences == kSilences && now - sensor.silent_since >= kSilence;
  if (activity.held && silent) sensor.failed = true;
}

void SensorWatch::NoteZones(base::TimePoint now, std::map<std::string, Activity>& activities,
                            BoardReading& reading) {
  std::set<Key> heard;
  const auto not_believed = [&](const ZoneReading& zone) {
    if (zone.cluster.empty()) return false;
    Key key{zone.type, zone.cluster, 0};
    while (!heard.insert(key).second) ++std::get<int>(key);
    Sensor& sensor = sensors_[key];
    NoteValue(now, zone.temperature_c, activities[zone.cluster], sensor);
    return sensor.failed;
  };
  std::vector<ZoneReading> believed;
  for (ZoneReading& zone : reading.zones) {
    if (!not_believed(zone)) believed.push_back(std::move(zone));
  }
  reading.zones = std::move(believed);
  for (auto& [key, sensor] : sensors_) {
    if (heard.count(key) == 0) NoteSilence(now, activities[std::get<1>(key)], sensor);
  }
}

bool SensorWatch::IsBlind(const std::string& cluster) const {
  bool any = false;
  for (const auto& [key, sensor] : sensors_) {
    if (std::get<1>(key) != cluster) continue;
    if (!sensor.failed) return false;
    any = true;
  }
  return any;
}

void SensorWatch::Look(base::TimePoint now, const std::vector<ClusterInfo>& clusters,
                       BoardReading& reading) {
  std::map<std::string, Activity> activities;
  for (std::size_t i = 0; i < clusters.size() && i < reading.clusters.size(); ++i) {
    activities[clusters[i].id] = ActivityOf(clusters[i], reading.clusters[i]);
  }
  NoteZones(now, activities, reading);
  for (std::size_t i = 0; i < clusters.size() && i < reading.clusters.size(); ++i) {
    const ClusterInfo& info = clusters[i];
    const bool blind = IsBlind(info.id);
    if (blind && blind_.insert(info.id).second) {
      base::LogWarning(info.id, ": its temperature is not known any more");
    } else if (!blind && blind_.erase(info.id) > 0) {
      base::LogInfo(info.id, ": its temperature is known again");
    }
    if (blind && !info.frequencies_khz.empty()) CapAt(BlindKhz(info), reading.clusters[i]);
  }
}

}  // namespace dynofa::hardware
