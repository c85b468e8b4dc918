#include <algorithm>
#include <utility>

#include "daemon/base/strings.h"
#include "daemon/hardware/sysfs/class_folder.h"
#include "daemon/hardware/sysfs/power_rails.h"

namespace dynofa::hardware::sysfs {
namespace {

using Scope = PowerRail::Scope;

constexpr double kMicro = 1e-6;
// Counters advance once in a millisecond; a power over a time like that is noise.
constexpr base::Duration kShortest = std::chrono::milliseconds(20);

/// A counter of microjoules, which starts again from zero past `range_uj`.
class EnergyRail final : public PowerRail {
 public:
  EnergyRail(std::string name, Scope scope, std::unique_ptr<Attributes> attributes,
             std::int64_t range_uj)
      : PowerRail(std::move(name), "rapl", scope),
        attributes_(std::move(attributes)),
        range_uj_(range_uj) {}

  std::optional<double> PowerW(base::TimePoint now) override {
    if (since_ && now - *since_ < kShortest) return watts_;
    const auto energy = ReadNumber(*attributes_, "energy_uj");
    if (!energy || *energy < 0) {
      since_.reset();
      return watts_ = std::nullopt;
    }
    watts_ = since_ ? Between(*energy, now) : std::nullopt;
    over_ = since_ ? now - *since_ : base::Duration::zero();
    since_ = now;
    energy_uj_ = *energy;
    return watts_;
  }

  base::Duration Over() const override { return over_; }

 private:
  std::optional<double> Between(std::int64_t energy_uj, base::TimePoint now) const {
    std::int64_t used = energy_uj - energy_uj_;
    if (used < 0) {
      // A counter beyond its range, or one of no range, was not only wrapped around.
      if (energy_uj_ > range_uj_) return std::nullopt;
      used = range_uj_ - energy_uj_ + energy_uj;
    }
    return static_cast<double>(used) * kMicro / base::ToSeconds(now - *since_);
  }

  const std::unique_ptr<Attributes> attributes_;
  const std::int64_t range_uj_;
  std::optional<base::TimePoint> since_;
  base::Duration over_{};
  std::int64_t energy_uj_ = 0;
  std::optional<double> watts_;
};

// "psys" is all that the platform's regulator feeds; packages and memory add up; cores and the
// like are shares of their package.
Scope ScopeOf(const std::string& domain) {
  if (domain == "psys") return Scope::kBoard;
  if (domain.rfind("package-", 0) == 0 || domain == "dram") return Scope::kPart;
  return Scope::kShare;
}

}  // namespace

PowerRailList FindRaplRails(const std::string& root, std::vector<std::string>& notes) {
  PowerRailList rails;
  bool hidden = false;
  std::string package;
  // By name: "intel-rapl:0" comes before its parts "intel-rapl:0:0". The same counters are shown
  // again below "intel-rapl-mmio". AMD's have the same names.
  for (FoundDevice& device : DevicesIn(root + "/class/powercap", "intel-rapl:")) {
    const std::string domain = ReadLine(*device.attributes, "name");
    if (domain.empty()) continue;
    const bool part = std::count(device.name.begin(), device.name.end(), ':') > 1;
    if (!part) package = domain;
    const std::string name = part ? base::StrCat(package, " ", domain) : domain;
    const std::int64_t range = ReadNumber(*device.attributes, "max_energy_range_uj").value_or(0);
    if (!ReadNumber(*device.attributes, "energy_uj")) {
      hidden = true;
      continue;
    }
    rails.push_back(
        std::make_unique<EnergyRail>(name, ScopeOf(domain), std::move(device.attributes), range));
  }
  if (hidden) {
    notes.push_back(
        "some energy counters of the processor (RAPL) cannot be read: the kernel "
        "shows them to root alone");
  }
  return rails;
}

}  // namespace dynofa::hardware::sysfs
