#include "dynofa/client.h"

#include <condition_variable>
#include <cstdlib>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include "client/src/convert.h"
#include "client/src/overhead.h"
#include "client/src/probe.h"
#include "client/src/session.h"
#include "grpcpp/grpcpp.h"
#include "proto/dynofa/v1/resource_manager.grpc.pb.h"
#include "proto/inference/grpc_service.grpc.pb.h"

namespace dynofa::client {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using std::chrono::system_clock;

constexpr milliseconds kCallTimeout{10'000};
constexpr double kInferTimeoutMs = 30'000.0;
constexpr milliseconds kProbePeriod{50};

/// Everything of a request but its input.
inference::ModelInferRequest NewRequest(const std::string& model, const InferOptions& options) {
  inference::ModelInferRequest request;
  request.set_model_name(model);
  auto& parameters = *request.mutable_parameters();
  if (!options.session.empty()) parameters["session"].set_string_param(options.session);
  if (options.slo_ms) parameters["slo_ms"].set_double_param(*options.slo_ms);
  if (options.min_accuracy) parameters["min_accuracy"].set_double_param(*options.min_accuracy);
  if (!options.subnet.empty()) parameters["subnet"].set_string_param(options.subnet);
  return request;
}

void AddInput(inference::ModelInferRequest* request, const std::string& name,
              const ImageView& image) {
  auto* const input = request->add_inputs();
  input->set_name(name);
  input->set_datatype("UINT8");
  for (const int extent : {1, image.height, image.width, 3}) input->add_shape(extent);
  request->add_raw_input_contents(image.pixels, static_cast<std::size_t>(image.height) *
                                                    static_cast<std::size_t>(image.width) * 3);
}

void AddInput(inference::ModelInferRequest* request, const std::string& name,
              const TensorView& tensor) {
  auto* const input = request->add_inputs();
  input->set_name(name);
  input->set_datatype("FP32");
  for (const int extent : {1, 3, tensor.side, tensor.side}) input->add_shape(extent);
  const auto side = static_cast<std::size_t>(tensor.side);
  request->add_raw_input_contents(tensor.values, 3 * side * side * sizeof(float));
}

bool IsWhole(const ImageView& image) {
  return image.pixels != nullptr && image.width > 0 && image.height > 0;
}
bool IsWhole(const TensorView& tensor) { return tensor.values != nullptr && tensor.side > 0; }

void SetTimeout(grpc::ClientContext* context, const InferOptions& options) {
  const double ms = options.timeout_ms.value_or(kInferTimeoutMs);
  context->set_deadline(system_clock::now() +
                        std::chrono::microseconds(static_cast<std::int64_t>(ms * 1e3)));
}

}  // namespace

std::string DefaultSocket() {
  const char* const named = std::getenv("DYNOFA_SOCKET");
  return named != nullptr && *named != '\0' ? named : "/run/dynofa/dynofa.sock";
}

class Client::Impl {
 public:
  explicit Impl(std::shared_ptr<grpc::Channel> channel)
      : channel_(std::move(channel)),
        inference_(inference::GRPCInferenceService::NewStub(channel_)),
        manager_(v1::ResourceManager::NewStub(channel_)) {}

  ~Impl() {
    std::unique_lock lock(mutex_);
    for (grpc::ClientContext* context : in_flight_) context->TryCancel();
    idle_.wait(lock, [this] { return under_way_ == 0; });
  }

  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }

  template <typename Input>
  Result<Inference> Infer(const Input& given, const InferOptions& options) {
    auto request = Request(given, options);
    if (!request.ok()) return request.error();
    grpc::ClientContext context;
    SetTimeout(&context, options);
    inference::ModelInferResponse response;
    const auto sent = steady_clock::now();
    const grpc::Status status = inference_->ModelInfer(&context, *request, &response);
    return Answer(sent, status, response);
  }

  void InferAsync(const ImageView& image, const InferOptions& options, OnInference done) {
    struct Call {
      inference::ModelInferRequest request;
      inference::ModelInferResponse response;
      grpc::ClientContext context;
      OnInference done;
      Overhead::TimePoint sent;
    };
    auto request = Request(image, options);
    if (!request.ok()) return done(request.error());
    auto call = std::make_shared<Call>();
    call->request = *std::move(request);
    call->done = std::move(done);
    SetTimeout(&call->context, options);
    {
      std::lock_guard lock(mutex_);
      in_flight_.insert(&call->context);
      ++under_way_;
    }
    call->sent = steady_clock::now();
    inference_->async()->ModelInfer(&call->context, &call->request, &call->response,
                                    [this, call](const grpc::Status& status) mutable {
                                      call->done(Answer(call->sent, status, call->response));
                                      {
                                        std::lock_guard lock(mutex_);
                                        in_flight_.erase(&call->context);
                                      }
                                      // It holds the channel, whose last user must not be this
                                      // thread of it, which would wait for itself.
                                      call.reset();
                                      std::lock_guard lock(mutex_);
                                      if (--under_way_ == 0) idle_.notify_all();
                                    });
  }

  Result<Status> GetStatus() {
    grpc::ClientContext context;
    context.set_deadline(system_clock::now() + kCallTimeout);
    v1::Status answer;
    const grpc::Status status = manager_->GetStatus(&context, {}, &answer);
    if (!status.ok()) return ToError(status);
    return ToStatus(answer);
  }

  Result<Board> GetBoard() {
    grpc::ClientContext context;
    context.set_deadline(system_clock::now() + kCallTimeout);
    v1::Board answer;
    const grpc::Status status = manager_->GetBoard(&context, {}, &answer);
    if (!status.ok()) return ToError(status);
    return ToBoard(answer);
  }

  Result<ModelInfo> GetModel(const std::string& name) {
    auto known = NameOf(name);
    if (!known.ok()) return known.error();
    grpc::ClientContext context;
    context.set_deadline(system_clock::now() + kCallTimeout);
    inference::ModelMetadataRequest request;
    request.set_name(*known);
    inference::ModelMetadataResponse answer;
    const grpc::Status status = inference_->ModelMetadata(&context, request, &answer);
    if (!status.ok()) return ToError(status);
    return ToModelInfo(answer);
  }

  Result<ProfileProgress> StartProfile(const ProfileRequest& wanted) {
    grpc::ClientContext context;
    context.set_deadline(system_clock::now() + kCallTimeout);
    v1::StartProfileRequest request;
    FillProfileRequest(wanted, &request);
    v1::ProfileProgress answer;
    const grpc::Status status = manager_->StartProfile(&context, request, &answer);
    if (!status.ok()) return ToError(status);
    return ToProfileProgress(answer);
  }

  Result<ProfileProgress> CancelProfile() {
    grpc::ClientContext context;
    context.set_deadline(system_clock::now() + kCallTimeout);
    v1::ProfileProgress answer;
    const grpc::Status status = manager_->CancelProfile(&context, {}, &answer);
    if (!status.ok()) return ToError(status);
    return ToProfileProgress(answer);
  }

  Result<Profiles> GetProfile(bool entries) {
    grpc::ClientContext context;
    context.set_deadline(system_clock::now() + kCallTimeout);
    v1::GetProfileRequest request;
    request.set_entries(entries);
    v1::GetProfileResponse answer;
    const grpc::Status status = manager_->GetProfile(&context, request, &answer);
    if (!status.ok()) return ToError(status);
    return ToProfiles(answer);
  }

  /// `name`, or the only hosted model's if it is empty.
  Result<std::string> NameOf(const std::string& name) {
    if (!name.empty()) return name;
    auto status = GetStatus();
    if (!status.ok()) return status.error();
    if (status->models.size() == 1) return status->models[0].name;
    std::string names;
    for (const HostedModel& model : status->models) names += " " + model.name;
    return Error{ErrorCode::kInvalidArgument, status->models.empty()
                                                  ? "the daemon hosts no model"
                                                  : "name one of the hosted models:" + names};
  }

 private:
  Result<Inference> Answer(Overhead::TimePoint sent, const grpc::Status& status,
                           const inference::ModelInferResponse& response) {
    if (!status.ok()) return ToError(status);
    Result<Inference> answer = ToInference(response);
    if (answer.ok()) overhead_.Observe(sent, *answer);
    return answer;
  }

  template <typename Input>
  Result<inference::ModelInferRequest> Request(const Input& given, const InferOptions& options) {
    if (!IsWhole(given)) {
      return Error{ErrorCode::kInvalidArgument, "the input is empty or has no size"};
    }
    if (options.timeout_ms && !(*options.timeout_ms > 0.0 && *options.timeout_ms < 1e9)) {
      return Error{ErrorCode::kInvalidArgument, "timeout_ms must be above 0 and below 1e9"};
    }
    auto model = Known(options.model);
    if (!model.ok()) return model.error();
    inference::ModelInferRequest request = NewRequest(model->name, options);
    AddInput(&request, model->input_name, given);
    if (const double ms = overhead_.ms(); ms > 0.0) {
      (*request.mutable_parameters())["overhead_ms"].set_double_param(ms);
    }
    return request;
  }

  /// What requests need to know of a model; asked for once. What the daemon hosts is constant
  /// while it runs.
  struct ModelNames {
    std::string name;
    std::string input_name;
  };
  Result<ModelNames> Known(const std::string& name) {
    {
      std::lock_guard lock(mutex_);
      if (const auto found = known_.find(name); found != known_.end()) return found->second;
    }
    auto model = GetModel(name);
    if (!model.ok()) return model.error();
    std::lock_guard lock(mutex_);
    return known_[name] = ModelNames{model->name, model->input_name};
  }

  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<inference::GRPCInferenceService::Stub> inference_;
  const std::unique_ptr<v1::ResourceManager::Stub> manager_;
  Overhead overhead_;

  std::mutex mutex_;
  std::condition_variable idle_;
  // Guarded by mutex_.
  std::map<std::string, ModelNames> known_;  ///< by the name that was asked for
  std::set<grpc::ClientContext*> in_flight_;
  int under_way_ = 0;  ///< requests, until nothing of them is left
};

Result<Client> Client::Connect(const ConnectOptions& options) {
  const std::string socket = options.socket.empty() ? DefaultSocket() : options.socket;
  const auto until = steady_clock::now() + options.wait_ready;
  for (;;) {
    const Result<Done> probe = ProbeSocket(socket);
    if (probe.ok()) break;
    const ErrorCode code = probe.error().code;
    const bool may_come = code == ErrorCode::kNotFound || code == ErrorCode::kUnavailable;
    if (!may_come || steady_clock::now() >= until) return probe.error();
    std::this_thread::sleep_for(kProbePeriod);
  }
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2000);
  auto channel =
      grpc::CreateCustomChannel("unix:" + socket, grpc::InsecureChannelCredentials(), arguments);
  if (!channel->WaitForConnected(system_clock::now() + kCallTimeout)) {
    return Error{ErrorCode::kUnavailable, "what listens at " + socket + " does not speak gRPC"};
  }
  return Client(std::make_unique<Impl>(std::move(channel)));
}

Client::Client(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() = default;

Result<Session> Client::OpenSession(const SessionOptions& options, Session::OnChange on_change) {
  SessionOptions resolved = options;
  auto name = impl_->NameOf(options.model);
  if (!name.ok()) return name.error();
  resolved.model = *name;
  auto session =
      std::make_shared<Session::Impl>(impl_->channel(), std::move(resolved), std::move(on_change));
  if (const auto opened = session->Opened(); !opened.ok()) return opened.error();
  return Session(std::move(session));
}

Result<Inference> Client::Infer(const ImageView& image, const InferOptions& options) {
  return impl_->Infer(image, options);
}

Result<Inference> Client::Infer(const TensorView& tensor, const InferOptions& options) {
  return impl_->Infer(tensor, options);
}

void Client::InferAsync(const ImageView& image, const InferOptions& options, OnInference done) {
  impl_->InferAsync(image, options, std::move(done));
}

Result<Status> Client::GetStatus() { return impl_->GetStatus(); }

Result<Board> Client::GetBoard() { return impl_->GetBoard(); }

Result<ModelInfo> Client::GetModel(const std::string& name) { return impl_->GetModel(name); }

Result<ProfileProgress> Client::StartProfile(const ProfileRequest& request) {
  return impl_->StartProfile(request);
}

Result<ProfileProgress> Client::CancelProfile() { return impl_->CancelProfile(); }

Result<Profiles> Client::GetProfile(bool entries) { return impl_->GetProfile(entries); }

}  // namespace dynofa::client
