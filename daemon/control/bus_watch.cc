#include "daemon/control/bus_watch.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "daemon/base/log.h"
#include "daemon/base/strings.h"
#include "daemon/hardware/other_actors.h"

namespace dynofa::control {
namespace {

constexpr char kBus[] = "org.freedesktop.DBus";
constexpr char kLogin[] = "org.freedesktop.login1";
constexpr char kLoginPath[] = "/org/freedesktop/login1";
constexpr char kLoginInterface[] = "org.freedesktop.login1.Manager";
constexpr char kSystemd[] = "org.freedesktop.systemd1";

/// One unit as systemd lists it: name, description, load state, active state, sub state, followed
/// unit, path, job's number, job's type, job's path.
using ListedUnit =
    sdbus::Struct<std::string, std::string, std::string, std::string, std::string, std::string,
                  sdbus::ObjectPath, std::uint32_t, std::string, sdbus::ObjectPath>;

/// `handle` for a message; sdbus-c++ does not take exceptions from such a handler.
template <typename Handle>
auto Safely(Handle handle) {
  return [handle = std::move(handle)](auto&& message) {
    try {
      handle(message);
    } catch (const std::exception& error) {
      base::LogWarning("D-Bus: a signal that cannot be read: ", error.what());
    }
  };
}

}  // namespace

std::shared_ptr<BusWatch> BusWatch::Create(sdbus::IConnection& connection,
                                           manager::ManagerApi& manager,
                                           std::shared_ptr<Mailbox> mailbox) {
  std::shared_ptr<BusWatch> watch(new BusWatch(connection, manager, std::move(mailbox)));
  watch->Start(connection);
  return watch;
}

BusWatch::BusWatch(sdbus::IConnection& connection, manager::ManagerApi& manager,
                   std::shared_ptr<Mailbox> mailbox)
    : manager_(manager),
      mailbox_(std::move(mailbox)),
      bus_(MakeProxy(connection, kBus, "/org/freedesktop/DBus")),
      login_(MakeProxy(connection, kLogin, kLoginPath)),
      systemd_(MakeProxy(connection, kSystemd, "/org/freedesktop/systemd1")) {}

BusWatch::~BusWatch() {
  if (asleep_) manager_.SetAsleep(false, [](const absl::Status&) {});
}

void BusWatch::Start(sdbus::IConnection& connection) {
  matches_.push_back(
      AddMatch(connection,
               base::StrCat("type='signal',sender='", kLogin, "',path='", kLoginPath,
                            "',interface='", kLoginInterface, "',member='PrepareForSleep'"),
               Safely([this](auto& message) {
                 bool begins = false;
                 message >> begins;
                 OnSleep(begins);
               })));
  WatchName(connection, kLogin);
  for (const hardware::OtherActor& actor : hardware::OtherActors()) {
    for (const std::string_view name : actor.bus_names) WatchName(connection, std::string(name));
  }
  LookForUnits();
}

void BusWatch::WatchName(sdbus::IConnection& connection, const std::string& name) {
  // By its first argument, so that other names' changes wake nobody.
  matches_.push_back(AddMatch(
      connection,
      base::StrCat("type='signal',sender='", kBus, "',member='NameOwnerChanged',arg0='", name, "'"),
      Safely([this, name](auto& message) {
        std::string ignored, before, after;
        message >> ignored >> before >> after;
        OnOwner(name, !after.empty());
      })));
  bus_->callMethodAsync("NameHasOwner")
      .onInterface(kBus)
      .withArguments(name)
      .uponReplyInvoke([this, name](CallError error, bool owned) {
        if (!error && owned) OnOwner(name, true);
      });
}

void BusWatch::OnOwner(const std::string& name, bool owned) {
  const bool changed = owned ? owned_.insert(name).second : owned_.erase(name) > 0;
  if (!changed) return;
  if (name != kLogin) return ReportActors();
  if (owned) return AskForDelay();
  delay_.reset();
  if (asleep_) OnSleep(false);
}

void BusWatch::LookForUnits() {
  std::vector<std::string> units;
  for (const hardware::OtherActor& actor : hardware::OtherActors()) {
    if (!actor.unit.empty()) units.emplace_back(actor.unit);
  }
  systemd_->callMethodAsync("ListUnitsByNames")
      .onInterface("org.freedesktop.systemd1.Manager")
      .withArguments(units)
      .uponReplyInvoke([this](CallError error, const std::vector<ListedUnit>& listed) {
        if (error) return;
        for (const ListedUnit& unit : listed) {
          if (std::get<3>(unit) == "active") active_units_.insert(std::get<0>(unit));
        }
        ReportActors();
      });
}

void BusWatch::ReportActors() {
  std::vector<std::string> names;
  for (const hardware::OtherActor& actor : hardware::OtherActors()) {
    const bool on_bus =
        std::any_of(actor.bus_names.begin(), actor.bus_names.end(),
                    [&](std::string_view name) { return owned_.count(std::string(name)) != 0; });
    const bool unit = active_units_.count(std::string(actor.unit)) != 0;
    if (on_bus || unit) names.emplace_back(actor.name);
  }
  if (names == reported_) return;
  reported_ = names;
  manager_.SetOtherActors(std::move(names));
}

void BusWatch::OnSleep(bool begins) {
  asleep_ = begins;
  manager_.SetAsleep(begins, [mailbox = mailbox_, weak = weak_from_this()](const absl::Status&) {
    mailbox->Post([weak] {
      const auto self = weak.lock();
      if (self && self->asleep_) self->delay_.reset();
    });
  });
  if (!begins && !delay_ && owned_.count(kLogin) != 0) AskForDelay();
}

void BusWatch::AskForDelay() {
  login_->callMethodAsync("Inhibit")
      .onInterface(kLoginInterface)
      .withArguments(std::string("sleep"), std::string("dynofa"),
                     std::string("finishes setting clocks"), std::string("delay"))
      .uponReplyInvoke([this](CallError error, sdbus::UnixFd fd) {
        if (!error && !asleep_) delay_ = std::move(fd);
      });
}

}  // namespace dynofa::control
