#ifndef DYNOFA_DAEMON_HARDWARE_SENSOR_WATCH_H_
#define DYNOFA_DAEMON_HARDWARE_SENSOR_WATCH_H_

#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "daemon/base/clock.h"
#include "daemon/hardware/board.h"

namespace dynofa::hardware {

/// Looks whether the temperature of a cluster is still known while its clock is held. A sensor is
/// not believed when it
///
/// * cannot be read any more, for a second and at two readings at least, or
/// * has shown the very same value for half a minute after the cluster has begun to work harder (by
///   a fifth of what it can do: CPUs in use times clock). Not even a coarse sensor does that.
///
/// A cluster none of whose sensors is believed is capped at half of its highest frequency, until
/// one is again: dynofa does not drive hard what may be hot. A cluster that never had a sensor is
/// not capped. Reasons and figures: docs/decisions/0020-blind-clusters-are-capped.md.
///
/// What it finds is logged when it changes. Belongs to one thread at a time.
class SensorWatch {
 public:
  /// Why ClusterReading::limit_khz caps a cluster.
  static constexpr char kReason[] = "stale-sensor";

  /// As Board::ReportLoad.
  void TakeLoads(const std::vector<ClusterLoad>& loads);

  /// Takes a reading made at `now` of a board with these clusters. Adds the caps to it, and leaves
  /// out zones that are not believed.
  void Look(base::TimePoint now, const std::vector<policies::ClusterInfo>& clusters,
            BoardReading& reading);

 private:
  /// Type, cluster, and which of those that share both.
  using Key = std::tuple<std::string, std::string, int>;
  struct Sensor {
    std::optional<double> value;  ///< as last read; empty: it could not be
    base::TimePoint silent_since{};
    int silences = 0;
    double effort = 0.0;  ///< the least that the cluster has made since the value changed
    std::optional<base::TimePoint> harder_since;
    bool failed = false;  ///< not believed
  };
  /// What a cluster does: the share of what it can, and whether its clock is held.
  struct Activity {
    double effort = 0.0;
    bool held = false;
  };

  Activity ActivityOf(const policies::ClusterInfo& info, const ClusterReading& reading) const;
  static void NoteValue(base::TimePoint now, double value, const Activity& activity,
                        Sensor& sensor);
  static void NoteSilence(base::TimePoint now, const Activity& activity, Sensor& sensor);
  void NoteZones(base::TimePoint now, std::map<std::string, Activity>& activities,
                 BoardReading& reading);
  bool IsBlind(const std::string& cluster) const;

  std::map<Key, Sensor> sensors_;
  std::map<std::string, ClusterLoad> loads_;
  std::set<std::string> blind_;  ///< clusters, as logged
};

}  // namespace dynofa::hardware

#endif  // DYNOFA_DAEMON_HARDWARE_SENSOR_WATCH_H_
