#include "daemon/control/manager_object.h"

#include <exception>
#include <utility>
#include <vector>

#include "daemon/base/log.h"
#include "daemon/base/strings.h"
#include "daemon/control/decision_json.h"

namespace dynofa::control {
namespace {

constexpr char kPath[] = "/org/dynofa1";
constexpr char kInterface[] = "org.dynofa1.Manager";
constexpr char kFailed[] = "org.dynofa1.Error.Failed";
constexpr char kUnknownMode[] = "org.dynofa1.Error.UnknownMode";
constexpr char kAccessDenied[] = "org.freedesktop.DBus.Error.AccessDenied";
constexpr char kInvalidArgs[] = "org.freedesktop.DBus.Error.InvalidArgs";
constexpr char kLimitsExceeded[] = "org.freedesktop.DBus.Error.LimitsExceeded";

// Calls of one sender that may wait. The bus bounds the senders.
constexpr std::size_t kMaxPendingOfSender = 4;
// Calls of the operator's that may wait for the manager; nobody else's count.
constexpr std::size_t kMaxPending = 64;
constexpr char kTooMany[] = "too many calls wait for their answer; try again";
constexpr std::size_t kMaxModeName = 64;

/// `call` with every exception turned into sdbus::Error: sdbus-c++ 1.2 ends the process on others.
template <typename Call>
auto Guarded(Call call) {
  return [call = std::move(call)](auto&&... arguments) {
    try {
      return call(std::forward<decltype(arguments)>(arguments)...);
    } catch (const sdbus::Error&) {
      throw;
    } catch (const std::exception& error) {
      throw MakeError(kFailed, error.what());
    }
  };
}

std::vector<std::string> ModeNames(const manager::StatusView& status) {
  std::vector<std::string> names;
  for (const policies::PowerMode& mode : status.power_modes) names.push_back(mode.name);
  return names;
}

/// The properties that differ, as the introspection data promises to tell.
std::vector<std::string> Changed(const manager::StatusView& before,
                                 const manager::StatusView& after) {
  std::vector<std::string> names;
  if (before.power_mode != after.power_mode) names.push_back("PowerMode");
  if (before.policy != after.policy) names.push_back("Policy");
  if (before.board != after.board) names.push_back("Board");
  if (before.other_actors != after.other_actors) names.push_back("ConflictingServices");
  if (before.decision_number != after.decision_number) {
    names.insert(names.end(), {"Decision", "DecisionNumber"});
  }
  return names;
}

}  // namespace

std::shared_ptr<ManagerObject> ManagerObject::Create(sdbus::IConnection& connection,
                                                     manager::ManagerApi& manager,
                                                     std::shared_ptr<Mailbox> mailbox,
                                                     std::uint32_t operator_uid) {
  std::shared_ptr<ManagerObject> object(
      new ManagerObject(connection, manager, std::move(mailbox), operator_uid));
  object->RegisterMembers();
  return object;
}

ManagerObject::ManagerObject(sdbus::IConnection& connection, manager::ManagerApi& manager,
                             std::shared_ptr<Mailbox> mailbox, std::uint32_t operator_uid)
    : manager_(manager),
      mailbox_(std::move(mailbox)),
      operator_uid_(operator_uid),
      emitted_(manager.status()),
      bus_(MakeProxy(connection, "org.freedesktop.DBus", "/org/freedesktop/DBus")),
      object_(MakeObject(connection, kPath)) {}

void ManagerObject::RegisterMembers() {
  InterfaceBuilder interface(*object_, kInterface);
  const auto property = [&](const char* name, Emits emits, auto get) {
    interface.Property(name, emits, [this, get] { return Guarded(get)(*manager_.status()); });
  };
  using View = manager::StatusView;
  property("PowerMode", Emits::kChange, [](const View& view) { return view.power_mode; });
  property("PowerModes", Emits::kConst, [](const View& view) { return ModeNames(view); });
  property("Policy", Emits::kChange, [](const View& view) { return view.policy; });
  property("Version", Emits::kConst, [](const View& view) { return view.version; });
  property("Board", Emits::kChange, [](const View& view) { return view.board; });
  property("ConflictingServices", Emits::kChange,
           [](const View& view) { return view.other_actors; });
  property("Decision", Emits::kInvalidation, [](const View& view) { return DecisionJson(view); });
  property("DecisionNumber", Emits::kChange, [](const View& view) { return view.decision_number; });
  interface.Method("SetPowerMode", "mode", [this](sdbus::Result<>&& result, std::string mode) {
    Guarded([this](sdbus::Result<>&& r, std::string m) {
      SetPowerMode(std::move(r), std::move(m));
    })(std::move(result), std::move(mode));
  });
  interface.Register();
}

void ManagerObject::SetPowerMode(sdbus::Result<>&& result, std::string mode) {
  if (mode.empty() || mode.size() > kMaxModeName) {
    throw MakeError(kInvalidArgs, base::StrCat("a power mode's name has 1 to ", kMaxModeName,
                                               " bytes, not ", mode.size()));
  }
  const std::string sender = SenderOfCurrentCall(*object_);
  const auto waiting = per_sender_.find(sender);
  if (waiting != per_sender_.end() && waiting->second >= kMaxPendingOfSender) {
    throw MakeError(kLimitsExceeded, kTooMany);
  }
  const std::uint64_t call = ++calls_;
  // The bus itself says who the sender is: its process may be gone, or another, by the time.
  bus_->callMethodAsync("GetConnectionUnixUser")
      .onInterface("org.freedesktop.DBus")
      .withArguments(sender)
      .uponReplyInvoke([this, call](CallError error, std::uint32_t uid) {
        Guarded([&] { OnSenderKnown(call, error, uid); })();
      });
  pending_.emplace(call, Pending{std::move(result), std::move(mode), sender});
  ++per_sender_[sender];
}

void ManagerObject::OnSenderKnown(std::uint64_t call, const CallError& error, std::uint32_t uid) {
  const auto found = pending_.find(call);
  if (found == pending_.end()) return;
  if (error) return Refuse(call, kAccessDenied, "the bus cannot tell who asks");
  if (uid != operator_uid_) {
    WarnOfStranger(uid);
    return Refuse(call, kAccessDenied,
                  base::StrCat("only root may set the power mode, not uid ", uid));
  }
  if (operator_calls_ >= kMaxPending) return Refuse(call, kLimitsExceeded, kTooMany);
  found->second.counts = true;
  ++operator_calls_;
  manager_.SetPowerMode(found->second.mode, [mailbox = mailbox_, weak = weak_from_this(),
                                             call](const absl::Status& status) {
    mailbox->Post([weak, call, status] {
      if (const auto self = weak.lock()) self->Answer(call, status);
    });
  });
}

void ManagerObject::Answer(std::uint64_t call, const absl::Status& status) {
  if (status.ok()) {
    const std::optional<Pending> answered = Take(call);
    if (!answered) return;
    EmitChanges();
    answered->result.returnResults();
    return;
  }
  const bool unknown = status.code() == absl::StatusCode::kNotFound;
  Refuse(call, unknown ? kUnknownMode : kFailed, std::string(base::FromAbsl(status.message())));
}

std::optional<ManagerObject::Pending> ManagerObject::Take(std::uint64_t call) {
  const auto found = pending_.find(call);
  if (found == pending_.end()) return std::nullopt;
  std::optional<Pending> taken(std::move(found->second));
  pending_.erase(found);
  if (taken->counts) --operator_calls_;
  const auto waiting = per_sender_.find(taken->sender);
  if (--waiting->second == 0) per_sender_.erase(waiting);
  return taken;
}

void ManagerObject::Refuse(std::uint64_t call, const char* error, const std::string& text) {
  if (const std::optional<Pending> refused = Take(call)) {
    refused->result.returnError(MakeError(error, text));
  }
}

void ManagerObject::WarnOfStranger(std::uint32_t uid) {
  if (const std::optional<std::uint64_t> calls = strangers_.Add(clock_.Now())) {
    base::LogWarning("D-Bus: uid ", uid, " may not set the power mode (", *calls,
                     " calls refused since this was last said)");
  }
}

void ManagerObject::EmitChanges() {
  const Status status = manager_.status();
  const std::vector<std::string> names = Changed(*emitted_, *status);
  emitted_ = status;
  if (!names.empty()) EmitPropertiesChanged(*object_, kInterface, names);
}

}  // namespace dynofa::control
