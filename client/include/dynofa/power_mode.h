#ifndef DYNOFA_POWER_MODE_H_
#define DYNOFA_POWER_MODE_H_

#include <string>
#include <vector>

#include "dynofa/result.h"

// What the operator of a machine sees and sets, over D-Bus (org.dynofa1). Each function makes a
// connection of its own and may be called from any thread.

namespace dynofa::client {

struct PowerModes {
  std::string current;
  std::vector<std::string> available;
  std::string policy;
};

/// `bus` is a D-Bus address; empty: the system bus ($DBUS_SYSTEM_BUS_ADDRESS if set).
Result<PowerModes> GetPowerModes(const std::string& bus = "");

/// kNotFound names the modes there are. kPermissionDenied: the operator's rights are needed.
Result<Done> SetPowerMode(const std::string& name, const std::string& bus = "");

}  // namespace dynofa::client

#endif  // DYNOFA_POWER_MODE_H_
