// Putting the board back, wherever its devices are by then: clusters that went and came back, and
// devices that appear after the start.

#include <algorithm>
#include <utility>

#include "daemon/base/log.h"
#include "daemon/base/strings.h"
#include "daemon/hardware/sysfs/accelerators.h"
#include "daemon/hardware/sysfs/sysfs_driver.h"

namespace dynofa::hardware::sysfs {
namespace {

// Of clocks that have appeared; a reading is one message.
constexpr std::size_t kMostTold = 16;

// One that cannot be read is offline.
bool CanBeRead(const ClockDevice& device) { return device.attributes->Read(device.max).ok(); }

}  // namespace

std::vector<ClockDevice> SysfsBoardDriver::DevicesNow() {
  std::vector<ClockDevice> devices;
  {
    std::lock_guard lock(mutex_);
    processors_.ReadOnline();
    devices = processors_.Policies();
  }
  Accelerators found = FindAccelerators(root_);
  for (ClockedAccelerator& one : found.clocked) devices.push_back(std::move(one.clock));
  return devices;
}

std::optional<ClockDevice> SysfsBoardDriver::FindDevice(const std::string& identity) {
  for (ClockDevice& device : DevicesNow()) {
    if (device.identity == identity && CanBeRead(device)) return std::move(device);
  }
  return std::nullopt;
}

std::vector<policies::ClusterInfo> SysfsBoardDriver::FindAppeared() {
  std::set<std::string> known;
  for (const auto& [id, guarded] : clusters_) {
    known.insert(guarded->identities.begin(), guarded->identities.end());
  }
  std::vector<policies::ClusterInfo> appeared;
  for (ClockDevice& device : DevicesNow()) {
    if (known.count(device.identity) != 0 || IsLeftover(device.identity)) continue;
    if (!CanBeRead(device) || appeared.size() == kMostTold) continue;
    // Who opens the board anew gets the rest.
    device.info.frequencies_khz.clear();
    device.info.governors.clear();
    appeared.push_back(std::move(device.info));
  }
  return appeared;
}

void SysfsBoardDriver::ReadAppeared(BoardReading& reading) {
  const auto changed = [&] {
    std::lock_guard lock(mutex_);
    return folders_.Look(clock_.Now());
  };
  if (changed()) {
    std::vector<policies::ClusterInfo> appeared = FindAppeared();
    std::lock_guard lock(mutex_);
    for (const policies::ClusterInfo& cluster : appeared) {
      base::LogInfo(cluster.id, ": its clock has appeared since the start; the next client has it");
    }
    appeared_ = std::move(appeared);
  }
  std::lock_guard lock(mutex_);
  reading.appeared = appeared_;
}

// Without the lock, which whoever looks at devices may hold for long.
bool SysfsBoardDriver::MayBeOutdated() { return folders_.Differs(); }

bool SysfsBoardDriver::IsOutdated() {
  std::set<std::string> left;
  {
    std::lock_guard lock(leftovers_mutex_);
    left = leftovers_;
  }
  // What is there gets its baseline soon. Another driver would not know that the kernel has begun
  // with it anew.
  const auto is_there = [&](const std::string& device) { return FindDevice(device).has_value(); };
  return std::none_of(left.begin(), left.end(), is_there) && !FindAppeared().empty();
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
    if (!RestoreLate(identity)) continue;
    NoteLeftover(identity, false);
    std::lock_guard lock(mutex_);
    folders_.Disturb();
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
    base::LogInfo("restored ", cluster.info().id, ", which appeared after the start");
  }
  return restored.ok();
}

}  // namespace dynofa::hardware::sysfs
