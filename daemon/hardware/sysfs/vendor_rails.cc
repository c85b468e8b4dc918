#include <charconv>
#include <string_view>
#include <utility>

#include "daemon/base/strings.h"
#include "daemon/hardware/sysfs/class_folder.h"
#include "daemon/hardware/sysfs/power_rails.h"

namespace dynofa::hardware::sysfs {
namespace {

using Scope = PowerRail::Scope;

constexpr int kIioChannels = 3;
constexpr double kMilli = 1e-3;

// A power in watts ("0.305000") or in thousandths of one ("305").
class VendorRail final : public PowerRail {
 public:
  VendorRail(std::string name, std::string source, Scope scope,
             std::shared_ptr<Attributes> attributes, std::string attribute, double unit)
      : PowerRail(std::move(name), std::move(source), scope),
        attributes_(std::move(attributes)),
        attribute_(std::move(attribute)),
        unit_(unit) {}

  std::optional<double> PowerW(base::TimePoint) override {
    const std::string text = ReadLine(*attributes_, attribute_);
    double value = 0.0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value * unit_;
  }

 private:
  const std::shared_ptr<Attributes> attributes_;
  const std::string attribute_;
  const double unit_;
};

void FindIio(const std::string& root, PowerRailList& rails) {
  for (FoundDevice& device : DevicesIn(root + "/bus/iio/devices", "iio:device")) {
    const std::shared_ptr<Attributes> attributes = std::move(device.attributes);
    for (int channel = 0; channel < kIioChannels; ++channel) {
      const std::string name = ReadLine(*attributes, base::StrCat("rail_name_", channel));
      if (name.empty() || name == "NC") continue;
      const bool whole = name == "VDD_IN" || name == "POM_5V_IN";
      rails.push_back(std::make_unique<VendorRail>(
          name, "ina3221 (iio)", whole ? Scope::kBoard : Scope::kPart, attributes,
          base::StrCat("in_power", channel, "_input"), kMilli));
    }
  }
}

// Which part a monitor of an Odroid XU3 is on; its address is wired.
std::string OdroidRail(const std::string& device) {
  constexpr std::pair<std::string_view, std::string_view> kRails[] = {
      {"0040", "A15"}, {"0041", "MEM"}, {"0044", "GPU"}, {"0045", "A7"}};
  for (const auto& [address, rail] : kRails) {
    const bool ends = device.size() > address.size() &&
                      device.compare(device.size() - address.size(), address.size(), address) == 0;
    if (ends) return std::string(rail);
  }
  return base::StrCat("INA231 ", device);
}

void FindOdroid(const std::string& root, PowerRailList& rails, std::vector<std::string>& notes) {
  bool off = false;
  for (FoundDevice& device : DevicesIn(root + "/bus/i2c/drivers/INA231")) {
    if (ReadLine(*device.attributes, "sensor_W").empty()) continue;
    if (ReadNumber(*device.attributes, "enable").value_or(1) == 0) {
      off = true;
      continue;
    }
    rails.push_back(std::make_unique<VendorRail>(OdroidRail(device.name), "ina231", Scope::kPart,
                                                 std::move(device.attributes), "sensor_W", 1.0));
  }
  if (off) {
    notes.push_back(
        "the INA231 power sensors are off: write 1 to their `enable` below bus/i2c/drivers/INA231");
  }
}

}  // namespace

PowerRailList FindVendorRails(const std::string& root, std::vector<std::string>& notes) {
  PowerRailList rails;
  FindIio(root, rails);
  FindOdroid(root, rails, notes);
  return rails;
}

}  // namespace dynofa::hardware::sysfs
