#ifndef DYNOFA_DAEMON_MANAGER_PROFILE_STORAGE_H_
#define DYNOFA_DAEMON_MANAGER_PROFILE_STORAGE_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daemon/base/task_runner.h"
#include "daemon/engine/profile.h"
#include "daemon/engine/profile_store.h"

namespace dynofa::manager {

/// Profiles as the manager keeps them: the disk is never waited for. Answers come on the manager's
/// sequence, in the order of the calls.
class ProfileStorage {
 public:
  using Loaded = std::function<void(absl::StatusOr<engine::Profile>)>;
  using Saved = std::function<void(absl::Status)>;

  virtual ~ProfileStorage() = default;

  /// Errors as engine::ProfileStore.
  virtual void Load(engine::ProfileKey key, Loaded done) = 0;
  virtual void Save(std::shared_ptr<const engine::Profile> profile, Saved done) = 0;
};

/// A folder of profiles behind a thread of its own. The destructor waits for what is being written.
class ProfileFolder final : public ProfileStorage {
 public:
  /// `runner` is the sequence that is answered on; it outlives the folder.
  ProfileFolder(const std::string& folder, base::TaskRunner& runner)
      : store_(folder), runner_(runner) {}

  void Load(engine::ProfileKey key, Loaded done) override;
  void Save(std::shared_ptr<const engine::Profile> profile, Saved done) override;

 private:
  const engine::ProfileStore store_;
  base::TaskRunner& runner_;
  /// Declared last: its tasks use the rest.
  const std::unique_ptr<base::ThreadTaskRunner> disk_ = base::ThreadTaskRunner::Create("profiles");
};

}  // namespace dynofa::manager

#endif  // DYNOFA_DAEMON_MANAGER_PROFILE_STORAGE_H_
