#include "daemon/hardware/sysfs/sysfs_driver.h"

#include <algorithm>
#include <fstream>
#include <thread>
#include <tuple>
#include <utility>

#include "daemon/base/log.h"
#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/hardware/sysfs/accelerators.h"
#include "daemon/hardware/sysfs/class_folder.h"

namespace dynofa::hardware::sysfs {
namespace {

constexpr std::int64_t kHzPerKhz = 1000;

// So many policies are a cluster each; executors, threads and decisions are per cluster.
constexpr std::size_t kMostPolicies = 16;
// Shorter than anything that heat does, longer than a look at many clocks.
constexpr base::Duration kMoment = std::chrono::milliseconds(5);

constexpr std::string_view kNvidia = "0x10de";

bool HasNvidiaGpu(const std::string& root) {
  for (const FoundDevice& device : DevicesIn(root + "/bus/pci/devices")) {
    const bool display = ReadLine(*device.attributes, "class").rfind("0x03", 0) == 0;
    if (display && ReadLine(*device.attributes, "vendor") == kNvidia) return true;
  }
  return false;
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

SysfsBoardDriver::SysfsBoardDriver(const Options& options, Processors processors,
                                   journal::Journal& journal)
    : clock_(options.clock != nullptr ? *options.clock : steady_),
      pause_(options.pause ? options.pause : Sleep),
      root_(options.root),
      foreign_writers_(options.foreign_writers),
      journal_(journal),
      thermal_(options.root),
      processors_(std::move(processors)),
      processes_(options.proc_root),
      folders_({root_ + "/devices/system/cpu/cpufreq", root_ + "/class/devfreq"}) {}

absl::StatusOr<std::unique_ptr<SysfsBoardDriver>> SysfsBoardDriver::Create(
    const Options& options, journal::Journal& journal) {
  DYNOFA_ASSIGN_OR_RETURN(Processors processors, Processors::Find(options.root));
  std::unique_ptr<SysfsBoardDriver> driver(
      new SysfsBoardDriver(options, std::move(processors), journal));
  const std::string machine = driver->processors_.MachineName();
  driver->info_.name = base::StrCat(machine.empty() ? "this machine" : machine, ", ",
                                    driver->processors_.ReadOnline().size(), " CPUs");
  driver->FindCpus();
  driver->FindOthers(options);
  driver->FindDiscreteGpus(options);
  driver->FindSensors(options);
  driver->RestoreEarlier();
  return driver;
}

void SysfsBoardDriver::FindCpus() {
  std::vector<int> left = processors_.ReadOnline();
  std::map<std::string, std::string> cluster_of;
  auto groups = GroupPolicies(processors_.Policies(), kMostPolicies,
                              [this](int cpu) { return processors_.PackageOf(cpu); });
  for (std::vector<ClockDevice>& devices : groups) {
    const std::string id = devices.front().info.id;
    if (clusters_.count(id) != 0) continue;
    std::vector<int> cpus;
    for (const ClockDevice& device : devices) {
      cluster_of[device.info.id] = id;
      cpus.insert(cpus.end(), device.related_cpus.begin(), device.related_cpus.end());
    }
    for (const int cpu : cpus) std::erase(left, cpu);
    AddClocks(std::move(devices), nullptr, [this, cpus] { return thermal_.DepthOf(cpus); });
  }
  if (!left.empty()) Show(processors_.Unclocked(left));
  ShowFindings(cluster_of);
}

void SysfsBoardDriver::ShowFindings(const std::map<std::string, std::string>& cluster_of) {
  std::set<std::tuple<std::string, std::string, std::string>> said;
  for (Finding& finding : processors_.Findings()) {
    const auto found = cluster_of.find(finding.name);
    const std::string& cluster = found == cluster_of.end() ? finding.name : found->second;
    if (said.emplace(finding.kind, cluster, finding.value).second) {
      info_.findings.push_back(std::move(finding));
    }
  }
}

void SysfsBoardDriver::FindOthers(const Options& options) {
  Accelerators found = FindAccelerators(options.root);
  for (ClockedAccelerator& one : found.clocked) {
    std::vector<ClockDevice> devices;
    devices.push_back(std::move(one.clock));
    AddClocks(std::move(devices), std::move(one.load),
              [this, device = one.device] { return thermal_.DepthOf(device); });
  }
  for (policies::ClusterInfo& info : found.others) Show(std::move(info));
  memory_ = std::move(found.memory);
  memory_attribute_ = found.memory_attribute;
  if (memory_ == nullptr) {
    info_.notes.push_back("the clock of the memory cannot be seen");
  } else {
    info_.findings.push_back({"memory-clock", "", found.memory_source, memory_attribute_});
  }
}

void SysfsBoardDriver::FindDiscreteGpus(const Options& options) {
  if (options.nvml.empty()) return;
  auto loaded = nvml::Nvml::Load(options.nvml);
  if (!loaded.ok()) {
    const bool no_library = absl::IsNotFound(loaded.status());
    if (!no_library || HasNvidiaGpu(options.root)) {
      info_.notes.push_back(base::StrCat("NVIDIA GPUs are not shown: ", loaded.status().message()));
    }
    return;
  }
  nvml_ = *std::move(loaded);
  for (const nvml::Gpu& gpu : nvml_->gpus()) {
    policies::ClusterInfo info;
    info.kind = policies::ClusterKind::kGpu;
    info.id = "gpu";
    const auto taken = [&](const auto& other) { return other.id == info.id; };
    for (int i = 1; std::any_of(info_.clusters.begin(), info_.clusters.end(), taken); ++i) {
      info.id = base::StrCat("gpu", i);
    }
    info.driver = base::StrCat("nvml (", gpu.name, ")");
    info.read_only_reason =
        base::StrCat(info.id, ": found and shown only: dynofa runs nothing on it");
    discrete_.push_back(info.id);
    Show(std::move(info));
  }
}

void SysfsBoardDriver::FindSensors(const Options& options) {
  thermal_.Assign(info_.clusters);
  info_.zones = thermal_.zones();
  if (info_.zones.empty()) info_.notes.push_back("no thermal zones");
  rails_ = std::make_unique<PowerRails>(options.root, info_.notes);
  info_.rails = rails_->infos();
  load_ = std::make_unique<ProcessorLoad>(options.proc_root, info_.clusters, info_.notes);
}

ClusterWorld SysfsBoardDriver::WorldOf(std::function<long()> depth) const {
  return {.cap = [depth](const auto&) { return std::string(depth() > 0 ? "thermal" : ""); },
          .cap_depth = [depth](const auto&) { return depth(); },
          .pause = pause_,
          .foreign_writers = foreign_writers_};
}

std::function<long()> SysfsBoardDriver::Remembered(std::function<long()> depth) const {
  struct Memory {
    base::TimePoint until{};
    long depth = 0;
  };
  return [this, depth = std::move(depth), memory = std::make_shared<Memory>()] {
    const base::TimePoint now = clock_.Now();
    if (now >= memory->until) *memory = {now + kMoment, depth()};
    return memory->depth;
  };
}

void SysfsBoardDriver::AddClocks(std::vector<ClockDevice> devices, std::unique_ptr<Attributes> load,
                                 std::function<long()> depth) {
  const policies::ClusterInfo info = InfoOfGroup(devices);
  const ClusterWorld world = WorldOf(devices.size() > 1 ? Remembered(std::move(depth)) : depth);
  auto guarded = std::make_unique<Guarded>();
  guarded->last.cluster = info.id;
  guarded->load = std::move(load);
  std::vector<std::unique_ptr<ClockCluster>> clocks;
  for (ClockDevice& device : devices) {
    guarded->identities.push_back(device.identity);
    clocks.push_back(std::make_unique<ClockCluster>(std::move(device), journal_, world));
  }
  guarded->group = std::make_unique<ClusterGroup>(info, std::move(clocks), journal_);
  clusters_[info.id] = std::move(guarded);
  Show(info);
}

void SysfsBoardDriver::Show(policies::ClusterInfo info) {
  if (!info.writable) info_.notes.push_back(info.read_only_reason);
  info_.clusters.push_back(std::move(info));
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
    const Turnstile::Use use(found->second->turn);
    // In use again: it is put back when that ends.
    for (const std::string& clock : found->second->identities) NoteLeftover(clock, false);
    return found->second->group->Apply(setting);
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
  std::vector<int> online;
  {
    std::lock_guard lock(mutex_);
    online = processors_.ReadOnline();
  }
  for (const policies::ClusterInfo& info : info_.clusters) {
    const auto found = clusters_.find(info.id);
    Guarded* const guarded = found == clusters_.end() ? nullptr : found->second.get();
    ClusterReading one = guarded ? ReadOne(*guarded, online) : ClusterReading{.cluster = info.id};
    if (info.kind == policies::ClusterKind::kCpu) {
      one.available =
          one.available && std::any_of(info.host_cpus.begin(), info.host_cpus.end(), [&](int cpu) {
            return std::binary_search(online.begin(), online.end(), cpu);
          });
    }
    one.foreign_load = OthersOn(info, guarded);
    reading.clusters.push_back(std::move(one));
  }
  reading.zones = thermal_.Read();
  if (memory_ != nullptr) {
    reading.memory_khz = ReadNumber(*memory_, memory_attribute_).value_or(0) / kHzPerKhz;
  }
  reading.cpu_pressure = load_->pressure();
  ReadAppeared(reading);
  std::lock_guard lock(mutex_);
  rails_->Read(clock_.Now(), reading);
  reading.other_actors = processes_.Read(clock_.Now());
  ReadDiscreteGpus(reading);
  sensors_.Look(clock_.Now(), info_.clusters, reading);
  return reading;
}

void SysfsBoardDriver::ReadDiscreteGpus(BoardReading& reading) {
  for (std::size_t i = 0; i < discrete_.size(); ++i) {
    const nvml::GpuReading gpu = nvml_->Read(i);
    for (ClusterReading& cluster : reading.clusters) {
      if (cluster.cluster != discrete_[i]) continue;
      cluster.frequency_khz = gpu.khz.value_or(0);
      cluster.foreign_load = gpu.load.value_or(0.0);
    }
    if (gpu.celsius) reading.zones.push_back({"nvml", discrete_[i], *gpu.celsius});
    if (gpu.power_w) reading.rails.push_back({discrete_[i], *gpu.power_w});
  }
}

double SysfsBoardDriver::OthersOn(const policies::ClusterInfo& info, Guarded* guarded) {
  if (guarded == nullptr || guarded->load == nullptr) return load_->Of(info.id);
  const auto text = guarded->load->Read("load");
  const double busy = text.ok() ? ParseAcceleratorLoad(*text).value_or(0.0) : 0.0;
  std::lock_guard lock(mutex_);
  return std::max(0.0, busy - own_busy_[info.id]);
}

void SysfsBoardDriver::ReportLoad(const std::vector<ClusterLoad>& loads) {
  load_->EndWindow(loads);
  std::lock_guard lock(mutex_);
  sensors_.TakeLoads(loads);
  own_busy_.clear();
  for (const ClusterLoad& load : loads) own_busy_[load.cluster] = load.busy;
}

ClusterReading SysfsBoardDriver::ReadOne(Guarded& guarded, const std::vector<int>& online) {
  const Turnstile::Use use(guarded.turn, kPatience);
  if (!use.granted()) {
    std::lock_guard lock(guarded.mutex);
    ClusterReading stale = guarded.last;
    stale.limited_by = "stuck";
    return stale;
  }
  ClusterReading fresh = guarded.group->Read();
  if (!guarded.group->complete() && FindAgain(*guarded.group, online))
    fresh = guarded.group->Read();
  std::lock_guard lock(guarded.mutex);
  return guarded.last = std::move(fresh);
}

}  // namespace dynofa::hardware::sysfs
