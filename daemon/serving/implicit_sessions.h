#ifndef DYNOFA_DAEMON_SERVING_IMPLICIT_SESSIONS_H_
#define DYNOFA_DAEMON_SERVING_IMPLICIT_SESSIONS_H_

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>

#include "daemon/manager/manager_api.h"
#include "daemon/serving/admission.h"

namespace dynofa::serving {

/// Tells the first time of a uid from the others. Thread-safe.
class Once {
 public:
  bool First(std::uint32_t uid);

 private:
  std::mutex mutex_;
  std::set<std::uint32_t> seen_;  ///< guarded by mutex_
};

/// The sessions that a connection gets without asking: one per model, for the requests that name
/// no session. Thread-safe.
class ImplicitSessions : public std::enable_shared_from_this<ImplicitSessions> {
 public:
  /// What the connections have in common.
  struct Shared {
    manager::ManagerApi& manager;  ///< outlives every call back from it
    Admission& admission;          ///< outlives every call of IdFor and Replace
    std::shared_ptr<Once> warned;  ///< the uids whose refusal is in the log
  };

  ImplicitSessions(Shared shared, manager::Caller caller)
      : shared_(std::move(shared)), caller_(caller) {}

  /// The session of `model`, or empty while there is none: the first call asks the manager to
  /// open it, with the default priority or the best that the user may have, and does not wait. A
  /// session that the manager refuses is not asked for again.
  std::string IdFor(const std::string& model);

  /// The manager does not know the session `id` of `model` any more: asks for another one.
  void Replace(const std::string& model, const std::string& id);

  /// Closes them all, also those that are still being opened. No more are opened.
  void End();

 private:
  void Open(const std::string& model, int priority, std::shared_ptr<Admission::Ticket> held);
  void Opened(const std::string& model, const absl::StatusOr<manager::SessionView>& view);
  void Close(const std::string& id);

  const Shared shared_;
  const manager::Caller caller_;
  std::mutex mutex_;
  // Guarded by mutex_.
  bool ended_ = false;
  std::map<std::string, std::string> ids_;  ///< by model; empty while it opens or after a refusal
};

}  // namespace dynofa::serving

#endif  // DYNOFA_DAEMON_SERVING_IMPLICIT_SESSIONS_H_
