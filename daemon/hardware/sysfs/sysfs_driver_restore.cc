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

absl::Status SysfsBoardDriver::ReleaseWherever(ClockCluster& cluster) {
  absl::Status released = cluster.Release();
  if (!released.ok() && !cluster.Read().available && FindAgain(cluster)) {
    released = cluster.Release();
  }
  NoteLeftover(cluster.identity(), !released.ok());
  return released;
}

absl::Status SysfsBoardDriver::ReleaseCluster(const std::string& cluster) {
  const auto found = clusters_.find(cluster);
  if (found == clusters_.end()) return absl::OkStatus();
  const Turnstile::Use use(found->second->turn);
  return ReleaseWherever(*found->second->cluster);
}

void SysfsBoardDriver::RestoreEarlier() {
  for (const std::string& device : journal_.Devices()) {
    const auto owner = std::find_if(clusters_.begin(), clusters_.end(), [&](const auto& entry) {
      return entry.second->identity == device;
    });
    if (owner == clusters_.end()) {
      base::LogWarning("the journal names \"", device,
                       "\", which is not there: it is put back when it appears");
      NoteLeftover(device, true);
      continue;
    }
    const absl::Status restored = ReleaseWherever(*owner->second->cluster);
    if (restored.ok()) {
      base::LogInfo("restored ", owner->first, ", which a process that was killed had changed");
    } else {
      base::LogError(base::FromAbsl(restored.message()));
    }
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
    if (left.erase(guarded->identity) == 0) continue;
    const Turnstile::Use use(guarded->turn, kPatience);
    // It may have been taken into use meanwhile.
    if (!use.granted() || !IsLeftover(guarded->identity)) continue;
    if (ReleaseWherever(*guarded->cluster).ok())
      base::LogInfo("restored ", id, ", which can be set again");
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
