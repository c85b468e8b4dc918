#include "daemon/control/dbus_service.h"

#include <poll.h>
#include <pthread.h>

#include <algorithm>
#include <array>
#include <exception>

#include "daemon/base/log.h"
#include "daemon/control/bus_watch.h"
#include "daemon/control/manager_object.h"
#include "daemon/control/sdbus_shim.h"

namespace dynofa::control {
namespace {

constexpr char kBusName[] = "org.dynofa1";
/// Messages handled before the mailbox gets its turn again.
constexpr int kMessagesPerTurn = 64;

void WaitForEvents(sdbus::IConnection& connection, int wake_fd) {
  const auto poll_data = connection.getEventLoopPollData();
  std::array<pollfd, 2> fds = {pollfd{poll_data.fd, poll_data.events, 0},
                               pollfd{wake_fd, POLLIN, 0}};
  ::poll(fds.data(), fds.size(), poll_data.getPollTimeout());
}

}  // namespace

std::unique_ptr<DbusService> DbusService::Create(manager::ManagerApi& manager,
                                                 DbusOptions options) {
  return std::unique_ptr<DbusService>(new DbusService(manager, options));
}

DbusService::DbusService(manager::ManagerApi& manager, DbusOptions options)
    : manager_(manager),
      options_(options),
      mailbox_(std::make_shared<Mailbox>()),
      pause_(options.first_pause) {
  thread_ = std::thread([this] { Run(); });
  pthread_setname_np(thread_.native_handle(), "dynofa-dbus");
  watch_ = manager_.Watch([mailbox = mailbox_](const auto&) { mailbox->Wake(); });
}

DbusService::~DbusService() {
  manager_.Unwatch(watch_);
  mailbox_->Close();
  thread_.join();
}

void DbusService::Run() {
  while (!mailbox_->closed()) {
    try {
      ServeConnection();
    } catch (const std::exception& error) {
      OnFailure(error.what());
      Pause(pause_);
      pause_ = std::min(pause_ * 2, options_.last_pause);
    }
  }
}

void DbusService::ServeConnection() {
  const std::unique_ptr<sdbus::IConnection> connection = sdbus::createSystemBusConnection();
  const std::shared_ptr<ManagerObject> object =
      ManagerObject::Create(*connection, manager_, mailbox_, options_.operator_uid);
  const std::shared_ptr<BusWatch> watch = BusWatch::Create(*connection, manager_, mailbox_);
  // After the object: whom the bus starts us for must not find an empty name.
  RequestName(*connection, kBusName);
  base::LogInfo("D-Bus: serving ", kBusName);
  failing_ = false;
  pause_ = options_.first_pause;
  while (!mailbox_->closed()) {
    WaitForEvents(*connection, mailbox_->fd());
    mailbox_->RunAll();
    object->EmitChanges();
    for (int i = 0; i < kMessagesPerTurn && ProcessPending(*connection); ++i) {
    }
  }
}

void DbusService::OnFailure(const char* reason) {
  if (!failing_) {
    base::LogWarning("D-Bus: ", reason, "; serving goes on without it, trying again");
  }
  failing_ = true;
}

void DbusService::Pause(base::Duration pause) const {
  const auto deadline = std::chrono::steady_clock::now() + pause;
  while (!mailbox_->closed()) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return;
    pollfd wake{mailbox_->fd(), POLLIN, 0};
    ::poll(&wake, 1, static_cast<int>(left.count()));
    // Nobody can be answered: what waits belongs to a connection that is gone.
    mailbox_->RunAll();
  }
}

}  // namespace dynofa::control
