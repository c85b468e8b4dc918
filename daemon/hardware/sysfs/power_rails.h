#ifndef DYNOFA_DAEMON_HARDWARE_SYSFS_POWER_RAILS_H_
#define DYNOFA_DAEMON_HARDWARE_SYSFS_POWER_RAILS_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/hardware/board.h"

namespace dynofa::hardware::sysfs {

/// A place where power is measured. Thread-compatible.
class PowerRail {
 public:
  /// What its figure says about the power of the board.
  enum class Scope {
    kBoard,  ///< all of it
    kPart,   ///< a part, of which no other rail here has a share
    kShare,  ///< a part of another rail, or of the world around the board
  };

  PowerRail(std::string name, std::string source, Scope scope)
      : name_(std::move(name)), source_(std::move(source)), scope_(scope) {}
  virtual ~PowerRail() = default;

  const std::string& name() const { return name_; }
  const std::string& source() const { return source_; }
  Scope scope() const { return scope_; }

  /// W; nullopt if it cannot be told now.
  virtual std::optional<double> PowerW(base::TimePoint now) = 0;
  /// Over how long before it the last power is an average; zero: it is that of the moment.
  virtual base::Duration Over() const { return base::Duration::zero(); }

 private:
  const std::string name_;
  const std::string source_;
  const Scope scope_;
};

using PowerRailList = std::vector<std::unique_ptr<PowerRail>>;

// The kinds of rails below `root`, which stands for /sys. What cannot be read, and why, is added
// to `notes`.

/// INA3221 and INA231/INA226 by hwmon, and every other sensor there with a power of its own.
PowerRailList FindHwmonRails(const std::string& root, std::vector<std::string>& notes);

/// INA3221 by IIO (JetPack 4), INA231 by Hardkernel's driver.
PowerRailList FindVendorRails(const std::string& root, std::vector<std::string>& notes);

/// RAPL by powercap: energy counters that wrap around.
PowerRailList FindRaplRails(const std::string& root, std::vector<std::string>& notes);

/// Batteries, which tell what the board draws while it runs on them.
PowerRailList FindBatteryRails(const std::string& root, PowerRail::Scope scope);

/// All rails of a machine, and which of them add up to the board. Thread-compatible.
class PowerRails {
 public:
  /// Adds to `notes` what is missing and why.
  PowerRails(const std::string& root, std::vector<std::string>& notes);

  std::vector<RailInfo> infos() const;

  /// Fills rails and board power, as far as they can be told.
  void Read(base::TimePoint now, BoardReading& reading);

 private:
  bool InBoardPower(const PowerRail& rail) const { return rail.scope() == counted_; }

  PowerRailList rails_;
  PowerRail::Scope counted_ = PowerRail::Scope::kPart;
};

}  // namespace dynofa::hardware::sysfs

#endif  // DYNOFA_DAEMON_HARDWARE_SYSFS_POWER_RAILS_H_
