#include <algorithm>
#include <array>
#include <utility>

#include "daemon/base/strings.h"
#include "daemon/hardware/sysfs/class_folder.h"
#include "daemon/hardware/sysfs/power_rails.h"

namespace dynofa::hardware::sysfs {
namespace {

using Scope = PowerRail::Scope;

// Rails that feed a whole Jetson module or board.
constexpr std::array<std::string_view, 2> kBoardRails = {"VDD_IN", "POM_5V_IN"};
// Monitors that boards have on the supplies of their parts.
constexpr std::array<std::string_view, 4> kSupplyMonitors = {"ina226", "ina230", "ina231",
                                                             "ina219"};
constexpr int kIna3221Channels = 3;
constexpr int kMostPowers = 16;
constexpr double kMicro = 1e-6;
// More than a monitor can be set to average over.
constexpr std::int64_t kLongestIntervalMs = 10'000;

template <std::size_t N>
bool Is(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

Scope ScopeOf(const std::string& rail) {
  return Is(kBoardRails, rail) ? Scope::kBoard : Scope::kPart;
}

// Over how long a device averages; many do not tell.
base::Duration IntervalOf(Attributes& attributes) {
  const std::int64_t ms = ReadNumber(attributes, "update_interval").value_or(0);
  return std::chrono::milliseconds(std::clamp<std::int64_t>(ms, 0, kLongestIntervalMs));
}

// A channel of an INA3221: millivolts times milliamperes.
class Ina3221Rail final : public PowerRail {
 public:
  Ina3221Rail(std::string name, std::shared_ptr<Attributes> attributes, std::string voltage,
              std::string current)
      : PowerRail(name, "ina3221", ScopeOf(name)),
        over_(IntervalOf(*attributes)),
        attributes_(std::move(attributes)),
        voltage_(std::move(voltage)),
        current_(std::move(current)) {}

  std::optional<double> PowerW(base::TimePoint) override {
    const auto millivolts = ReadNumber(*attributes_, voltage_);
    const auto milliamperes = ReadNumber(*attributes_, current_);
    if (!millivolts || !milliamperes) return std::nullopt;
    return static_cast<double>(*millivolts) * static_cast<double>(*milliamperes) * kMicro;
  }

  base::Duration Over() const override { return over_; }

 private:
  const base::Duration over_;
  const std::shared_ptr<Attributes> attributes_;
  const std::string voltage_;
  const std::string current_;
};

// An attribute in millionths of a watt.
class MicrowattRail final : public PowerRail {
 public:
  MicrowattRail(std::string name, std::string source, Scope scope,
                std::shared_ptr<Attributes> attributes, std::string attribute)
      : PowerRail(std::move(name), std::move(source), scope),
        over_(IntervalOf(*attributes)),
        attributes_(std::move(attributes)),
        attribute_(std::move(attribute)) {}

  std::optional<double> PowerW(base::TimePoint) override {
    const auto microwatts = ReadNumber(*attributes_, attribute_);
    if (!microwatts) return std::nullopt;
    return static_cast<double>(*microwatts) * kMicro;
  }

  base::Duration Over() const override { return over_; }

 private:
  const base::Duration over_;
  const std::shared_ptr<Attributes> attributes_;
  const std::string attribute_;
};

void AddIna3221(std::shared_ptr<Attributes> attributes, PowerRailList& rails) {
  // Channels 4 to 6 are the shunts' voltages, and 7 is their sum.
  for (int channel = 1; channel <= kIna3221Channels; ++channel) {
    const std::string voltage = base::StrCat("in", channel);
    const std::string label = ReadLine(*attributes, voltage + "_label");
    if (label.empty() || label == "NC") continue;
    rails.push_back(std::make_unique<Ina3221Rail>(label, attributes, voltage + "_input",
                                                  base::StrCat("curr", channel, "_input")));
  }
}

// "sensor@40" of the device tree: the address tells the monitors of one board apart.
std::string AddressOf(const FoundDevice& device) {
  const std::string path = ParentOf(device).path;
  const std::size_t at = path.rfind('@');
  return at == std::string::npos ? "" : path.substr(at);
}

void AddPowers(const FoundDevice& device, const std::string& driver,
               const std::shared_ptr<Attributes>& attributes, PowerRailList& rails) {
  const Scope scope = Is(kSupplyMonitors, driver) ? Scope::kPart : Scope::kShare;
  for (int i = 1; i <= kMostPowers; ++i) {
    const std::string power = base::StrCat("power", i);
    for (const char* kind : {"_input", "_average"}) {
      if (!ReadNumber(*attributes, power + kind)) continue;
      const std::string label = ReadLine(*attributes, power + "_label");
      std::string name = base::StrCat(driver, AddressOf(device));
      if (!label.empty()) name = scope == Scope::kPart ? label : base::StrCat(driver, " ", label);
      rails.push_back(std::make_unique<MicrowattRail>(std::move(name), driver, scope, attributes,
                                                      power + kind));
      break;
    }
  }
}

}  // namespace

PowerRailList FindHwmonRails(const std::string& root, std::vector<std::string>&) {
  PowerRailList rails;
  for (FoundDevice& device : DevicesIn(root + "/class/hwmon")) {
    const std::shared_ptr<Attributes> attributes = std::move(device.attributes);
    const std::string driver = ReadLine(*attributes, "name");
    if (driver == "ina3221") {
      AddIna3221(attributes, rails);
    } else if (!driver.empty()) {
      AddPowers(device, driver, attributes, rails);
    }
  }
  return rails;
}

}  // namespace dynofa::hardware::sysfs
