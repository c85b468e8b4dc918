#ifndef DYNOFA_DAEMON_SERVING_IMPLICIT_SESSIONS_H_
#define DYNOFA_DAEMON_SERVING_IMPLICIT_SESSIONS_H_

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "daemon/manager/manager_api.h"

namespace dynofa::serving {

/// The sessions that a connection gets without asking: one per model, for the requests that name
/// no session. Thread-safe.
class ImplicitSessions : public std::enable_shared_from_this<ImplicitSessions> {
 public:
  /// `manager` outlives every call back from it.
  ImplicitSessions(manager::ManagerApi& manager, manager::Caller caller)
      : manager_(manager), caller_(caller) {}

  /// The session of `model`, or empty while there is none: the first call asks the manager to
  /// open it and does not wait. A session that the manager refuses is not asked for again.
  std::string IdFor(const std::string& model);

  /// Closes them all, also those that are still being opened. No more are opened.
  void End();

 private:
  void Opened(const std::string& model, const absl::StatusOr<manager::SessionView>& view);
  void Close(const std::string& id);

  manager::ManagerApi& manager_;
  const manager::Caller caller_;
  std::mutex mutex_;
  // Guarded by mutex_.
  bool ended_ = false;
  std::map<std::string, std::string> ids_;  ///< by model; empty while it opens or after a refusal
};

}  // namespace dynofa::serving

#endif  // DYNOFA_DAEMON_SERVING_IMPLICIT_SESSIONS_H_
