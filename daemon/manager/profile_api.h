#ifndef DYNOFA_DAEMON_MANAGER_PROFILE_API_H_
#define DYNOFA_DAEMON_MANAGER_PROFILE_API_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/engine/profile.h"

namespace dynofa::manager {

/// What to profile. An empty list means all there are.
struct ProfileRequest {
  std::vector<std::string> models;
  std::vector<std::string> clusters;
  std::vector<std::string> subnets;
  /// Go on even where a session cannot be served meanwhile.
  bool force = false;
  /// Measure again what the profile has already.
  bool again = false;
};

enum class ProfileState {
  kNone,       ///< nothing was asked for since the daemon started
  kRunning,    ///< measuring
  kWaiting,    ///< a session needs the cluster; goes on when it does not any more
  kFinished,   ///< everything that can be measured is
  kCancelled,  ///< by an operator; what was measured is kept
  kFailed,     ///< it cannot go on; what was measured is kept
};

/// "none", "running", "waiting", "finished", "cancelled" or "failed".
inline std::string_view ProfileStateName(ProfileState state) {
  switch (state) {
    case ProfileState::kNone:
      return "none";
    case ProfileState::kRunning:
      return "running";
    case ProfileState::kWaiting:
      return "waiting";
    case ProfileState::kFinished:
      return "finished";
    case ProfileState::kCancelled:
      return "cancelled";
    case ProfileState::kFailed:
      return "failed";
  }
  return "none";
}

/// How far the job is. Counts are points: one subnet on one cluster with one number of threads at
/// one frequency.
struct ProfileProgress {
  ProfileState state = ProfileState::kNone;
  /// All that the request covers, of which `known` were in the profile before.
  std::int64_t total = 0;
  std::int64_t known = 0;
  std::int64_t measured = 0;
  /// Could not be measured; `gaps` say why.
  std::int64_t skipped = 0;
  /// What is being measured; empty when nothing is.
  std::string cluster;
  std::int64_t frequency_khz = 0;
  double elapsed_s = 0.0;
  /// Until the end, by the time that the points took so far; nullopt if that is unknown.
  std::optional<double> left_s;
  /// Why it waits, failed, or cannot measure all; empty or a sentence.
  std::string message;
  std::vector<engine::ProfileGap> gaps;
};

}  // namespace dynofa::manager

#endif  // DYNOFA_DAEMON_MANAGER_PROFILE_API_H_
