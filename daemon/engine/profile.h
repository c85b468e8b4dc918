#ifndef DYNOFA_DAEMON_ENGINE_PROFILE_H_
#define DYNOFA_DAEMON_ENGINE_PROFILE_H_

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "policies/evidence.h"

namespace dynofa::engine {

/// What a profile is valid for. If any part differs, it is another profile: a figure is never used
/// for weights, code or hardware that it was not measured with. Each part is printable ASCII of at
/// most 1024 bytes, whatever a firmware calls its board.
struct ProfileKey {
  /// ModelInfo::weights_digest.
  std::string weights;
  /// Supernet::backend() and Supernet::build() ("oneDNN 2.6.3, avx512_core").
  std::string backend;
  std::string build;
  /// hardware::BoardInfo::name and emulated_model (empty on real hardware).
  std::string board;
  std::string emulated_board;

  friend bool operator==(const ProfileKey&, const ProfileKey&) = default;
};

/// SHA-256 of the key's parts as 64 hex digits; names the profile's file.
absl::StatusOr<std::string> ProfileDigest(const ProfileKey& key);

/// One way to run one subnet of the model.
struct ProfilePoint {
  std::string subnet;
  std::string cluster;
  int threads = 1;
  /// The clock that was held during the runs, kHz; 0 where it cannot be set.
  std::int64_t frequency_khz = 0;

  friend auto operator<=>(const ProfilePoint&, const ProfilePoint&) = default;
};

/// Middle and spread of a repeated measurement, in the unit of its values.
struct Spread {
  double median = 0.0;
  double p10 = 0.0;
  double p90 = 0.0;
  /// Values that were counted; those that were disturbed are not among them.
  std::int64_t count = 0;

  friend bool operator==(const Spread&, const Spread&) = default;
};

/// The spread of `values`; all zero without any. Percentiles are the smallest value that at least
/// so many percent do not exceed.
Spread SpreadOf(std::vector<double> values);

/// What one way costs.
struct ProfileEntry {
  /// Compute time of one inference, ms, with nobody else on the cluster.
  Spread latency_ms;
  policies::Evidence latency_evidence = policies::Evidence::kUnknown;
  /// Power above that of the idle cluster at the same clock, W; absent where no rail tells.
  std::optional<double> active_power_w;
  policies::Evidence power_evidence = policies::Evidence::kUnknown;

  friend bool operator==(const ProfileEntry&, const ProfileEntry&) = default;
};

/// What could not be measured, and why.
struct ProfileGap {
  std::string cluster;
  /// 0: any frequency.
  std::int64_t frequency_khz = 0;
  /// For people.
  std::string reason;

  friend bool operator==(const ProfileGap&, const ProfileGap&) = default;
};

/// The measured costs of one model on one board. A part of all points is a valid profile too: it
/// grows as the points are measured. Plain value.
struct Profile {
  ProfileKey key;
  /// Name of the model, for people.
  std::string model;
  std::map<ProfilePoint, ProfileEntry> entries;
  /// Of the last time that somebody measured.
  std::vector<ProfileGap> gaps;

  friend bool operator==(const Profile&, const Profile&) = default;
};

/// The profile as JSON text (docs/profiling.md has the format), and back. Reading is strict:
/// INVALID_ARGUMENT says where the text is wrong: syntax, unknown or missing members, names,
/// numbers out of range, a point that is there twice, another version of the format.
std::string ProfileToJson(const Profile& profile);
absl::StatusOr<Profile> ProfileFromJson(const std::string& text);

}  // namespace dynofa::engine

#endif  // DYNOFA_DAEMON_ENGINE_PROFILE_H_
