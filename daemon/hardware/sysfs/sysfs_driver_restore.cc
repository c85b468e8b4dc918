// Putting the board back, wherever its devices are by then: clusters that went and came back, and
// devices that appear after the start.

#include <algorithm>
#include <utility>

#include "daemon/base/log.h"
#include "daemon/base/strings.h"
#include "daemon/hardware/sysfs/accelerators.h"
#include "daemon/hardware/sysfs/sysfs_driver.h"

namespace dynofa::hardware::sysfs {

std::optional<ClockDevice> SysfsBoardDriver::FindDevice(const std::string& identity) {
  // One that cannot be read is offline, not another one.
  const auto is = [&](const ClockDevice& device) {
    return device.identity == identity && device.attributes->Read(device.max).ok();
  };
  std::vector<ClockDevice> policies;
  {
    std::lock_guard lock(mutex_);
    policies = processors_.Policies();
  }
  for (ClockDevice& policy : policies) {
    if (is(policy)) return std::move(policy);
  }
  Accelerators found = FindAccelerators(root_);
  for (ClockedAccelerator& one : found.clocked) {
    if (is(one.clock)) return std::move(one.clock);
  }
  return std::nullopt;
}

bool SysfsBoardDriver::FindAgain(ClockCluster& cluster) {
  std::optional<ClockDevice> device = FindDevice(cluster.identity());
  if (!device) return false;
  base::LogInfo(cluster.info().id, ": its clock went away and is back");
  cluster.Reattach(*std::move(device));
  return true;
}

bool SysfsBoardDriver::FindAgain(ClusterGroup& group, const std::vector<int>& online) {
  bool found = false;
  for (const auto& clock : group.clocks()) {
    const std::vector<int>& cpus = clock->related_cpus();
    // The policy of CPUs that are offline cannot be back.
    const bool off = !cpus.empty() && std::none_of(cpus.begin(), cpus.end(), [&](int cpu) {
      return std::binary_search(online.begin(), online.end(), cpu);
    });
    if (!off && !clock->IsThere()) found = FindAgain(*clock) || found;
  }
  return found;
}

absl::Status SysfsBoardDriver::ReleaseWherever(ClusterGroup& group) {
  absl::Status first;
  for (const auto& clock : group.clocks()) {
    absl::Status released = clock->PutBack();
    if (!released.ok() && !clock->IsThere() && FindAgain(*clock)) released = clock->PutBack();
    NoteLeftover(clock->identity(), !released.ok());
    first.Update(released);
  }
  group.NoteReleased();
  first.Update(journal_.StoreStaged());
  return first;
}

absl::Status SysfsBoardDriver::ReleaseCluster(const std::string& cluster) {
  const auto found = clusters_.find(cluster);
  if (found == clusters_.end()) return absl::OkStatus();
  const Turnstile::Use use(found->second->turn);
  return ReleaseWherever(*found->second->group);
}

void SysfsBoardDriver::RestoreEarlier() {
  std::vector<std::string> left = journal_.Devices();
  for (const auto& [id, guarded] : clusters_) {
    const auto named = std::erase_if(left, [&, &clocks = guarded->identities](const auto& device) {
      return std::find(clocks.begin(), clocks.end(), device) != clocks.end();
    });
    if (named == 0) continue;
    const absl::Status restored = ReleaseWherever(*guarded->group);
    if (restored.ok()) {
      base::LogInfo("restored ", id, ", which a process that was killed had changed");
    } else {
      base::LogError(base::FromAbsl(restored.message()));
    }
  }
  for (const std::string& device : left) {
    base::LogWarning("the journal names \"", device,
                     "\", which is not there: it is put back when it appears");
    NoteLeftover(device, true);
  }
}

void SysfsBoardDriver::NoteLeftover(const std::string& identity, bool left) {
  std::lock_guard lock(leftovers_mutex_);
  if (left) {
    leftovers_.insert(identity);
  } else {
    leftovers_.erase(identity);
  }
}

bool SysfsBoardDriver::IsLeftover(const std::string& identity) {
  std::lock_guard lock(leftovers_mutex_);
  return leftovers_.count(identity) != 0;
}

bool SysfsBoardDriver::HasLeftovers() {
  std::lock_guard lock(leftovers_mutex_);
  return !leftovers_.empty();
}

void SysfsBoardDriver::RestoreLeftovers() {
  std::set<std::string> left;
  {
    std::lock_guard lock(leftovers_mutex_);
    left = leftovers_;
  }
  for (const auto& [id, guarded] : clusters_) {
    const auto& clocks = guarded->identities;
    const auto is_left = [&](const std::string& clock) { return IsLeftover(clock); };
    for (const std::string& clock : clocks) left.erase(clock);
    if (std::none_of(clocks.begin(), clocks.end(), is_left)) continue;
    const Turnstile::Use use(guarded->turn, kPatience);
    // It may have been taken into use meanwhile.
    if (!use.granted() || std::none_of(clocks.begin(), clocks.end(), is_left)) continue;
    if (ReleaseWherever(*guarded->group).ok()) {
      base::LogInfo("restored ", id, ", which can be set again");
    }
  }
  for (const std::string& identity : left) {
    if (RestoreLate(identity)) NoteLeftover(identity, false);
  }
}

bool SysfsBoardDriver::RestoreLate(const std::string& identity) {
  std::optional<ClockDevice> device = FindDevice(identity);
  if (!device) return false;
  // What it shows now follows from nobody's setting, so that no cap need explain it.
  ClockCluster cluster(*std::move(device), journal_, WorldOf([] { return 0; }));
  cluster.BeginAnew();
  const absl::Status restored = cluster.Release();
  if (restored.ok()) {
    base::LogInfo("restored ", cluster.info().id,
                  ", which appeared after the start; it is used after the next one");
  }
  return restored.ok();
}

}  // namespace dynofa::hardware::sysfs
