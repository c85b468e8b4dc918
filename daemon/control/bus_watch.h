#ifndef DYNOFA_DAEMON_CONTROL_BUS_WATCH_H_
#define DYNOFA_DAEMON_CONTROL_BUS_WATCH_H_

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "daemon/control/mailbox.h"
#include "daemon/control/sdbus_shim.h"
#include "daemon/manager/manager_api.h"

namespace dynofa::control {

/// Looks on one connection for what the manager must know of the machine: other services that set
/// clocks (hardware::OtherActors()), and sleep, for which it makes logind wait until no clock is
/// being set. Everything happens on the connection's thread. Services that are not there, or come
/// later, are no error.
class BusWatch final : public std::enable_shared_from_this<BusWatch> {
 public:
  /// The connection and the manager outlive the object. Throws sdbus::Error.
  static std::shared_ptr<BusWatch> Create(sdbus::IConnection& connection,
                                          manager::ManagerApi& manager,
                                          std::shared_ptr<Mailbox> mailbox);

  /// Who cannot hear of waking up must not sleep for ever.
  ~BusWatch();

 private:
  BusWatch(sdbus::IConnection& connection, manager::ManagerApi& manager,
           std::shared_ptr<Mailbox> mailbox);

  void Start(sdbus::IConnection& connection);
  void WatchName(sdbus::IConnection& connection, const std::string& name);
  void OnOwner(const std::string& name, bool owned);
  void LookForUnits();
  void ReportActors();
  void OnSleep(bool begins);
  /// Asks logind to wait for us before it sleeps, until `delay_` is given up.
  void AskForDelay();

  manager::ManagerApi& manager_;
  const std::shared_ptr<Mailbox> mailbox_;
  std::unique_ptr<sdbus::IProxy> bus_;
  std::unique_ptr<sdbus::IProxy> login_;
  std::unique_ptr<sdbus::IProxy> systemd_;
  std::vector<sdbus::Slot> matches_;
  std::set<std::string> owned_;         ///< of the watched names
  std::set<std::string> active_units_;  ///< of the watched ones
  std::vector<std::string> reported_;
  bool asleep_ = false;
  std::optional<sdbus::UnixFd> delay_;
};

}  // namespace dynofa::control

#endif  // DYNOFA_DAEMON_CONTROL_BUS_WATCH_H_
