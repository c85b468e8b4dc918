#include <cmath>
#include <utility>

#include "daemon/base/strings.h"
#include "daemon/hardware/sysfs/class_folder.h"
#include "daemon/hardware/sysfs/power_rails.h"

namespace dynofa::hardware::sysfs {
namespace {

constexpr double kMicro = 1e-6;

// Power is told directly or as current and voltage, in millionths; it is the board's own only
// while nothing else feeds it.
class BatteryRail final : public PowerRail {
 public:
  BatteryRail(std::string name, Scope scope, std::unique_ptr<Attributes> attributes)
      : PowerRail(std::move(name), "battery", scope), attributes_(std::move(attributes)) {}

  std::optional<double> PowerW(base::TimePoint) override {
    if (ReadLine(*attributes_, "status") != "Discharging") return std::nullopt;
    if (const auto power = ReadNumber(*attributes_, "power_now")) {
      return static_cast<double>(*power) * kMicro;
    }
    const auto current = ReadNumber(*attributes_, "current_now");
    const auto voltage = ReadNumber(*attributes_, "voltage_now");
    if (!current || !voltage) return std::nullopt;
    // Some drivers give what flows out a sign.
    return std::abs(static_cast<double>(*current)) * kMicro * static_cast<double>(*voltage) *
           kMicro;
  }

 private:
  const std::unique_ptr<Attributes> attributes_;
};

}  // namespace

PowerRailList FindBatteryRails(const std::string& root, PowerRail::Scope scope) {
  PowerRailList rails;
  for (FoundDevice& device : DevicesIn(root + "/class/power_supply")) {
    const bool of_the_board = ReadLine(*device.attributes, "type") == "Battery" &&
                              ReadLine(*device.attributes, "scope") != "Device";
    if (!of_the_board) continue;
    rails.push_back(std::make_unique<BatteryRail>(base::StrCat("battery ", device.name), scope,
                                                  std::move(device.attributes)));
  }
  return rails;
}

}  // namespace dynofa::hardware::sysfs
