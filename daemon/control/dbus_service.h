#ifndef DYNOFA_DAEMON_CONTROL_DBUS_SERVICE_H_
#define DYNOFA_DAEMON_CONTROL_DBUS_SERVICE_H_

#include <cstdint>
#include <memory>
#include <thread>

#include "daemon/base/clock.h"
#include "daemon/control/mailbox.h"
#include "daemon/manager/manager_api.h"

namespace dynofa::control {

struct DbusOptions {
  /// The uid that may change things: root.
  std::uint32_t operator_uid = 0;
  /// Pauses between attempts to reach the bus grow from the first to the last.
  base::Duration first_pause = std::chrono::milliseconds(250);
  base::Duration last_pause = std::chrono::seconds(8);
};

/// The service org.dynofa1 on the system bus (or on DBUS_SYSTEM_BUS_ADDRESS), on a thread of its
/// own. A bus that is absent, goes away or refuses the name is logged once and tried again for as
/// long as the service lives; nothing else waits for it.
class DbusService {
 public:
  /// Never fails: the bus is reached later if it is not there. `manager` outlives the service.
  static std::unique_ptr<DbusService> Create(manager::ManagerApi& manager, DbusOptions options);

  /// Leaves the bus. Calls that wait for their answer are dropped.
  ~DbusService();
  DbusService(const DbusService&) = delete;
  DbusService& operator=(const DbusService&) = delete;

 private:
  DbusService(manager::ManagerApi& manager, DbusOptions options);

  void Run();
  /// Serves one connection until the mailbox is closed; throws when the bus is lost.
  void ServeConnection();
  /// Logs the first failure of a row.
  void OnFailure(const char* reason);
  void Pause(base::Duration pause) const;

  manager::ManagerApi& manager_;
  const DbusOptions options_;
  const std::shared_ptr<Mailbox> mailbox_;
  std::uint64_t watch_ = 0;
  /// Of the bus thread.
  base::Duration pause_;
  bool failing_ = false;
  std::thread thread_;
};

}  // namespace dynofa::control

#endif  // DYNOFA_DAEMON_CONTROL_DBUS_SERVICE_H_
