#ifndef DYNOFA_DAEMON_HARDWARE_SYSFS_THERMAL_H_
#define DYNOFA_DAEMON_HARDWARE_SYSFS_THERMAL_H_

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "daemon/hardware/board.h"
#include "daemon/hardware/sysfs/attributes.h"

namespace dynofa::hardware::sysfs {

/// Thermal zones and cooling devices, found by their type, never by their index. Thread-safe after
/// Assign.
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

  /// The zones that can be read now, once for each of their clusters. One that is gone is looked
  /// for again; one that is switched off together with what it measures is as it was before that.
  std::vector<ZoneReading> Read();

  /// How far the cooling devices of these CPUs are in, as the sum of their states; 0: not at all.
  long DepthOf(const std::vector<int>& cpus) const;

  /// The same for the devfreq device of that name.
  long DepthOf(const std::string& device) const;

 private:
  // Where sensors are found: the folder of a class, what their names begin with, and attributes.
  struct Source {
    std::string folder, prefix, type, temperature;
  };
  struct Zone {
    const Source* source = nullptr;
    std::string type;
    int place = 0;  ///< among those of the same type and source
    std::unique_ptr<Attributes> attributes;
    std::vector<std::string> clusters;
    std::optional<double> last;
  };
  struct Cooling {
    std::string type;
    std::unique_ptr<Attributes> attributes;
  };

  void AddZone(const Source& source, const std::string& type,
               std::unique_ptr<Attributes> attributes, std::vector<Trip> trips);
  void AddSensorsOfCpus(const std::vector<std::string>& clusters);
  static std::optional<double> ReadZone(Zone& zone);
  /// Takes the zone of the same type and place, if it is there again.
  static void FindAgain(Zone& zone);

  const Source zone_source_, hwmon_source_;
  std::mutex mutex_;
  std::vector<Zone> zones_;  ///< with the mutex held, once they are assigned
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
