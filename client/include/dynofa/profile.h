#ifndef DYNOFA_PROFILE_H_
#define DYNOFA_PROFILE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

// What the hosted models cost on this board, measured by the daemon (docs/profiling.md).

namespace dynofa::client {

/// What to measure. An empty list means all there are.
struct ProfileRequest {
  std::vector<std::string> models;
  std::vector<std::string> clusters;
  std::vector<std::string> subnets;
  /// Go on even where a session cannot be served meanwhile.
  bool force = false;
  /// Measure again what is known already.
  bool again = false;
};

/// What could not be measured, and why.
struct ProfileGap {
  std::string cluster;
  std::int64_t frequency_khz = 0;  ///< 0: any
  std::string reason;
};

/// How far the job is. Counts are points: one subnet on one cluster with one number of threads at
/// one frequency.
struct ProfileProgress {
  /// "none", "running", "waiting" (for sessions), "finished", "cancelled" or "failed".
  std::string state;
  std::int64_t total = 0;
  std::int64_t known = 0;  ///< before the job
  std::int64_t measured = 0;
  std::int64_t skipped = 0;
  std::string cluster;
  std::int64_t frequency_khz = 0;
  double elapsed_s = 0.0;
  std::optional<double> left_s;
  std::string message;
  std::vector<ProfileGap> gaps;

  bool active() const { return state == "running" || state == "waiting"; }
};

struct ProfileEntry {
  std::string subnet;
  std::string cluster;
  int threads = 1;
  std::int64_t frequency_khz = 0;  ///< 0: cannot be set
  double median_ms = 0.0;
  double p10_ms = 0.0;
  double p90_ms = 0.0;
  std::int64_t runs = 0;
  std::string latency_label;
  /// Above idle, W; nullopt where no rail tells.
  std::optional<double> active_power_w;
  std::string power_label;
};

struct ModelProfile {
  std::string model;
  std::vector<ProfileEntry> entries;
};

struct Profiles {
  ProfileProgress progress;
  std::vector<ModelProfile> models;
};

}  // namespace dynofa::client

#endif  // DYNOFA_PROFILE_H_
