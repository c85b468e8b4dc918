#include "daemon/hardware/sysfs/cluster_group.h"

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>

#include "daemon/hardware/sysfs/clock_transaction.h"

namespace dynofa::hardware::sysfs {
namespace {

// What two policies must have in common to be set alike.
auto OfferOf(const ClockDevice& device) {
  const policies::ClusterInfo& info = device.info;
  return std::tie(info.driver, info.governors, info.frequencies_khz, info.continuous, info.capacity,
                  info.writable, device.hardware_max_khz);
}

void TakeStricter(const ClusterReading& other, ClusterReading& reading) {
  reading.min_khz = std::min(reading.min_khz, other.min_khz);
  reading.max_khz = std::min(reading.max_khz, other.max_khz);
  reading.frequency_khz = std::max(reading.frequency_khz, other.frequency_khz);
  reading.forgotten = reading.forgotten || other.forgotten;
  const bool lower =
      other.limit_khz > 0 && (reading.limit_khz == 0 || other.limit_khz < reading.limit_khz);
  if (lower) reading.limit_khz = other.limit_khz;
  if (lower || reading.limited_by.empty()) reading.limited_by = other.limited_by;
  for (const std::string& knob : other.left_to_others) {
    auto& left = reading.left_to_others;
    if (std::find(left.begin(), left.end(), knob) == left.end()) left.push_back(knob);
  }
}

}  // namespace

SettingOutcome ClusterGroup::Apply(const policies::ClusterSetting& setting) {
  std::vector<ClockCluster*> there;
  for (const auto& clock : clocks_) {
    if (clocks_.size() == 1 || clock->IsThere()) there.push_back(clock.get());
  }
  if (there.empty()) there.push_back(clocks_.front().get());
  std::vector<SettingOutcome> outcomes = ApplyTogether(there, journal_, setting);
  const auto slowest = std::min_element(
      outcomes.begin(), outcomes.end(),
      [](const auto& a, const auto& b) { return a.effective.max_khz < b.effective.max_khz; });
  if (slowest->status.ok()) holding_.emplace(there.begin(), there.end());
  slowest->effective.cluster = info_.id;
  return std::move(*slowest);
}

ClusterReading ClusterGroup::Read() {
  std::optional<ClusterReading> reading;
  complete_ = true;
  for (const auto& clock : clocks_) {
    ClusterReading one = clock->Read();
    complete_ = complete_ && one.available;
    if (!one.available) continue;
    // It was not there when the others were set.
    one.forgotten = one.forgotten || (holding_ && holding_->count(clock.get()) == 0);
    if (reading) {
      TakeStricter(one, *reading);
    } else {
      reading = std::move(one);
    }
  }
  if (!reading) reading.emplace().available = false;
  reading->cluster = info_.id;
  return *std::move(reading);
}

std::vector<std::vector<ClockDevice>> GroupPolicies(std::vector<ClockDevice> policies,
                                                    std::size_t most,
                                                    const std::function<int(int)>& package) {
  const std::size_t size = (policies.size() + most - 1) / most;
  std::vector<std::vector<ClockDevice>> groups;
  const auto fits = [&](const std::vector<ClockDevice>& group, const ClockDevice& policy) {
    const ClockDevice& first = group.front();
    return group.size() < size && first.related_cpus.size() == 1 &&
           policy.related_cpus.size() == 1 && OfferOf(first) == OfferOf(policy) &&
           package(first.related_cpus.front()) == package(policy.related_cpus.front());
  };
  for (ClockDevice& policy : policies) {
    if (groups.empty() || !fits(groups.back(), policy)) groups.emplace_back();
    groups.back().push_back(std::move(policy));
  }
  return groups;
}

policies::ClusterInfo InfoOfGroup(const std::vector<ClockDevice>& devices) {
  policies::ClusterInfo info = devices.front().info;
  for (std::size_t i = 1; i < devices.size(); ++i) {
    const policies::ClusterInfo& other = devices[i].info;
    info.cores += other.cores;
    info.host_cpus.insert(info.host_cpus.end(), other.host_cpus.begin(), other.host_cpus.end());
  }
  std::sort(info.host_cpus.begin(), info.host_cpus.end());
  return info;
}

}  // namespace dynofa::hardware::sysfs
