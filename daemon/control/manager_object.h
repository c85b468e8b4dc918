#ifndef DYNOFA_DAEMON_CONTROL_MANAGER_OBJECT_H_
#define DYNOFA_DAEMON_CONTROL_MANAGER_OBJECT_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "daemon/base/clock.h"
#include "daemon/control/mailbox.h"
#include "daemon/control/refusal_count.h"
#include "daemon/control/sdbus_shim.h"
#include "daemon/manager/manager_api.h"

namespace dynofa::control {

/// org.dynofa1.Manager (proto/dbus/org.dynofa1.xml) on one connection. Everything happens on the
/// connection's thread; answers of the manager come there through the mailbox.
class ManagerObject final : public std::enable_shared_from_this<ManagerObject> {
 public:
  /// Registers the object. `operator_uid` may change things. The connection and the manager
  /// outlive the object. Throws sdbus::Error.
  static std::shared_ptr<ManagerObject> Create(sdbus::IConnection& connection,
                                               manager::ManagerApi& manager,
                                               std::shared_ptr<Mailbox> mailbox,
                                               std::uint32_t operator_uid);

  /// Emits PropertiesChanged for what differs from the last time. Throws sdbus::Error.
  void EmitChanges();

 private:
  using Status = std::shared_ptr<const manager::StatusView>;

  /// A SetPowerMode that waits for its answer.
  struct Pending {
    sdbus::Result<> result;
    std::string mode;
    std::string sender;   ///< its name on the bus
    bool counts = false;  ///< its sender is the operator
  };

  ManagerObject(sdbus::IConnection& connection, manager::ManagerApi& manager,
                std::shared_ptr<Mailbox> mailbox, std::uint32_t operator_uid);

  void RegisterMembers();
  void SetPowerMode(sdbus::Result<>&& result, std::string mode);
  void OnSenderKnown(std::uint64_t call, const CallError& error, std::uint32_t uid);
  void Answer(std::uint64_t call, const absl::Status& status);
  void WarnOfStranger(std::uint32_t uid);
  /// Takes the call from those that wait; nullopt if it does not.
  std::optional<Pending> Take(std::uint64_t call);
  void Refuse(std::uint64_t call, const char* error, const std::string& text);

  manager::ManagerApi& manager_;
  const std::shared_ptr<Mailbox> mailbox_;
  const std::uint32_t operator_uid_;
  Status emitted_;
  std::uint64_t calls_ = 0;
  base::SteadyClock clock_;
  RefusalCount strangers_;
  std::size_t operator_calls_ = 0;                 ///< of pending_, those that count
  std::map<std::string, std::size_t> per_sender_;  ///< of pending_
  std::unique_ptr<sdbus::IProxy> bus_;
  std::unique_ptr<sdbus::IObject> object_;
  /// Declared last: the answers are given up before what they would be sent through.
  std::map<std::uint64_t, Pending> pending_;
};

}  // namespace dynofa::control

#endif  // DYNOFA_DAEMON_CONTROL_MANAGER_OBJECT_H_
