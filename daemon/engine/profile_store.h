#ifndef DYNOFA_DAEMON_ENGINE_PROFILE_STORE_H_
#define DYNOFA_DAEMON_ENGINE_PROFILE_STORE_H_

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daemon/engine/profile.h"

namespace dynofa::engine {

/// The profiles in a folder, one file per key, named by the key's digest. Calls wait for the disk.
/// Thread-compatible; one process writes.
class ProfileStore {
 public:
  /// `folder` and its parent are made when the first profile is saved.
  explicit ProfileStore(std::string folder) : folder_(std::move(folder)) {}

  /// The profile of that key; NOT_FOUND if there is none. A file that cannot be understood, or
  /// that holds another key, is moved aside (".damaged") and DATA_LOSS says so, with its new name:
  /// nobody meets it again, and nothing in it is lost.
  absl::StatusOr<Profile> Load(const ProfileKey& key) const;

  /// Replaces the profile of profile.key as a whole: a crash leaves the old one or the new one.
  absl::Status Save(const Profile& profile) const;

  /// Where the profile of a key is kept.
  absl::StatusOr<std::string> PathOf(const ProfileKey& key) const;

 private:
  const std::string folder_;
};

}  // namespace dynofa::engine

#endif  // DYNOFA_DAEMON_ENGINE_PROFILE_STORE_H_
