#ifndef DYNOFA_DAEMON_SERVING_INFERENCE_SERVICE_H_
#define DYNOFA_DAEMON_SERVING_INFERENCE_SERVICE_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>

#include "daemon/serving/edge.h"
#include "daemon/serving/unary_call.h"
#include "proto/inference/grpc_service.grpc.pb.h"

namespace dynofa::serving {

/// The Open Inference Protocol. What is not supported answers UNIMPLEMENTED and says what to use
/// instead: stock clients take an error without a text for success, so no method is left to the
/// generated default.
class InferenceService final : public inference::GRPCInferenceService::CallbackService {
 public:
  explicit InferenceService(Edge edge) : edge_(edge) {}

  /// What ServerReady and ModelReady answer. Thread-safe.
  void SetReady(bool ready) { ready_ = ready; }

  using Context = grpc::CallbackServerContext;
  using Reactor = grpc::ServerUnaryReactor;

  Reactor* ServerLive(Context* context, const inference::ServerLiveRequest* request,
                      inference::ServerLiveResponse* response) override;
  Reactor* ServerReady(Context* context, const inference::ServerReadyRequest* request,
                       inference::ServerReadyResponse* response) override;
  Reactor* ModelReady(Context* context, const inference::ModelReadyRequest* request,
                      inference::ModelReadyResponse* response) override;
  Reactor* ServerMetadata(Context* context, const inference::ServerMetadataRequest* request,
                          inference::ServerMetadataResponse* response) override;
  Reactor* ModelMetadata(Context* context, const inference::ModelMetadataRequest* request,
                         inference::ModelMetadataResponse* response) override;
  Reactor* ModelInfer(Context* context, const inference::ModelInferRequest* request,
                      inference::ModelInferResponse* response) override;
  Reactor* ModelConfig(Context* context, const inference::ModelConfigRequest* request,
                       inference::ModelConfigResponse* response) override;

  // Not supported (unsupported_methods.cc).
  grpc::ServerBidiReactor<inference::ModelInferRequest, inference::ModelStreamInferResponse>*
  ModelStreamInfer(Context* context) override;
  Reactor* ModelStatistics(Context*, const inference::ModelStatisticsRequest*,
                           inference::ModelStatisticsResponse*) override;
  Reactor* RepositoryIndex(Context*, const inference::RepositoryIndexRequest*,
                           inference::RepositoryIndexResponse*) override;
  Reactor* RepositoryModelLoad(Context*, const inference::RepositoryModelLoadRequest*,
                               inference::RepositoryModelLoadResponse*) override;
  Reactor* RepositoryModelUnload(Context*, const inference::RepositoryModelUnloadRequest*,
                                 inference::RepositoryModelUnloadResponse*) override;
  Reactor* SystemSharedMemoryStatus(Context*, const inference::SystemSharedMemoryStatusRequest*,
                                    inference::SystemSharedMemoryStatusResponse*) override;
  Reactor* SystemSharedMemoryRegister(Context*, const inference::SystemSharedMemoryRegisterRequest*,
                                      inference::SystemSharedMemoryRegisterResponse*) override;
  Reactor* SystemSharedMemoryUnregister(Context*,
                                        const inference::SystemSharedMemoryUnregisterRequest*,
                                        inference::SystemSharedMemoryUnregisterResponse*) override;
  Reactor* CudaSharedMemoryStatus(Context*, const inference::CudaSharedMemoryStatusRequest*,
                                  inference::CudaSharedMemoryStatusResponse*) override;
  Reactor* CudaSharedMemoryRegister(Context*, const inference::CudaSharedMemoryRegisterRequest*,
                                    inference::CudaSharedMemoryRegisterResponse*) override;
  Reactor* CudaSharedMemoryUnregister(Context*, const inference::CudaSharedMemoryUnregisterRequest*,
                                      inference::CudaSharedMemoryUnregisterResponse*) override;
  Reactor* TraceSetting(Context*, const inference::TraceSettingRequest*,
                        inference::TraceSettingResponse*) override;
  Reactor* LogSettings(Context*, const inference::LogSettingsRequest*,
                       inference::LogSettingsResponse*) override;

 private:
  Reactor* Handle(Context* context, const UnaryCall::Handler& handler) const {
    return UnaryCall::Handle(context, edge_.connections, edge_.calls, handler);
  }
  void Infer(const std::shared_ptr<UnaryCall>& call, const Connection& connection,
             const Context& context, const inference::ModelInferRequest& request,
             inference::ModelInferResponse* response);
  absl::StatusOr<manager::InferenceRequest> Parse(const inference::ModelInferRequest& request,
                                                  const manager::Caller& caller,
                                                  std::optional<base::TimePoint> deadline,
                                                  base::TimePoint now) const;
  /// Hands `parsed` on; its answer ends `call` and gives `held` back.
  absl::StatusOr<std::uint64_t> Submit(const std::shared_ptr<UnaryCall>& call,
                                       std::shared_ptr<Admission::Ticket> held,
                                       const inference::ModelInferRequest& request,
                                       inference::ModelInferResponse* response,
                                       manager::InferenceRequest parsed);

  const Edge edge_;
  std::atomic<bool> ready_ = true;
};

}  // namespace dynofa::serving

#endif  // DYNOFA_DAEMON_SERVING_INFERENCE_SERVICE_H_
