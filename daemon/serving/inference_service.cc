#include "daemon/serving/inference_service.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "daemon/base/status.h"
#include "daemon/serving/infer_request.h"
#include "daemon/serving/infer_response.h"
#include "daemon/serving/model_description.h"
#include "daemon/serving/parameters.h"

namespace dynofa::serving {
namespace {

/// The call's deadline on the daemon's clock; nullopt if it has none.
std::optional<base::TimePoint> DeadlineOf(const grpc::CallbackServerContext& context,
                                          base::TimePoint now) {
  const auto deadline = context.deadline();
  // Also what gRPC gives for "never"; beyond a day nobody can tell the difference.
  constexpr auto kFar = std::chrono::milliseconds(kLongestMs);
  const auto system_now = std::chrono::system_clock::now();
  if (deadline > system_now + kFar) return std::nullopt;
  return now + (deadline - system_now);
}

}  // namespace

InferenceService::Reactor* InferenceService::ServerLive(Context* context,
                                                        const inference::ServerLiveRequest*,
                                                        inference::ServerLiveResponse* response) {
  return Handle(context, [&](const auto& call, const Connection&) {
    call->Finish(absl::OkStatus(), [&] { response->set_live(true); });
  });
}

InferenceService::Reactor* InferenceService::ServerReady(Context* context,
                                                         const inference::ServerReadyRequest*,
                                                         inference::ServerReadyResponse* response) {
  return Handle(context, [&](const auto& call, const Connection&) {
    call->Finish(absl::OkStatus(), [&] { response->set_ready(ready_); });
  });
}

InferenceService::Reactor* InferenceService::ModelReady(Context* context,
                                                        const inference::ModelReadyRequest* request,
                                                        inference::ModelReadyResponse* response) {
  return Handle(context, [&](const auto& call, const Connection&) {
    const bool hosted =
        FindModel(edge_.inference.models(), request->name(), request->version()).ok();
    call->Finish(absl::OkStatus(), [&] { response->set_ready(ready_ && hosted); });
  });
}

InferenceService::Reactor* InferenceService::ServerMetadata(
    Context* context, const inference::ServerMetadataRequest*,
    inference::ServerMetadataResponse* response) {
  return Handle(context, [&](const auto& call, const Connection&) {
    call->Finish(absl::OkStatus(), [&] {
      response->set_name("dynofa");
      response->set_version(DYNOFA_VERSION);
      for (const char* extension : {"model_configuration", "binary_tensor_data", "parameters"}) {
        response->add_extensions(extension);
      }
    });
  });
}

InferenceService::Reactor* InferenceService::ModelMetadata(
    Context* context, const inference::ModelMetadataRequest* request,
    inference::ModelMetadataResponse* response) {
  return Handle(context, [&](const auto& call, const Connection&) {
    const auto model = FindModel(edge_.inference.models(), request->name(), request->version());
    call->Finish(model.status(), [&] { DescribeModel(**model, response); });
  });
}

InferenceService::Reactor* InferenceService::ModelConfig(
    Context* context, const inference::ModelConfigRequest* request,
    inference::ModelConfigResponse* response) {
  return Handle(context, [&](const auto& call, const Connection&) {
    const auto model = FindModel(edge_.inference.models(), request->name(), request->version());
    call->Finish(model.status(), [&] { ConfigOfModel(**model, response->mutable_config()); });
  });
}

InferenceService::Reactor* InferenceService::ModelInfer(Context* context,
                                                        const inference::ModelInferRequest* request,
                                                        inference::ModelInferResponse* response) {
  return Handle(context, [&](const auto& call, const Connection& connection) {
    Infer(call, connection, *context, *request, response);
  });
}

void InferenceService::Infer(const std::shared_ptr<UnaryCall>& call, const Connection& connection,
                             const Context& context, const inference::ModelInferRequest& request,
                             inference::ModelInferResponse* response) {
  const base::TimePoint now = base::SteadyClock().Now();
  absl::StatusOr<Admission::Ticket> ticket =
      edge_.admission.Admit(connection.caller.uid, PayloadBytes(request));
  if (!ticket.ok()) return (void)call->Finish(ticket.status());
  const auto held = std::make_shared<Admission::Ticket>(*std::move(ticket));
  const auto parse = [&] {
    return Parse(request, connection.caller, DeadlineOf(context, now), now);
  };
  auto parsed = parse();
  if (!parsed.ok()) return (void)call->Finish(parsed.status());
  std::string implicit;
  if (parsed->session.empty()) {
    implicit = connection.sessions->IdFor(parsed->model);
    parsed->session = implicit;
    parsed->outlives_session = true;
  }
  const std::string model = parsed->model;
  absl::StatusOr<std::uint64_t> id = Submit(call, held, request, response, *std::move(parsed));
  if (!implicit.empty() && absl::IsNotFound(id.status())) {
    // A session that the client never heard of has ended: that must not cost it a request. The
    // first attempt has used up the input.
    connection.sessions->Replace(model, implicit);
    parsed = parse();
    if (!parsed.ok()) return (void)call->Finish(parsed.status());
    id = Submit(call, held, request, response, *std::move(parsed));
  }
  if (!id.ok()) return (void)call->Finish(id.status());
  call->OnCancelled([&inference = edge_.inference, id = *id] { inference.Cancel(id); });
}

absl::StatusOr<manager::InferenceRequest> InferenceService::Parse(
    const inference::ModelInferRequest& request, const manager::Caller& caller,
    std::optional<base::TimePoint> deadline, base::TimePoint now) const {
  DYNOFA_ASSIGN_OR_RETURN(manager::InferenceRequest parsed,
                          ParseInferRequest(request, edge_.inference.models(), now));
  if (deadline) parsed.deadline = std::min(*deadline, parsed.deadline.value_or(*deadline));
  if (parsed.deadline && *parsed.deadline <= now) {
    return absl::DeadlineExceededError("the deadline is already past");
  }
  parsed.caller = caller;
  return parsed;
}

absl::StatusOr<std::uint64_t> InferenceService::Submit(const std::shared_ptr<UnaryCall>& call,
                                                       std::shared_ptr<Admission::Ticket> held,
                                                       const inference::ModelInferRequest& request,
                                                       inference::ModelInferResponse* response,
                                                       manager::InferenceRequest parsed) {
  const engine::ModelInfo* const model =
      *FindModel(edge_.inference.models(), request.model_name(), request.model_version());
  // The request and the response live as long as the call; Finish touches them only then. The
  // ticket is kept until the work is over, which may be later.
  auto done = [call, held = std::move(held), &request, response, model, session = parsed.session,
               &manager = edge_.manager](const absl::StatusOr<manager::InferenceReply>& reply) {
    call->Finish(reply.status(), [&] {
      FillInferResponse(request, *model, *reply, session, manager.status()->emulated_board,
                        response);
    });
  };
  return edge_.inference.Submit(std::move(parsed), std::move(done));
}

}  // namespace dynofa::serving
