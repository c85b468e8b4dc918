#ifndef DYNOFA_DAEMON_CONTROL_DECISION_JSON_H_
#define DYNOFA_DAEMON_CONTROL_DECISION_JSON_H_

#include <string>

#include "daemon/manager/manager_api.h"

namespace dynofa::control {

/// The decision in force as one line of JSON, in the form that proto/dbus/org.dynofa1.xml
/// describes. Always valid UTF-8: bytes of clients that are not are replaced.
std::string DecisionJson(const manager::StatusView& status);

}  // namespace dynofa::control

#endif  // DYNOFA_DAEMON_CONTROL_DECISION_JSON_H_
