#include "daemon/hardware/sysfs/sysfs_driver.h"

#include <algorithm>
#include <fstream>
#include <thread>
#include <utility>

#include "daemon/base/log.h"
#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/hardware/journal/restore_rule.h"

namespace dynofa::hardware::sysfs {
namespace {

// A write takes microseconds, its settling milliseconds; a cluster that is held for longer than
// this hangs in the kernel.
constexpr base::Duration kReadPatience = std::chrono::milliseconds(100);

std::string CpuFolder(const std::string& root) { return base::StrCat(root, "/devices/system/cpu"); }

absl::StatusOr<std::vector<int>> OnlineCpus(const std::string& root) {
  DYNOFA_ASSIGN_OR_RETURN(const auto attributes, OpenAttributes(CpuFolder(root)));
  DYNOFA_ASSIGN_OR_RETURN(const std::string text, attributes->Read("online"));
  std::vector<int> cpus = ParseCpuList(text);
  if (cpus.empty()) return absl::NotFoundError(base::StrCat(root, ": no CPU is online"));
  return cpus;
}

// What the firmware calls the machine, or nothing.
std::string MachineName(const std::string& root) {
  for (const char* folder : {"/firmware/devicetree/base", "/devices/virtual/dmi/id"}) {
    const auto attributes = OpenAttributes(base::StrCat(root, folder));
    if (!attributes.ok()) continue;
    for (const char* name : {"model", "product_name"}) {
      const auto text = (*attributes)->Read(name);
      if (!text.ok()) continue;
      std::string model(journal::Trimmed(*text));
      std::erase(model, '\0');
      if (!model.empty()) return model;
    }
  }
  return "";
}

void Sleep(base::Duration duration) { std::this_thread::sleep_for(duration); }

}  // namespace

absl::StatusOr<std::string> ReadBootId(const std::string& path) {
  std::ifstream stream(path);
  std::string id;
  if (!std::getline(stream, id) || id.empty()) {
    return absl::NotFoundError(base::StrCat(path, ": no boot id"));
  }
  return id;
}

class SysfsBoardDriver::Use {
 public:
  explicit Use(Guarded& guarded) : guarded_(guarded) {
    std::unique_lock lock(guarded_.mutex);
    guarded_.freed.wait(lock, [&] { return !guarded_.busy; });
    guarded_.busy = granted_ = true;
  }
  Use(Guarded& guarded, base::Duration patience) : guarded_(guarded) {
    std::unique_lock lock(guarded_.mutex);
    granted_ = guarded_.freed.wait_for(lock, patience, [&] { return !guarded_.busy; });
    if (granted_) guarded_.busy = true;
  }
  ~Use() {
    if (!granted_) return;
    std::lock_guard lock(guarded_.mutex);
    guarded_.busy = false;
    guarded_.freed.notify_one();
  }
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;

  bool granted() const { return granted_; }

 private:
  Guarded& guarded_;
  bool granted_ = false;
};

SysfsBoardDriver::SysfsBoardDriver(const std::string& root)
    : thermal_(base::StrCat(root, "/class/thermal")) {}

absl::StatusOr<std::unique_ptr<SysfsBoardDriver>> SysfsBoardDriver::Create(
    const Options& options, journal::Journal& journal) {
  DYNOFA_ASSIGN_OR_RETURN(const std::vector<int> online, OnlineCpus(options.root));
  std::unique_ptr<SysfsBoardDriver> driver(new SysfsBoardDriver(options.root));
  const ClusterWorld world{
      .cap = [thermal = &driver->thermal_](const auto& cpus) { return thermal->CapOf(cpus); },
      .pause = options.pause ? options.pause : Sleep};
  const std::string folder = CpuFolder(options.root) + "/cpufreq";
  for (const std::string& name : ListFolder(folder)) {
    auto attributes = OpenAttributes(base::StrCat(folder, "/", name));
    if (!attributes.ok()) continue;
    auto device = ProbeCpufreq(*std::move(attributes), online);
    if (!device.ok()) continue;
    driver->AddCluster(std::make_unique<ClockCluster>(*std::move(device), journal, world));
  }
  std::sort(driver->info_.clusters.begin(), driver->info_.clusters.end(),
            [](const auto& a, const auto& b) { return a.host_cpus < b.host_cpus; });
  const std::string machine = MachineName(options.root);
  driver->info_.name =
      base::StrCat(machine.empty() ? "this machine" : machine, ", ", online.size(), " CPUs");
  if (driver->clusters_.empty()) driver->AddClusterWithoutKnobs(online);
  if (driver->thermal_.zones() == 0) driver->info_.notes.push_back("no thermal zones");
  driver->RestoreLeftovers(journal);
  return driver;
}

void SysfsBoardDriver::AddCluster(std::unique_ptr<ClockCluster> cluster) {
  const policies::ClusterInfo& info = cluster->info();
  if (clusters_.count(info.id) != 0) return;
  info_.clusters.push_back(info);
  if (!info.writable) info_.notes.push_back(info.read_only_reason);
  cpu_clusters_.push_back(info.id);
  auto guarded = std::make_unique<Guarded>();
  guarded->last.cluster = info.id;
  guarded->cluster = std::move(cluster);
  clusters_[info_.clusters.back().id] = std::move(guarded);
}

void SysfsBoardDriver::AddClusterWithoutKnobs(const std::vector<int>& online) {
  policies::ClusterInfo info;
  info.id = base::StrCat("cpu", online.front());
  info.host_cpus = online;
  info.cores = static_cast<int>(online.size());
  info.read_only_reason =
      "the kernel has no cpufreq policy on this machine: the CPUs run at the "
      "speed they have";
  info_.notes.push_back(info.read_only_reason);
  cpu_clusters_.push_back(info.id);
  info_.clusters.push_back(std::move(info));
}

void SysfsBoardDriver::RestoreLeftovers(journal::Journal& journal) {
  for (const std::string& device : journal.Devices()) {
    const auto owner = std::find_if(clusters_.begin(), clusters_.end(), [&](const auto& entry) {
      return entry.second->cluster->identity() == device;
    });
    if (owner == clusters_.end()) {
      base::LogWarning("the journal names \"", device, "\", which is not there: not restored");
      continue;
    }
    const absl::Status restored = owner->second->cluster->Release();
    if (restored.ok()) {
      base::LogInfo("restored ", owner->first, ", which a process that was killed had changed");
    } else {
      base::LogError(base::FromAbsl(restored.message()));
    }
  }
}

ApplyResult SysfsBoardDriver::Apply(const std::vector<policies::ClusterSetting>& settings) {
  ApplyResult result;
  for (const policies::ClusterSetting& setting : settings) {
    result.outcomes.push_back(ApplyOne(setting));
  }
  return result;
}

SettingOutcome SysfsBoardDriver::ApplyOne(const policies::ClusterSetting& setting) {
  if (const auto found = clusters_.find(setting.cluster); found != clusters_.end()) {
    const Use use(*found->second);
    return found->second->cluster->Apply(setting);
  }
  SettingOutcome outcome{.cluster = setting.cluster, .requested = setting};
  outcome.status = absl::NotFoundError(base::StrCat("no cluster \"", setting.cluster, "\""));
  for (const policies::ClusterInfo& info : info_.clusters) {
    if (info.id == setting.cluster) {
      outcome.status = absl::FailedPreconditionError(info.read_only_reason);
    }
  }
  return outcome;
}

absl::StatusOr<BoardReading> SysfsBoardDriver::Read() {
  BoardReading reading;
  for (const policies::ClusterInfo& info : info_.clusters) {
    const auto found = clusters_.find(info.id);
    if (found != clusters_.end()) {
      reading.clusters.push_back(ReadOne(*found->second));
    } else {
      reading.clusters.push_back({.cluster = info.id});
    }
  }
  reading.zones = thermal_.Read(cpu_clusters_);
  return reading;
}

ClusterReading SysfsBoardDriver::ReadOne(Guarded& guarded) {
  const Use use(guarded, kReadPatience);
  if (!use.granted()) {
    std::lock_guard lock(guarded.mutex);
    ClusterReading stale = guarded.last;
    stale.limited_by = "stuck";
    return stale;
  }
  ClusterReading fresh = guarded.cluster->Read();
  std::lock_guard lock(guarded.mutex);
  return guarded.last = std::move(fresh);
}

absl::Status SysfsBoardDriver::ReleaseCluster(const std::string& cluster) {
  const auto found = clusters_.find(cluster);
  if (found == clusters_.end()) return absl::OkStatus();
  const Use use(*found->second);
  return found->second->cluster->Release();
}

}  // namespace dynofa::hardware::sysfs
