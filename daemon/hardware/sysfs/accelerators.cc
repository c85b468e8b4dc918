#include "daemon/hardware/sysfs/accelerators.h"

#include <algorithm>
#include <array>
#include <map>
#include <string_view>
#include <utility>

#include "daemon/base/strings.h"
#include "daemon/hardware/journal/restore_rule.h"

namespace dynofa::hardware::sysfs {
namespace {

using policies::ClusterKind;

constexpr char kShownOnly[] = "found and shown only: dynofa runs nothing on it";

// Names of device tree nodes, drivers and their devices; see also the kernel's bindings of
// gpu/arm,mali-*.yaml, tegra and rockchip.
constexpr std::array<std::string_view, 6> kGpuNodes = {"gpu",   "gv11b", "gp10b",
                                                       "ga10b", "gb10b", "mali"};
constexpr std::array<std::string_view, 8> kGpuDrivers = {
    "panfrost", "panthor", "lima", "mali", "gk20a", "nvgpu", "adreno", "etnaviv-gpu"};
constexpr std::array<std::string_view, 3> kMemoryNodes = {"dmc", "memory-controller", "emc"};

template <std::size_t N>
bool Is(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool Has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

bool Begins(std::string_view text, std::string_view part) {
  return text.substr(0, part.size()) == part;
}

// Gives "gpu", then "gpu1", "gpu2": boards have one of a kind, and rarely two.
class Names {
 public:
  std::string Next(ClusterKind kind, bool numbered) {
    const std::string name(policies::ClusterKindName(kind));
    const int number = counts_[kind]++;
    return number == 0 && !numbered ? name : base::StrCat(name, number);
  }
  bool Any(ClusterKind kind) const { return counts_.count(kind) != 0; }

 private:
  std::map<ClusterKind, int> counts_;
};

policies::ClusterInfo Shown(std::string id, ClusterKind kind, std::string driver) {
  policies::ClusterInfo info;
  info.id = std::move(id);
  info.kind = kind;
  info.driver = std::move(driver);
  info.read_only_reason = base::StrCat(info.id, ": ", kShownOnly);
  return info;
}

class Finder {
 public:
  explicit Finder(const std::string& root) : root_(root) {}

  Accelerators Find() {
    for (FoundDevice& device : DevicesIn(root_ + "/class/devfreq")) TakeDevfreq(std::move(device));
    FindBareDlas();
    FindBareNpus();
    if (found_.memory == nullptr) FindTegraMemory();
    return std::move(found_);
  }

 private:
  void TakeDevfreq(FoundDevice device) {
    const ParentDevice parent = ParentOf(device);
    switch (RoleOf(device.name, parent)) {
      case DeviceRole::kGpu:
        return TakeClocked(std::move(device), parent, ClusterKind::kGpu);
      case DeviceRole::kNpu:
        return TakeClocked(std::move(device), parent, ClusterKind::kNpu);
      case DeviceRole::kDla:
        return TakeClocked(std::move(device), parent, ClusterKind::kDla);
      case DeviceRole::kMemory:
        if (found_.memory != nullptr) return;
        found_.memory_attribute = "cur_freq";
        found_.memory_source = base::StrCat("devfreq ", device.name);
        found_.memory = std::move(device.attributes);
        return;
      case DeviceRole::kOther:
        return;
    }
  }

  void TakeClocked(FoundDevice device, const ParentDevice& parent, ClusterKind kind) {
    auto load = LoadOf(device);
    const std::string id = names_.Next(kind, kind == ClusterKind::kDla);
    const std::string& driver = parent.driver.empty() ? parent.node : parent.driver;
    auto clock = ProbeDevfreq(std::move(device.attributes), device.name, id, kind);
    if (!clock.ok()) {
      found_.others.push_back(Shown(id, kind, driver));
      return;
    }
    clock->info.driver = driver;
    if (kind != ClusterKind::kGpu) {
      clock->info.writable = false;
      clock->info.read_only_reason = base::StrCat(id, ": ", kShownOnly);
    }
    found_.clocked.push_back({*std::move(clock), device.name, std::move(load)});
  }

  // Of the devfreq device on a Rockchip, of its parent on a Jetson.
  static std::unique_ptr<Attributes> LoadOf(const FoundDevice& device) {
    for (const char* place : {"", "/device"}) {
      auto attributes = OpenAttributes(device.folder + place);
      if (!attributes.ok()) continue;
      const auto text = (*attributes)->Read("load");
      if (text.ok() && ParseAcceleratorLoad(*text)) return *std::move(attributes);
    }
    return nullptr;
  }

  void FindBareDlas() {
    if (names_.Any(ClusterKind::kDla)) return;
    for (const FoundDevice& device : DevicesIn(root_ + "/bus/platform/devices")) {
      if (!Has(device.name, "nvdla")) continue;
      found_.others.push_back(Shown(names_.Next(ClusterKind::kDla, true), ClusterKind::kDla,
                                    device.name.substr(device.name.find("nvdla"))));
    }
  }

  // The kernel's class of compute accelerators.
  void FindBareNpus() {
    if (names_.Any(ClusterKind::kNpu)) return;
    for (const FoundDevice& device : DevicesIn(root_ + "/class/accel", "accel")) {
      found_.others.push_back(
          Shown(names_.Next(ClusterKind::kNpu, false), ClusterKind::kNpu, ParentOf(device).driver));
    }
  }

  // A Jetson's memory clock is with its power processor, for root.
  void FindTegraMemory() {
    auto attributes = OpenAttributes(root_ + "/kernel/debug/bpmp/debug/clk/emc");
    if (!attributes.ok() || !ReadNumber(**attributes, "rate")) return;
    found_.memory = *std::move(attributes);
    found_.memory_attribute = "rate";
    found_.memory_source = "bpmp emc";
  }

  const std::string root_;
  Accelerators found_;
  Names names_;
};

}  // namespace

DeviceRole RoleOf(const std::string& name, const ParentDevice& parent) {
  const std::string node = Lower(parent.node);
  const std::string compatible = Lower(parent.compatible);
  const bool gpu = Is(kGpuNodes, node) || Is(kGpuDrivers, Lower(parent.driver)) ||
                   Has(compatible, "mali") || Has(compatible, "adreno") || Begins(name, "gpu-gpc");
  if (gpu) return DeviceRole::kGpu;
  if (Begins(node, "npu") || Has(compatible, "rknn") || Has(compatible, "-npu")) {
    return DeviceRole::kNpu;
  }
  if (Begins(node, "nvdla")) return DeviceRole::kDla;
  if (Is(kMemoryNodes, node) || name == "dmc" || Has(compatible, "-dmc")) {
    return DeviceRole::kMemory;
  }
  return DeviceRole::kOther;
}

Accelerators FindAccelerators(const std::string& root) { return Finder(root).Find(); }

std::optional<double> ParseAcceleratorLoad(std::string_view text) {
  text = journal::Trimmed(text);
  const std::size_t at = text.find('@');
  const double whole = at == std::string_view::npos ? 1000.0 : 100.0;
  const auto value = ParseWhole(text.substr(0, at));
  if (!value || *value < 0) return std::nullopt;
  return std::min(static_cast<double>(*value) / whole, 1.0);
}

}  // namespace dynofa::hardware::sysfs
