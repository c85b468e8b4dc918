#ifndef DYNOFA_DAEMON_CONTROL_SDBUS_SHIM_H_
#define DYNOFA_DAEMON_CONTROL_SDBUS_SHIM_H_

#include <sdbus-c++/sdbus-c++.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

// The one place that knows which sdbus-c++ there is: 1.2 (Debian 12) or 2.x. DYNOFA_SDBUS_MAJOR
// comes from the build. Besides the names in here the project uses only what both have.

namespace dynofa::control {

/// When a property tells its watchers that it changed.
enum class Emits { kChange, kInvalidation, kConst };

#if DYNOFA_SDBUS_MAJOR >= 2

using CallError = std::optional<sdbus::Error>;

inline sdbus::Error MakeError(const char* name, const std::string& text) {
  return sdbus::Error(sdbus::Error::Name(name), text);
}
inline std::unique_ptr<sdbus::IObject> MakeObject(sdbus::IConnection& connection,
                                                  const char* path) {
  return sdbus::createObject(connection, sdbus::ObjectPath(path));
}
inline std::unique_ptr<sdbus::IProxy> MakeProxy(sdbus::IConnection& connection, const char* name,
                                                const char* path) {
  return sdbus::createProxy(connection, sdbus::ServiceName(name), sdbus::ObjectPath(path));
}
inline void RequestName(sdbus::IConnection& connection, const char* name) {
  connection.requestName(sdbus::ServiceName(name));
}
inline bool ProcessPending(sdbus::IConnection& connection) {
  return connection.processPendingEvent();
}
inline std::string SenderOfCurrentCall(sdbus::IObject& object) {
  return object.getCurrentlyProcessedMessage().getSender();
}
inline void EmitPropertiesChanged(sdbus::IObject& object, const char* interface,
                                  const std::vector<std::string>& names) {
  std::vector<sdbus::PropertyName> properties(names.begin(), names.end());
  object.emitPropertiesChangedSignal(sdbus::InterfaceName(interface), properties);
}
template <typename Handler>
sdbus::Slot AddMatch(sdbus::IConnection& connection, const std::string& match, Handler handler) {
  return connection.addMatch(match, std::move(handler), sdbus::return_slot);
}

/// Collects the members of one interface and registers them in one go.
class InterfaceBuilder {
 public:
  InterfaceBuilder(sdbus::IObject& object, const char* interface)
      : object_(object), interface_(interface) {}

  /// `get` is a callable () -> T; it may throw sdbus::Error only.
  template <typename Get>
  void Property(const char* name, Emits emits, Get get) {
    constexpr sdbus::Flags::PropertyUpdateBehaviorFlags kFlags[] = {
        sdbus::Flags::EMITS_CHANGE_SIGNAL, sdbus::Flags::EMITS_INVALIDATION_SIGNAL,
        sdbus::Flags::CONST_PROPERTY_VALUE};
    members_.push_back(sdbus::registerProperty(sdbus::PropertyName(name))
                           .withGetter(std::move(get))
                           .withUpdateBehavior(kFlags[static_cast<int>(emits)]));
  }

  /// `call` is a callable (sdbus::Result<>&&, T argument); it may throw sdbus::Error only.
  template <typename Call>
  void Method(const char* name, const char* argument, Call call) {
    members_.push_back(sdbus::registerMethod(sdbus::MethodName(name))
                           .withInputParamNames(argument)
                           .implementedAs(std::move(call)));
  }

  void Register() { object_.addVTable(sdbus::InterfaceName(interface_), std::move(members_)); }

 private:
  sdbus::IObject& object_;
  const char* interface_;
  std::vector<sdbus::VTableItem> members_;
};

#else

using CallError = const sdbus::Error*;

inline sdbus::Error MakeError(const char* name, const std::string& text) {
  return sdbus::Error(name, text);
}
inline std::unique_ptr<sdbus::IObject> MakeObject(sdbus::IConnection& connection,
                                                  const char* path) {
  return sdbus::createObject(connection, path);
}
inline std::unique_ptr<sdbus::IProxy> MakeProxy(sdbus::IConnection& connection, const char* name,
                                                const char* path) {
  return sdbus::createProxy(connection, name, path);
}
inline void RequestName(sdbus::IConnection& connection, const char* name) {
  connection.requestName(name);
}
inline bool ProcessPending(sdbus::IConnection& connection) {
  return connection.processPendingRequest();
}
inline std::string SenderOfCurrentCall(sdbus::IObject& object) {
  const sdbus::Message* message = object.getCurrentlyProcessedMessage();
  return message != nullptr ? message->getSender() : "";
}
inline void EmitPropertiesChanged(sdbus::IObject& object, const char* interface,
                                  const std::vector<std::string>& names) {
  object.emitPropertiesChangedSignal(interface, names);
}
template <typename Handler>
sdbus::Slot AddMatch(sdbus::IConnection& connection, const std::string& match, Handler handler) {
  return connection.addMatch(match, std::move(handler));
}

/// Collects the members of one interface and registers them in one go.
class InterfaceBuilder {
 public:
  InterfaceBuilder(sdbus::IObject& object, const char* interface)
      : object_(object), interface_(interface) {}

  /// `get` is a callable () -> T; it may throw sdbus::Error only.
  template <typename Get>
  void Property(const std::string& name, Emits emits, Get get) {
    constexpr sdbus::Flags::PropertyUpdateBehaviorFlags kFlags[] = {
        sdbus::Flags::EMITS_CHANGE_SIGNAL, sdbus::Flags::EMITS_INVALIDATION_SIGNAL,
        sdbus::Flags::CONST_PROPERTY_VALUE};
    object_.registerProperty(name)
        .onInterface(interface_)
        .withGetter(std::move(get))
        .withUpdateBehavior(kFlags[static_cast<int>(emits)]);
  }

  /// `call` is a callable (sdbus::Result<>&&, T argument); it may throw sdbus::Error only.
  template <typename Call>
  void Method(const std::string& name, const char* argument, Call call) {
    object_.registerMethod(name)
        .onInterface(interface_)
        .withInputParamNames(argument)
        .implementedAs(std::move(call));
  }

  void Register() { object_.finishRegistration(); }

 private:
  sdbus::IObject& object_;
  const char* interface_;
};

#endif

}  // namespace dynofa::control

#endif  // DYNOFA_DAEMON_CONTROL_SDBUS_SHIM_H_
