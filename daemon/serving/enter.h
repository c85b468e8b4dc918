#ifndef DYNOFA_DAEMON_SERVING_ENTER_H_
#define DYNOFA_DAEMON_SERVING_ENTER_H_

#include <memory>
#include <string_view>

#include "absl/status/statusor.h"
#include "daemon/serving/call_registry.h"
#include "daemon/serving/connections.h"

namespace dynofa::serving {

/// What every call begins with: it becomes one of those in flight, and who makes it is found out by
/// gRPC's name for its connection. UNAVAILABLE while the daemon stops, UNAUTHENTICATED if the
/// connection has ended: what to end the call with. Remove(call.get()) must follow in any case.
absl::StatusOr<std::shared_ptr<const Connection>> Enter(CallRegistry& calls,
                                                        CallRegistry::Kind kind,
                                                        const std::shared_ptr<OpenCall>& call,
                                                        const Connections& connections,
                                                        std::string_view peer);

}  // namespace dynofa::serving

#endif  // DYNOFA_DAEMON_SERVING_ENTER_H_
