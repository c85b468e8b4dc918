#ifndef DYNOFA_DAEMON_SERVING_SERVER_H_
#define DYNOFA_DAEMON_SERVING_SERVER_H_

#include <cstdint>
#include <memory>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daemon/base/clock.h"
#include "daemon/config/config.h"
#include "daemon/manager/inference_api.h"
#include "daemon/manager/manager_api.h"

namespace dynofa::serving {

struct ServerOptions {
  std::string socket;
  /// Group that may connect; empty: the process's own.
  std::string socket_group;
  config::AccessConfig access;
  /// Who may do what disturbs everybody: measure profiles.
  std::set<std::uint32_t> operators = {0};
};

/// The gRPC edge: the Open Inference Protocol, dynofa.v1.ResourceManager and grpc.health.v1 on a
/// Unix socket (docs/life-of-a-request.md). Serves from its creation on. Thread-safe.
class Server {
 public:
  /// The two APIs outlive the server and every call back from them. Errors as Listener::Create.
  static absl::StatusOr<std::unique_ptr<Server>> Create(ServerOptions options,
                                                        manager::ManagerApi& manager,
                                                        manager::InferenceApi& inference);

  /// Shuts down without waiting for requests.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// What health checks, ServerReady and ModelReady answer; true at first.
  void SetReady(bool ready);

  /// Stops: not ready, no new connections, no new calls; waits up to `drain` for the requests in
  /// flight, then ends every call that is left with UNAVAILABLE. Blocks for little longer than
  /// `drain`. The second call does nothing.
  void Shutdown(base::Duration drain);

 private:
  struct Parts;
  explicit Server(std::unique_ptr<Parts> parts);
  static absl::Status StartGrpc(Parts& parts, int max_message);

  const std::unique_ptr<Parts> parts_;
};

}  // namespace dynofa::serving

#endif  // DYNOFA_DAEMON_SERVING_SERVER_H_
