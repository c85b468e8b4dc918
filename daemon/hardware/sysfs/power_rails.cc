#include "daemon/hardware/sysfs/power_rails.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace dynofa::hardware::sysfs {
namespace {

// More than any board that this program runs on draws; what is above is not believed.
constexpr double kMostWatts = 10'000.0;

void Append(PowerRailList more, PowerRailList& rails) {
  std::move(more.begin(), more.end(), std::back_inserter(rails));
}

}  // namespace

// Sensors beat counters, which tell of the package alone, and both beat a battery, which tells of
// the screen, too, and only now and then.
PowerRails::PowerRails(const std::string& root, std::vector<std::string>& notes) {
  std::vector<std::string> reasons;
  Append(FindHwmonRails(root, reasons), rails_);
  Append(FindVendorRails(root, reasons), rails_);
  Append(FindRaplRails(root, reasons), rails_);
  const auto has = [&](PowerRail::Scope scope) {
    return std::any_of(rails_.begin(), rails_.end(),
                       [&](const auto& rail) { return rail->scope() == scope; });
  };
  const bool whole = has(PowerRail::Scope::kBoard);
  const bool partial = !whole && has(PowerRail::Scope::kPart);
  if (!partial) counted_ = PowerRail::Scope::kBoard;
  const bool told = whole || partial;
  Append(FindBatteryRails(root, told ? PowerRail::Scope::kShare : PowerRail::Scope::kBoard),
         rails_);
  notes.insert(notes.end(), reasons.begin(), reasons.end());
  if (rails_.empty()) {
    notes.push_back("no power rail can be read: power and energy are unknown");
  } else if (partial) {
    notes.push_back(
        "board power is the sum of its measured parts; what nothing measures is not in it");
  } else if (!whole && !has(PowerRail::Scope::kBoard)) {
    notes.push_back("no rail tells the power of the board");
  }
}

std::vector<RailInfo> PowerRails::infos() const {
  std::vector<RailInfo> infos;
  for (const auto& rail : rails_) {
    infos.push_back({rail->name(), rail->source(), InBoardPower(*rail)});
  }
  return infos;
}

void PowerRails::Read(base::TimePoint now, BoardReading& reading) {
  double sum = 0.0;
  base::Duration over{};
  bool whole = true;
  for (const auto& rail : rails_) {
    const std::optional<double> watts = rail->PowerW(now);
    const bool known = watts && *watts >= 0.0 && *watts < kMostWatts;
    if (known) reading.rails.push_back({rail->name(), *watts});
    if (!InBoardPower(*rail)) continue;
    whole = whole && known;
    if (known) sum += *watts;
    over = std::max(over, rail->Over());
  }
  if (!whole) return;
  reading.board_power_w = sum;
  reading.board_power_over_s = base::ToSeconds(over);
}

}  // namespace dynofa::hardware::sysfs
