#ifndef DYNOFA_POLICIES_CLUSTER_H_
#define DYNOFA_POLICIES_CLUSTER_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace dynofa::policies {

/// The kinds of place where inference can run. NPU, DLA and FPGA are found and shown only.
enum class ClusterKind { kCpu, kGpu, kNpu, kDla, kFpga };

/// "cpu", "gpu", "npu", "dla" or "fpga".
std::string_view ClusterKindName(ClusterKind kind);

/// What does not change about a cluster: a place where inference can run and which shares one
/// clock (the CPUs of one cpufreq policy, a GPU).
struct ClusterInfo {
  /// Stable name: "cpu" and the first CPU of related_cpus ("cpu0", "cpu2"), or "gpu".
  std::string id;
  ClusterKind kind = ClusterKind::kCpu;
  /// CPUs of this host on which the cluster's executor is pinned. On an emulated board this is
  /// the stated mapping to host CPUs, and several clusters may share one.
  std::vector<int> host_cpus;
  /// Cores of the cluster (CPUs, or 1 for a GPU).
  int cores = 1;
  /// Speed of a CPU at its highest clock, in 1024ths of the machine's fastest; 0 if unknown.
  int capacity = 0;
  /// The kernel's driver of the clock, for people ("cpufreq-dt"); empty if unknown.
  std::string driver;
  /// Frequencies that can be set, ascending, kHz. Empty if the clock cannot be set.
  std::vector<std::int64_t> frequencies_khz;
  /// The frequencies are steps of a range, in which any can be set.
  bool continuous = false;
  /// Governors on offer. Empty if the clock cannot be set.
  std::vector<std::string> governors;
  /// May the daemon change this cluster's clock?
  bool writable = false;
  /// If not writable: why, for people.
  std::string read_only_reason;
};

/// Setting of a cluster. *Busy* means min = max = the decided frequency: a cap alone would let
/// the governor float and make every profile wrong. *Idle* means min back at its baseline.
struct ClusterSetting {
  std::string cluster;
  /// Empty: leave the governor as it is.
  std::string governor;
  /// 0: leave (or, for an idle cluster, put back) the baseline.
  std::int64_t min_khz = 0;
  std::int64_t max_khz = 0;

  friend bool operator==(const ClusterSetting&, const ClusterSetting&) = default;
};

/// What is known about a cluster at the moment of a decision.
struct ClusterState {
  ClusterInfo info;
  /// False when the cluster is gone, off or taken: nothing may be assigned to it.
  bool available = true;
  /// Why it is not, for people; empty if nothing is known.
  std::string unavailable_because;
  /// Read back, kHz; 0 if unknown.
  std::int64_t frequency_khz = 0;
  /// The highest frequency that heat or the kernel allows now, kHz; 0 = no such limit.
  std::int64_t limit_khz = 0;
  /// Why limit_khz is what it is ("thermal", "foreign-writer"); empty without a limit.
  std::string limited_by;
  /// Hottest zone that belongs to the cluster, degrees C; 0 if there is none.
  double temperature_c = 0.0;
  /// Power drawn while the cluster is on and idle at its present clock, W; 0 if unknown.
  double static_power_w = 0.0;
  /// Power drawn while no decision uses the cluster, W; 0 if unknown or switched off then.
  double rest_power_w = 0.0;
  /// Measured run time over the profile's at the same frequency; >= some small value, 1 = as
  /// profiled. The online estimate absorbs neighbours, heat and errors of the profile.
  double slowdown = 1.0;
  /// What is left of the slow-down for one subnet, as a factor on `slowdown`, by
  /// ResidualKey(model, subnet); a subnet that is not named has 1.
  std::map<std::string, double> residuals;
  /// Share of the cluster that other programs use, 0..1.
  double foreign_load = 0.0;
};

/// Key of ClusterState::residuals.
inline std::string ResidualKey(std::string_view model, std::string_view subnet) {
  return std::string(model).append("/").append(subnet);
}

}  // namespace dynofa::policies

#endif  // DYNOFA_POLICIES_CLUSTER_H_
