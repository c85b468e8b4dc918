#include "daemon/serving/server.h"

#include <algorithm>
#include <chrono>
#include <mutex>
#include <utility>

#include "daemon/base/log.h"
#include "daemon/base/status.h"
#include "daemon/engine/preprocess.h"
#include "daemon/serving/connections.h"
#include "daemon/serving/inference_service.h"
#include "daemon/serving/listener.h"
#include "daemon/serving/resource_manager_service.h"
#include "grpcpp/ext/health_check_service_server_builder_option.h"
#include "grpcpp/grpcpp.h"
#include "grpcpp/health_check_service_interface.h"
#include "grpcpp/resource_quota.h"
#include "grpcpp/server_posix.h"

namespace dynofa::serving {
namespace {

// Of a message: everything but the image.
constexpr std::int64_t kMessageSlack = 64 << 10;
// Calls at once on one connection; each may hold a message.
constexpr int kMaxStreams = 32;
// What gRPC may hold of messages that no quota of ours counts yet, of all connections together;
// beyond it gRPC reads less and ends calls. Several times the largest message.
constexpr std::size_t kReceiveBytes = std::size_t{256} << 20;
// What a stop leaves for the last answers to reach their clients.
constexpr std::chrono::milliseconds kFlush{500};

/// The largest message worth receiving: one that fits into somebody's quota and has the largest
/// image that is accepted.
int MaxMessageBytes(const config::AccessConfig& access) {
  std::int64_t bytes = access.defaults.max_in_flight_bytes;
  for (const auto& [uid, limits] : access.uids) {
    bytes = std::max(bytes, limits.max_in_flight_bytes);
  }
  bytes = std::min(bytes, engine::kMaxImageSide * engine::kMaxImageSide * 3);
  return static_cast<int>(bytes + kMessageSlack);
}

}  // namespace

struct Server::Parts {
  Parts(manager::ManagerApi& manager_api, manager::InferenceApi& inference_api,
        ServerOptions options)
      : manager(manager_api),
        inference(inference_api),
        operators(std::move(options.operators)),
        admission(std::move(options.access)) {}

  manager::ManagerApi& manager;
  manager::InferenceApi& inference;
  const std::set<std::uint32_t> operators;
  Admission admission;
  CallRegistry calls;
  std::unique_ptr<Connections> connections;
  std::unique_ptr<InferenceService> inference_service;
  std::unique_ptr<ResourceManagerService> resource_manager_service;
  std::unique_ptr<grpc::Server> grpc_server;
  std::once_flag shut_down;
};

absl::StatusOr<std::unique_ptr<Server>> Server::Create(ServerOptions options,
                                                       manager::ManagerApi& manager,
                                                       manager::InferenceApi& inference) {
  DYNOFA_ASSIGN_OR_RETURN(std::unique_ptr<Listener> listener,
                          Listener::Create(options.socket, options.socket_group));
  const int max_message = MaxMessageBytes(options.access);
  auto parts = std::make_unique<Parts>(manager, inference, options);
  DYNOFA_ASSIGN_OR_RETURN(parts->connections,
                          Connections::Create(std::move(listener), {}, manager, parts->admission));
  DYNOFA_RETURN_IF_ERROR(StartGrpc(*parts, max_message));
  grpc::Server* const grpc_server = parts->grpc_server.get();
  parts->connections->Start([grpc_server](base::UniqueFd socket) {
    grpc::AddInsecureChannelFromFd(grpc_server, socket.Release());
  });
  std::unique_ptr<Server> server(new Server(std::move(parts)));
  server->SetReady(true);
  base::LogInfo("serving on ", options.socket);
  return server;
}

absl::Status Server::StartGrpc(Parts& parts, int max_message) {
  const Edge edge{parts.manager,   parts.inference, *parts.connections,
                  parts.admission, parts.calls,     parts.operators};
  parts.inference_service = std::make_unique<InferenceService>(edge);
  parts.resource_manager_service = std::make_unique<ResourceManagerService>(edge);
  grpc::EnableDefaultHealthCheckService(true);
  grpc::ServerBuilder builder;
  builder.RegisterService(parts.inference_service.get());
  builder.RegisterService(parts.resource_manager_service.get());
  builder.SetMaxReceiveMessageSize(max_message);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMaxStreams);
  grpc::ResourceQuota quota("dynofad");
  quota.Resize(kReceiveBytes);
  builder.SetResourceQuota(quota);
  // No port: connections come from our own socket, with the identity of their client.
  parts.grpc_server = builder.BuildAndStart();
  if (parts.grpc_server == nullptr) return absl::InternalError("gRPC did not start");
  return absl::OkStatus();
}

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Server::~Server() { Shutdown(base::Duration::zero()); }

void Server::SetReady(bool ready) {
  parts_->inference_service->SetReady(ready);
  parts_->grpc_server->GetHealthCheckService()->SetServingStatus(ready);
}

void Server::Shutdown(base::Duration drain) {
  std::call_once(parts_->shut_down, [&] {
    SetReady(false);
    parts_->connections->StopAccepting();
    parts_->calls.RefuseNew();
    if (!parts_->calls.WaitForRequests(drain)) {
      base::LogWarning(parts_->calls.size(), " calls are ended by the stop");
    }
    parts_->calls.AbortAll(absl::UnavailableError("dynofad is stopping"));
    // The last answers may not have left yet: an immediate shutdown would cut them off. What the
    // deadline cancels are writes to clients that do not read, and health watches.
    parts_->grpc_server->Shutdown(std::chrono::system_clock::now() + kFlush);
    parts_->grpc_server->Wait();
  });
}

}  // namespace dynofa::serving
