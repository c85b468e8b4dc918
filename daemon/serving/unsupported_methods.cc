#include "daemon/serving/inference_service.h"

namespace dynofa::serving {
namespace {

constexpr char kStream[] =
    "streamed inference is not supported; send each request with ModelInfer (many may be in "
    "flight at once)";
constexpr char kStatistics[] =
    "statistics are not kept per model; dynofa.v1.ResourceManager/GetStatus has them per session";
constexpr char kIndex[] =
    "there is no repository; dynofa.v1.ResourceManager/GetStatus lists models";
constexpr char kLoad[] =
    "models cannot be loaded or unloaded by clients; name them in the configuration of dynofad";
constexpr char kSharedMemory[] =
    "shared memory is not supported; send raw_input_contents and read raw_output_contents";
constexpr char kTrace[] = "tracing is not supported; each reply carries queue_ms and compute_ms";
constexpr char kLog[] = "the log cannot be changed here; set log_level in dynofad's configuration";

grpc::ServerUnaryReactor* Unsupported(grpc::CallbackServerContext* context, const char* text) {
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  reactor->Finish(grpc::Status(grpc::StatusCode::UNIMPLEMENTED, text));
  return reactor;
}

class UnsupportedStream final
    : public grpc::ServerBidiReactor<inference::ModelInferRequest,
                                     inference::ModelStreamInferResponse> {
 public:
  UnsupportedStream() { Finish(grpc::Status(grpc::StatusCode::UNIMPLEMENTED, kStream)); }
  void OnDone() override { delete this; }
};

}  // namespace

grpc::ServerBidiReactor<inference::ModelInferRequest, inference::ModelStreamInferResponse>*
InferenceService::ModelStreamInfer(Context*) {
  return new UnsupportedStream;
}

InferenceService::Reactor* InferenceService::ModelStatistics(
    Context* context, const inference::ModelStatisticsRequest*,
    inference::ModelStatisticsResponse*) {
  return Unsupported(context, kStatistics);
}

InferenceService::Reactor* InferenceService::RepositoryIndex(
    Context* context, const inference::RepositoryIndexRequest*,
    inference::RepositoryIndexResponse*) {
  return Unsupported(context, kIndex);
}

InferenceService::Reactor* InferenceService::RepositoryModelLoad(
    Context* context, const inference::RepositoryModelLoadRequest*,
    inference::RepositoryModelLoadResponse*) {
  return Unsupported(context, kLoad);
}

InferenceService::Reactor* InferenceService::RepositoryModelUnload(
    Context* context, const inference::RepositoryModelUnloadRequest*,
    inference::RepositoryModelUnloadResponse*) {
  return Unsupported(context, kLoad);
}

InferenceService::Reactor* InferenceService::SystemSharedMemoryStatus(
    Context* context, const inference::SystemSharedMemoryStatusRequest*,
    inference::SystemSharedMemoryStatusResponse*) {
  return Unsupported(context, kSharedMemory);
}

InferenceService::Reactor* InferenceService::SystemSharedMemoryRegister(
    Context* context, const inference::SystemSharedMemoryRegisterRequest*,
    inference::SystemSharedMemoryRegisterResponse*) {
  return Unsupported(context, kSharedMemory);
}

InferenceService::Reactor* InferenceService::SystemSharedMemoryUnregister(
    Context* context, const inference::SystemSharedMemoryUnregisterRequest*,
    inference::SystemSharedMemoryUnregisterResponse*) {
  return Unsupported(context, kSharedMemory);
}

InferenceService::Reactor* InferenceService::CudaSharedMemoryStatus(
    Context* context, const inference::CudaSharedMemoryStatusRequest*,
    inference::CudaSharedMemoryStatusResponse*) {
  return Unsupported(context, kSharedMemory);
}

InferenceService::Reactor* InferenceService::CudaSharedMemoryRegister(
    Context* context, const inference::CudaSharedMemoryRegisterRequest*,
    inference::CudaSharedMemoryRegisterResponse*) {
  return Unsupported(context, kSharedMemory);
}

InferenceService::Reactor* InferenceService::CudaSharedMemoryUnregister(
    Context* context, const inference::CudaSharedMemoryUnregisterRequest*,
    inference::CudaSharedMemoryUnregisterResponse*) {
  return Unsupported(context, kSharedMemory);
}

InferenceService::Reactor* InferenceService::TraceSetting(Context* context,
                                                          const inference::TraceSettingRequest*,
                                                          inference::TraceSettingResponse*) {
  return Unsupported(context, kTrace);
}

InferenceService::Reactor* InferenceService::LogSettings(Context* context,
                                                         const inference::LogSettingsRequest*,
                                                         inference::LogSettingsResponse*) {
  return Unsupported(context, kLog);
}

}  // namespace dynofa::serving
