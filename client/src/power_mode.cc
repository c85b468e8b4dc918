#include "dynofa/power_mode.h"

#include <systemd/sd-bus.h>

#include <cstdlib>
#include <cstring>
#include <memory>

namespace dynofa::client {
namespace {

constexpr char kName[] = "org.dynofa1";
constexpr char kPath[] = "/org/dynofa1";
constexpr char kInterface[] = "org.dynofa1.Manager";

struct CloseBus {
  void operator()(sd_bus* bus) const { sd_bus_flush_close_unref(bus); }
};
using Bus = std::unique_ptr<sd_bus, CloseBus>;

struct FreeStrings {
  void operator()(char** strings) const {
    for (char** string = strings; *string != nullptr; ++string) std::free(*string);
    std::free(strings);
  }
};

/// An sd-bus error that frees itself.
class BusError {
 public:
  BusError() = default;
  ~BusError() { sd_bus_error_free(&error_); }
  BusError(const BusError&) = delete;
  BusError& operator=(const BusError&) = delete;

  sd_bus_error* get() { return &error_; }
  bool Is(const char* name) const { return sd_bus_error_has_name(&error_, name) > 0; }
  std::string Text(int code) const {
    return error_.message != nullptr ? error_.message : std::strerror(-code);
  }

 private:
  sd_bus_error error_ = SD_BUS_ERROR_NULL;
};

Error Explain(const BusError& error, int code) {
  if (error.Is(SD_BUS_ERROR_SERVICE_UNKNOWN) || error.Is(SD_BUS_ERROR_NAME_HAS_NO_OWNER)) {
    return {ErrorCode::kUnavailable,
            "no dynofa daemon on the bus: start it (systemctl start dynofad), or name its bus "
            "(--bus, DBUS_SYSTEM_BUS_ADDRESS)"};
  }
  if (error.Is(SD_BUS_ERROR_ACCESS_DENIED) || code == -EACCES || code == -EPERM) {
    return {ErrorCode::kPermissionDenied,
            error.Text(code) + " (changing the power mode needs the operator's rights)"};
  }
  if (error.Is("org.dynofa1.Error.UnknownMode")) return {ErrorCode::kNotFound, error.Text(code)};
  if (error.Is(SD_BUS_ERROR_INVALID_ARGS)) {
    return {ErrorCode::kInvalidArgument, error.Text(code)};
  }
  if (error.Is(SD_BUS_ERROR_LIMITS_EXCEEDED)) {
    return {ErrorCode::kResourceExhausted, error.Text(code)};
  }
  return {ErrorCode::kUnknown, error.Text(code)};
}

Result<Bus> Open(const std::string& address) {
  sd_bus* raw = nullptr;
  int code = 0;
  if (address.empty()) {
    code = sd_bus_open_system(&raw);
  } else {
    code = sd_bus_new(&raw);
    if (code >= 0) code = sd_bus_set_address(raw, address.c_str());
    if (code >= 0) code = sd_bus_set_bus_client(raw, 1);
    if (code >= 0) code = sd_bus_start(raw);
  }
  Bus bus(raw);
  if (code < 0) {
    return Error{ErrorCode::kUnavailable, "cannot reach the " +
                                              (address.empty() ? "system bus" : "bus " + address) +
                                              ": " + std::strerror(-code)};
  }
  return bus;
}

Result<std::string> Text(sd_bus* bus, const char* property) {
  BusError error;
  char* value = nullptr;
  const int code =
      sd_bus_get_property_string(bus, kName, kPath, kInterface, property, error.get(), &value);
  if (code < 0) return Explain(error, code);
  std::string text = value;
  std::free(value);
  return text;
}

}  // namespace

Result<PowerModes> GetPowerModes(const std::string& address) {
  auto bus = Open(address);
  if (!bus.ok()) return bus.error();
  auto current = Text(bus->get(), "PowerMode");
  if (!current.ok()) return current.error();
  auto policy = Text(bus->get(), "Policy");
  if (!policy.ok()) return policy.error();
  BusError error;
  char** names = nullptr;
  const int code = sd_bus_get_property_strv(bus->get(), kName, kPath, kInterface, "PowerModes",
                                            error.get(), &names);
  if (code < 0) return Explain(error, code);
  const std::unique_ptr<char*, FreeStrings> owned(names);
  PowerModes modes{*current, {}, *policy};
  for (char** name = names; *name != nullptr; ++name) modes.available.emplace_back(*name);
  return modes;
}

Result<Done> SetPowerMode(const std::string& name, const std::string& address) {
  auto bus = Open(address);
  if (!bus.ok()) return bus.error();
  BusError error;
  const int code = sd_bus_call_method(bus->get(), kName, kPath, kInterface, "SetPowerMode",
                                      error.get(), nullptr, "s", name.c_str());
  if (code < 0) return Explain(error, code);
  return Done{};
}

}  // namespace dynofa::client
