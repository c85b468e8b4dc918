#ifndef DYNOFA_DAEMON_SERVING_RESOURCE_MANAGER_SERVICE_H_
#define DYNOFA_DAEMON_SERVING_RESOURCE_MANAGER_SERVICE_H_

#include <functional>
#include <memory>

#include "daemon/serving/edge.h"
#include "daemon/serving/session_stream.h"
#include "daemon/serving/status_stream.h"
#include "daemon/serving/unary_call.h"
#include "proto/dynofa/v1/resource_manager.grpc.pb.h"

namespace dynofa::serving {

/// dynofa.v1.ResourceManager: sessions, requirements, status and profiles, passed on to the
/// manager.
class ResourceManagerService final : public v1::ResourceManager::CallbackService {
 public:
  explicit ResourceManagerService(Edge edge) : edge_(edge) {}

  using Context = grpc::CallbackServerContext;
  using Reactor = grpc::ServerUnaryReactor;

  SessionStream::GrpcReactor* Session(Context* context) override;
  Reactor* OpenSession(Context* context, const v1::OpenSessionRequest* request,
                       v1::SessionState* response) override;
  Reactor* UpdateSession(Context* context, const v1::UpdateSessionRequest* request,
                         v1::SessionState* response) override;
  Reactor* RenewSession(Context* context, const v1::RenewSessionRequest* request,
                        v1::SessionState* response) override;
  Reactor* CloseSession(Context* context, const v1::CloseSessionRequest* request,
                        v1::CloseSessionResponse* response) override;
  Reactor* GetBoard(Context* context, const v1::GetBoardRequest* request,
                    v1::Board* response) override;
  Reactor* GetStatus(Context* context, const v1::GetStatusRequest* request,
                     v1::Status* response) override;
  StatusStream::GrpcReactor* WatchStatus(Context* context,
                                         const v1::GetStatusRequest* request) override;
  Reactor* StartProfile(Context* context, const v1::StartProfileRequest* request,
                        v1::ProfileProgress* response) override;
  Reactor* CancelProfile(Context* context, const v1::CancelProfileRequest* request,
                         v1::ProfileProgress* response) override;
  Reactor* GetProfile(Context* context, const v1::GetProfileRequest* request,
                      v1::GetProfileResponse* response) override;

 private:
  Reactor* Handle(Context* context, const UnaryCall::Handler& handler) const {
    return UnaryCall::Handle(context, edge_.connections, edge_.calls, handler);
  }

  using Changer =
      std::function<void(const std::shared_ptr<UnaryCall>& call, const Connection& connection,
                         std::shared_ptr<Admission::Ticket> held)>;
  /// The body of a method that changes sessions: `change` hands `held` on to the manager.
  Reactor* Change(Context* context, const Changer& change) const;
  /// The same for a method that only operators may call.
  Reactor* Operate(Context* context, const Changer& operate) const;

  const Edge edge_;
};

}  // namespace dynofa::serving

#endif  // DYNOFA_DAEMON_SERVING_RESOURCE_MANAGER_SERVICE_H_
