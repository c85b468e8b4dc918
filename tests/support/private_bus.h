#ifndef DYNOFA_TESTS_SUPPORT_PRIVATE_BUS_H_
#define DYNOFA_TESTS_SUPPORT_PRIVATE_BUS_H_

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace dynofa::tests {

/// A message bus of its own for one test, on a socket in a temporary folder, which everybody may
/// use for everything. Programs reach it as their system bus.
class PrivateBus {
 public:
  /// Starts the bus; throws if it does not come up.
  PrivateBus();

  /// Ends the bus at once; its clients lose their connections.
  void Kill();
  /// Starts it again, at the same address.
  void Start();

  const std::string& address() const { return address_; }
  /// What a program needs in its environment to take this for the system bus.
  std::map<std::string, std::string> environment() const {
    return {{"DBUS_SYSTEM_BUS_ADDRESS", address_}};
  }

  /// Runs busctl on this bus: Busctl({"call", ...}).
  Finished Busctl(std::vector<std::string> arguments) const;

 private:
  TempDir dir_;
  std::string address_;
  std::unique_ptr<Process> daemon_;
};

}  // namespace dynofa::tests

#endif  // DYNOFA_TESTS_SUPPORT_PRIVATE_BUS_H_
