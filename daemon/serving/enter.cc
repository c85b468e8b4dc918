#include "daemon/serving/enter.h"

namespace dynofa::serving {

absl::StatusOr<std::shared_ptr<const Connection>> Enter(CallRegistry& calls,
                                                        CallRegistry::Kind kind,
                                                        const std::shared_ptr<OpenCall>& call,
                                                        const Connections& connections,
                                                        std::string_view peer) {
  if (!calls.Add(kind, call)) return absl::UnavailableError("dynofad is stopping");
  std::shared_ptr<const Connection> connection = connections.Find(peer);
  if (connection == nullptr) {
    return absl::UnauthenticatedError("the connection of this call has ended");
  }
  return connection;
}

}  // namespace dynofa::serving
