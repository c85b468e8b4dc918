#include "daemon/emulator/sysfs_tree.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "daemon/base/strings.h"
#include "daemon/emulator/board_checks.h"

namespace dynofa::emulator {
namespace {

using base::StrCat;
using Nodes = std::map<std::string, std::shared_ptr<const TreeNode>>;
using Presence = EmulatedBoard::Presence;

constexpr const char* kCpus = "devices/system/cpu";
constexpr const char* kThermal = "devices/virtual/thermal";
constexpr int kFullCapacity = 1024;
/// Where RAPL's counter begins again, as on most processors, uJ.
constexpr double kRaplRange = 262'143'328'850.0;

std::string Line(std::int64_t value) { return StrCat(value, "\n"); }

template <typename T>
std::string Words(const std::vector<T>& values) {
  std::string text;
  for (const T& value : values) text += StrCat(value, " ");
  return text + "\n";
}

std::vector<int> CpusOf(const ClusterModel& model) {
  std::vector<int> cpus;
  for (int i = 0; i < model.cores; ++i) cpus.push_back(FirstCpu(model.id) + i);
  return cpus;
}

// "0-3,6-7" of ascending numbers.
std::string Ranges(const std::vector<int>& cpus) {
  std::string text;
  for (std::size_t i = 0; i < cpus.size();) {
    std::size_t last = i;
    while (last + 1 < cpus.size() && cpus[last + 1] == cpus[last] + 1) ++last;
    text += StrCat(text.empty() ? "" : ",", cpus[i]);
    if (last > i) text += StrCat("-", cpus[last]);
    i = last + 1;
  }
  return text + "\n";
}

// The limits that devfreq shows: requests within the hardware's range, not rounded to its table.
hardware::Limits DevfreqLimits(hardware::Limits asked, const ClusterModel& model,
                               std::int64_t cap_khz) {
  if (asked.max_khz == 0) asked.max_khz = std::numeric_limits<std::int64_t>::max();
  const auto& table = model.frequencies_khz;
  hardware::Limits limits = {std::max(asked.min_khz, table.front()),
                             std::max(std::min(asked.max_khz, table.back()), table.front())};
  if (cap_khz > 0) limits.max_khz = std::min(limits.max_khz, cap_khz);
  limits.min_khz = std::min(limits.min_khz, limits.max_khz);
  return limits;
}

// A frequency in Hz as devfreq keeps it: in kHz, the minimum rounded down and the maximum up.
std::optional<std::string> KhzOfHertz(std::string_view text, bool up) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  if (text.empty() || text.size() > 15) return std::nullopt;
  std::int64_t hertz = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    hertz = hertz * 10 + (c - '0');
  }
  return StrCat((hertz + (up ? 999 : 0)) / 1000);
}

// Makes the nodes of a board's tree.
class Builder {
 public:
  explicit Builder(EmulatedBoard& board) : board_(board), model_(board.model()) {}

  Nodes Build() &&;

 private:
  using Read = std::function<std::string()>;
  using Write = std::function<int(std::string_view)>;

  void AddFolder(const std::string& path);
  void Add(const std::string& path, TreeNode node);
  void AddFile(const std::string& path, Read read, Write write = nullptr);
  void AddText(const std::string& path, const std::string& text);
  void AddLink(const std::string& path, const std::string& target);
  Write KnobWriter(const std::string& cluster, Knob knob);

  void AddMachine();
  void AddCpus();
  void AddPolicy(const ClusterModel& model, const Presence& presence);
  void AddDevfreq(const ClusterModel& model, const Presence& presence);
  void AddThermal();
  void AddZone(std::size_t zone);
  void AddCooling(const ClusterModel& model, const Presence& presence, int index);
  void AddRails();
  void AddHwmon(const RailModel& rail);
  void AddRapl(const RailModel& rail);

  EmulatedBoard& board_;
  const BoardModel& model_;
  Nodes nodes_;
  std::map<std::string, int> cooling_;  ///< cluster -> cooling device
  std::map<std::string, int> hwmon_;    ///< device -> hwmon
};

void Builder::Add(const std::string& path, TreeNode node) {
  const std::size_t slash = path.rfind('/');
  if (slash != std::string::npos) AddFolder(path.substr(0, slash));
  nodes_[path] = std::make_shared<const TreeNode>(std::move(node));
}

void Builder::AddFolder(const std::string& path) {
  if (nodes_.count(path) == 0) Add(path, {});
}

void Builder::AddFile(const std::string& path, Read read, Write write) {
  Add(path, {TreeNode::Kind::kFile, "", std::move(read), std::move(write)});
}

void Builder::AddText(const std::string& path, const std::string& text) {
  AddFile(path, [text] { return text; });
}

void Builder::AddLink(const std::string& path, const std::string& target) {
  Add(path, {TreeNode::Kind::kLink, target, nullptr, nullptr});
}

Builder::Write Builder::KnobWriter(const std::string& cluster, Knob knob) {
  return [&board = board_, cluster, knob](std::string_view text) {
    return board.WriteKnob(cluster, knob, text);
  };
}

Nodes Builder::Build() && {
  nodes_[""] = std::make_shared<const TreeNode>();
  AddMachine();
  AddCpus();
  AddThermal();
  AddRails();
  return std::move(nodes_);
}

void Builder::AddMachine() {
  const std::string name = StrCat(model_.name, " (emulated)");
  const bool x86 = model_.clusters.front().driver == "intel_pstate";
  if (x86) {
    AddText("devices/virtual/dmi/id/product_name", name + "\n");
    AddText(StrCat(kCpus, "/intel_pstate/status"), "active\n");
    AddText(StrCat(kCpus, "/intel_pstate/no_turbo"), "0\n");
  } else {
    AddText("firmware/devicetree/base/model", name + std::string(1, '\0'));
  }
}

// Relative size of a CPU: its arithmetic at the highest clock.
double Strength(const ClusterModel& model) {
  return model.latency.macs_per_cycle * static_cast<double>(model.frequencies_khz.back()) /
         model.cores;
}

void Builder::AddCpus() {
  std::vector<int> present, online;
  double strongest = 0.0;
  for (const ClusterModel& cluster : model_.clusters) {
    if (cluster.kind == policies::ClusterKind::kCpu) {
      strongest = std::max(strongest, Strength(cluster));
    }
  }
  for (const ClusterModel& cluster : model_.clusters) {
    const Presence presence = board_.PresenceOf(cluster.id);
    if (cluster.kind == policies::ClusterKind::kGpu) {
      if (presence.present) AddDevfreq(cluster, presence);
      continue;
    }
    const int capacity =
        static_cast<int>(std::lround(kFullCapacity * Strength(cluster) / strongest));
    for (const int cpu : CpusOf(cluster)) {
      const std::string folder = StrCat(kCpus, "/cpu", cpu);
      present.push_back(cpu);
      if (presence.present) online.push_back(cpu);
      if (cpu > 0) AddText(folder + "/online", presence.present ? "1\n" : "0\n");
      if (cluster.driver != "intel_pstate") AddText(folder + "/cpu_capacity", Line(capacity));
      if (presence.present)
        AddLink(folder + "/cpufreq", StrCat("../cpufreq/policy", presence.policy));
    }
    if (presence.present) AddPolicy(cluster, presence);
  }
  AddFolder(StrCat(kCpus, "/cpufreq"));
  std::sort(present.begin(), present.end());
  std::sort(online.begin(), online.end());
  AddText(StrCat(kCpus, "/present"), Ranges(present));
  AddText(StrCat(kCpus, "/possible"), Ranges(present));
  AddText(StrCat(kCpus, "/online"), Ranges(online));
}

bool Shows(const Presence& presence, Knob knob) {
  return std::find(presence.hidden.begin(), presence.hidden.end(), knob) == presence.hidden.end();
}

void Builder::AddPolicy(const ClusterModel& model, const Presence& presence) {
  const std::string folder = StrCat(kCpus, "/cpufreq/policy", presence.policy, "/");
  std::string cpus;
  for (const int cpu : CpusOf(model)) cpus += StrCat(cpus.empty() ? "" : " ", cpu);
  AddText(folder + "related_cpus", cpus + "\n");
  AddText(folder + "affected_cpus", cpus + "\n");
  AddText(folder + "scaling_driver", model.driver + "\n");
  AddText(folder + "scaling_available_governors", Words(model.governors));
  if (model.driver != "intel_pstate") {
    AddText(folder + "scaling_available_frequencies", Words(model.frequencies_khz));
  }
  AddText(folder + "cpuinfo_min_freq", Line(model.frequencies_khz.front()));
  AddText(folder + "cpuinfo_max_freq", Line(model.frequencies_khz.back()));
  AddText(folder + "cpuinfo_transition_latency", Line(model.transition_us * 1000));
  AddText(folder + "scaling_setspeed", "<unsupported>\n");
  const auto limits = [&board = board_, id = model.id] { return board.LimitsNow(id); };
  const auto clock = [&board = board_, id = model.id] { return Line(board.ClockKhz(id)); };
  AddFile(folder + "scaling_cur_freq", clock);
  AddFile(folder + "cpuinfo_cur_freq", clock);
  if (Shows(presence, Knob::kGovernor)) {
    AddFile(
        folder + "scaling_governor",
        [&board = board_, id = model.id] { return board.GetKnobs(id)->governor + "\n"; },
        KnobWriter(model.id, Knob::kGovernor));
  }
  if (Shows(presence, Knob::kMin)) {
    AddFile(
        folder + "scaling_min_freq", [limits] { return Line(limits().min_khz); },
        KnobWriter(model.id, Knob::kMin));
  }
  if (Shows(presence, Knob::kMax)) {
    AddFile(
        folder + "scaling_max_freq", [limits] { return Line(limits().max_khz); },
        KnobWriter(model.id, Knob::kMax));
  }
}

void Builder::AddDevfreq(const ClusterModel& model, const Presence& presence) {
  const std::string device = StrCat("devices/platform/", model.device);
  const std::string folder = StrCat(device, "/devfreq/", model.device, "/");
  AddLink(StrCat("class/devfreq/", model.device),
          StrCat("../../", folder.substr(0, folder.size() - 1)));
  AddLink(folder + "device", StrCat("../../../", model.device));
  AddText(device + "/of_node/name", model.node + std::string(1, '\0'));
  AddText(device + "/uevent", StrCat("OF_NAME=", model.node, "\nOF_FULLNAME=/", model.node, "\n"));
  AddText(folder + "name", model.device + "\n");
  AddText(folder + "available_governors", Words(model.governors));
  std::vector<std::int64_t> hertz;
  for (const std::int64_t khz : model.frequencies_khz) hertz.push_back(khz * 1000);
  AddText(folder + "available_frequencies", Words(hertz));
  AddText(folder + "polling_interval", "50\n");
  const auto clock = [&board = board_, id = model.id] { return Line(board.ClockKhz(id) * 1000); };
  AddFile(folder + "cur_freq", clock);
  AddFile(folder + "target_freq", clock);
  if (Shows(presence, Knob::kGovernor)) {
    AddFile(
        folder + "governor",
        [&board = board_, id = model.id] { return board.GetKnobs(id)->governor + "\n"; },
        KnobWriter(model.id, Knob::kGovernor));
  }
  const auto limits = [&board = board_, &model] {
    return DevfreqLimits(board.GetKnobs(model.id)->limits, model, board.CapNow(model.id));
  };
  const auto writer = [&](Knob knob) {
    return [write = KnobWriter(model.id, knob), up = knob == Knob::kMax](std::string_view text) {
      const std::optional<std::string> khz = KhzOfHertz(text, up);
      if (!khz) return EINVAL;
      // No limit is none that is above the hardware's.
      return write(up && *khz == "0" ? std::to_string(std::numeric_limits<std::int32_t>::max())
                                     : *khz);
    };
  };
  if (Shows(presence, Knob::kMin)) {
    AddFile(
        folder + "min_freq", [limits] { return Line(limits().min_khz * 1000); },
        writer(Knob::kMin));
  }
  if (Shows(presence, Knob::kMax)) {
    AddFile(
        folder + "max_freq", [limits] { return Line(limits().max_khz * 1000); },
        writer(Knob::kMax));
  }
}

void Builder::AddThermal() {
  int index = 0;
  for (const ClusterModel& cluster : model_.clusters) {
    const Presence presence = board_.PresenceOf(cluster.id);
    if (presence.present) AddCooling(cluster, presence, index);
    ++index;
  }
  for (std::size_t zone = 0; zone < model_.zones.size(); ++zone) AddZone(zone);
}

void Builder::AddCooling(const ClusterModel& model, const Presence& presence, int index) {
  const std::string name = StrCat("cooling_device", index);
  const std::string folder = StrCat(kThermal, "/", name, "/");
  const bool cpu = model.kind == policies::ClusterKind::kCpu;
  AddText(folder + "type", cpu ? StrCat("cpufreq-cpu", presence.policy, "\n")
                               : StrCat("devfreq-", model.device, "\n"));
  AddText(folder + "max_state", Line(static_cast<std::int64_t>(model.frequencies_khz.size()) - 1));
  AddFile(folder + "cur_state", [&board = board_, &model] {
    const auto& table = model.frequencies_khz;
    const std::int64_t cap = board.CapNow(model.id);
    const auto above = table.end() - std::upper_bound(table.begin(), table.end(), cap);
    return Line(cap == 0 ? 0 : above);
  });
  AddLink(StrCat("class/thermal/", name), StrCat("../../", kThermal, "/", name));
  cooling_[model.id] = index;
}

void Builder::AddZone(std::size_t zone) {
  const ZoneModel& model = model_.zones[zone];
  const std::string name = StrCat("thermal_zone", zone);
  const std::string folder = StrCat(kThermal, "/", name, "/");
  AddText(folder + "type", model.type + "\n");
  AddText(folder + "mode", "enabled\n");
  AddText(folder + "policy", "step_wise\n");
  AddText(folder + "available_policies", "step_wise\n");
  AddLink(StrCat("class/thermal/", name), StrCat("../../", kThermal, "/", name));
  const auto milli = [](double celsius) { return std::llround(celsius * 1000.0); };
  const auto celsius = [&board = board_, type = model.type]() -> std::optional<double> {
    for (const hardware::ZoneReading& reading : board.Read().zones) {
      if (reading.type == type) return reading.temperature_c;
    }
    return std::nullopt;
  };
  if (celsius()) {
    AddFile(folder + "temp", [celsius, milli] { return Line(milli(celsius().value_or(0.0))); });
  }
  if (model.trip_c <= 0.0) return;
  AddText(folder + "trip_point_0_type", "passive\n");
  AddText(folder + "trip_point_0_temp", Line(milli(model.trip_c)));
  AddText(folder + "trip_point_0_hyst", Line(milli(model.hysteresis_c)));
  int link = 0;
  for (const ClusterModel& cluster : model_.clusters) {
    const auto found = cooling_.find(cluster.id);
    if (cluster.zone != model.type || found == cooling_.end()) continue;
    AddLink(StrCat(folder, "cdev", link), StrCat("../cooling_device", found->second));
    AddText(StrCat(folder, "cdev", link, "_trip_point"), "0\n");
    ++link;
  }
}

void Builder::AddRails() {
  for (const RailModel& rail : model_.rails) {
    if (!board_.RailPowerW(rail.name)) continue;
    if (rail.sensor == "ina3221" || rail.sensor == "ina231") AddHwmon(rail);
    if (rail.sensor == "rapl") AddRapl(rail);
  }
}

void Builder::AddHwmon(const RailModel& rail) {
  const int next = static_cast<int>(hwmon_.size());
  const int index = hwmon_.emplace(rail.device, next).first->second;
  const std::string bus =
      StrCat("devices/platform/i2c-", rail.device.substr(0, rail.device.find('-')));
  const std::string device = StrCat(bus, "/", rail.device);
  const std::string name = StrCat("hwmon", index);
  const std::string folder = StrCat(device, "/hwmon/", name, "/");
  const bool ina3221 = rail.sensor == "ina3221";
  AddLink(StrCat("class/hwmon/", name), StrCat("../../", device, "/hwmon/", name));
  AddLink(StrCat("bus/i2c/devices/", rail.device), StrCat("../../../", device));
  AddLink(folder + "device", StrCat("../../../", rail.device));
  AddText(folder + "name", rail.sensor + "\n");
  const std::string address = rail.device.substr(rail.device.find('-') + 1);
  const std::string node = StrCat("power-sensor@", address.substr(address.find_first_not_of('0')));
  AddText(device + "/uevent", StrCat("OF_NAME=power-sensor\nOF_FULLNAME=/i2c/", node, "\n"));
  const auto watt = [&board = board_, id = rail.name] {
    return board.RailPowerW(id).value_or(0.0);
  };
  const int channel = ina3221 ? rail.channel : 1;
  if (ina3221) AddText(StrCat(folder, "in", channel, "_label"), rail.name + "\n");
  AddText(StrCat(folder, "in", channel, "_input"), Line(std::llround(rail.volt * 1000.0)));
  AddFile(StrCat(folder, "curr", channel, "_input"),
          [watt, volt = rail.volt] { return Line(std::llround(watt() / volt * 1000.0)); });
  if (ina3221) return;
  AddFile(folder + "power1_input", [watt] { return Line(std::llround(watt() * 1e6)); });
}

void Builder::AddRapl(const RailModel& rail) {
  const std::string folder = StrCat("devices/virtual/powercap/intel-rapl/", rail.device, "/");
  AddLink(StrCat("class/powercap/", rail.device),
          StrCat("../../", folder.substr(0, folder.size() - 1)));
  AddText(folder + "name", rail.name + "\n");
  AddText(folder + "enabled", "1\n");
  AddText(folder + "max_energy_range_uj", Line(static_cast<std::int64_t>(kRaplRange)));
  AddFile(folder + "energy_uj", [&board = board_, id = rail.name] {
    return Line(static_cast<std::int64_t>(std::fmod(board.RailEnergyJ(id) * 1e6, kRaplRange)));
  });
}

// What the tree's folders and files depend on.
std::string ShapeOf(EmulatedBoard& board) {
  std::string shape;
  for (const ClusterModel& cluster : board.model().clusters) {
    const Presence presence = board.PresenceOf(cluster.id);
    shape += StrCat(presence.present ? presence.policy : -2, ":");
    for (const Knob knob : presence.hidden) shape += KnobName(knob);
  }
  const hardware::BoardReading reading = board.Read();
  for (const hardware::ZoneReading& zone : reading.zones) shape += zone.type + "/";
  for (const hardware::RailReading& rail : reading.rails) shape += rail.name + "/";
  return shape;
}

}  // namespace

std::shared_ptr<const SysfsTree::Nodes> SysfsTree::Present() {
  std::string shape = ShapeOf(board_);
  std::lock_guard lock(mutex_);
  if (nodes_ == nullptr || shape != shape_) {
    nodes_ = std::make_shared<const Nodes>(Builder(board_).Build());
    shape_ = std::move(shape);
  }
  return nodes_;
}

std::shared_ptr<const TreeNode> SysfsTree::Find(const std::string& path) {
  const std::shared_ptr<const Nodes> nodes = Present();
  const auto found = nodes->find(path);
  return found == nodes->end() ? nullptr : found->second;
}

std::vector<std::string> SysfsTree::List(const std::string& path) {
  const std::shared_ptr<const Nodes> nodes = Present();
  const std::string prefix = path.empty() ? "" : path + "/";
  std::vector<std::string> names;
  for (auto it = nodes->lower_bound(prefix); it != nodes->end(); ++it) {
    if (it->first.compare(0, prefix.size(), prefix) != 0) break;
    const std::string_view rest = std::string_view(it->first).substr(prefix.size());
    if (!rest.empty() && rest.find('/') == std::string_view::npos) names.emplace_back(rest);
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace dynofa::emulator
