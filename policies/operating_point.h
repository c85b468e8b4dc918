#ifndef DYNOFA_POLICIES_OPERATING_POINT_H_
#define DYNOFA_POLICIES_OPERATING_POINT_H_

#include <cstdint>
#include <optional>
#include <string>

#include "policies/evidence.h"

namespace dynofa::policies {

/// One way to run a model: (subnet, cluster, threads, frequency) and what it costs.
struct OperatingPoint {
  std::string model;
  std::string subnet;
  std::string cluster;
  int threads = 1;
  /// kHz; 0 where the clock cannot be set.
  std::int64_t frequency_khz = 0;
  /// Compute time of one inference, ms, with nobody else on the cluster.
  double latency_ms = 0.0;
  Evidence latency_evidence = Evidence::kUnknown;
  /// Power above idle while it runs, W; nullopt if no rail tells.
  std::optional<double> active_power_w;
  Evidence power_evidence = Evidence::kUnknown;
  /// Power of the cluster while it is on at this clock and nothing runs, W; nullopt if unknown.
  std::optional<double> idle_power_w;
  /// Top-1 as a fraction in [0, 1].
  double accuracy = 0.0;
  Evidence accuracy_evidence = Evidence::kUnknown;

  /// Energy above idle of one inference, mJ; nullopt if the power is unknown.
  std::optional<double> EnergyMj() const {
    if (!active_power_w) return std::nullopt;
    return *active_power_w * latency_ms;
  }
};

}  // namespace dynofa::policies

#endif  // DYNOFA_POLICIES_OPERATING_POINT_H_
