#ifndef DYNOFA_DAEMON_HARDWARE_SYSFS_THERMAL_H_
#define DYNOFA_DAEMON_HARDWARE_SYSFS_THERMAL_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/hardware/board.h"
#include "daemon/hardware/sysfs/attributes.h"

namespace dynofa::hardware::sysfs {

/// Thermal zones and cooling devices, found by their type, never by their index. Constant after
/// Assign; thread-safe from then on.
class Thermal {
 public:
  /// `root` stands for /sys. A machine may have none.
  explicit Thermal(const std::string& root);

  /// Says which clusters there are: a zone is listed for each one that its type speaks of ("gpu",
  /// "big", "cpu"), since the kernel does not say where it lies. Without a zone for CPUs the
  /// sensor of their driver is taken, if there is one.
  void Assign(const std::vector<policies::ClusterInfo>& clusters);

  /// Types and trips.
  const std::vector<ZoneInfo>& zones() const { return infos_; }

  /// The zones that can be read now, once for each of their clusters.
  std::vector<ZoneReading> Read() const;

  /// How far the cooling devices of these CPUs are in, as the sum of their states; 0: not at all.
  long DepthOf(const std::vector<int>& cpus) const;

  /// The same for the devfreq device of that name.
  long DepthOf(const std::string& device) const;

 private:
  struct Zone {
    std::string type;
    std::string attribute;
    std::unique_ptr<Attributes> attributes;
    std::vector<std::string> clusters;
  };
  struct Cooling {
    std::string type;
    std::unique_ptr<Attributes> attributes;
  };

  void AddSensorsOfCpus(const std::string& folder, const std::vector<std::string>& clusters);

  const std::string root_;
  std::vector<Zone> zones_;
  std::vector<ZoneInfo> infos_;
  std::vector<Cooling> cooling_;
};

/// The clusters that a zone's type speaks of.
std::vector<std::string> ClustersOfZone(const std::string& type,
                                        const std::vector<policies::ClusterInfo>& clusters);

/// An attribute in thousandths of a degree; nullopt for what no sensor can mean.
std::optional<double> ReadCelsius(Attributes& attributes, const std::string& name);

}  // namespace dynofa::hardware::sysfs

#endif  // DYNOFA_DAEMON_HARDWARE_SYSFS_THERMAL_H_
