#include "daemon/serving/resource_manager_service.h"

#include <memory>
#include <utility>

#include "daemon/serving/manager_messages.h"

namespace dynofa::serving {
namespace {

/// A place in the caller's quota that the manager holds until it is done.
using Held = std::shared_ptr<Admission::Ticket>;

/// Answers `call` with the session, or with why there is none.
manager::ManagerApi::SessionDone AnswerWithSession(const std::shared_ptr<UnaryCall>& call,
                                                   v1::SessionState* response, Held held) {
  return
      [call, response, held = std::move(held)](const absl::StatusOr<manager::SessionView>& view) {
        call->Finish(view.status(), [&] { FillSession(*view, response); });
      };
}

}  // namespace

ResourceManagerService::Reactor* ResourceManagerService::Change(Context* context,
                                                                const Changer& change) const {
  return Handle(context, [&](const auto& call, const Connection& connection) {
    auto ticket = edge_.admission.AdmitSessionCall(connection.caller.uid);
    if (!ticket.ok()) return (void)call->Finish(ticket.status());
    change(call, connection, std::make_shared<Admission::Ticket>(*std::move(ticket)));
  });
}

SessionStream::GrpcReactor* ResourceManagerService::Session(Context* context) {
  return SessionStream::Handle(context, edge_);
}

ResourceManagerService::Reactor* ResourceManagerService::OpenSession(
    Context* context, const v1::OpenSessionRequest* request, v1::SessionState* response) {
  return Change(context, [&](const auto& call, const Connection& connection, Held held) {
    auto spec = ParseSessionSpec(*request, manager::SessionKind::kLease, connection.caller,
                                 edge_.admission);
    if (!spec.ok()) return (void)call->Finish(spec.status());
    auto done = [call, response, caller = connection.caller, held = std::move(held),
                 &manager = edge_.manager](const absl::StatusOr<manager::SessionView>& view) {
      const bool answered = call->Finish(view.status(), [&] { FillSession(*view, response); });
      // Nobody learnt its name: it need not wait for its lease to end.
      if (!answered && view.ok()) {
        manager.CloseSession(view->id, caller, [held](const absl::Status&) {});
      }
    };
    edge_.manager.OpenSession(*std::move(spec), std::move(done));
  });
}

ResourceManagerService::Reactor* ResourceManagerService::UpdateSession(
    Context* context, const v1::UpdateSessionRequest* request, v1::SessionState* response) {
  return Change(context, [&](const auto& call, const Connection& connection, Held held) {
    auto requirement =
        ParseRequirement(request->requirement(), connection.caller.uid, edge_.admission);
    if (!requirement.ok()) return (void)call->Finish(requirement.status());
    edge_.manager.UpdateSession(request->session(), connection.caller, *std::move(requirement),
                                AnswerWithSession(call, response, std::move(held)));
  });
}

ResourceManagerService::Reactor* ResourceManagerService::RenewSession(
    Context* context, const v1::RenewSessionRequest* request, v1::SessionState* response) {
  return Change(context, [&](const auto& call, const Connection& connection, Held held) {
    const auto time_to_live = ParseTimeToLive(request->time_to_live_s());
    if (!time_to_live.ok()) return (void)call->Finish(time_to_live.status());
    edge_.manager.RenewSession(request->session(), connection.caller, *time_to_live,
                               AnswerWithSession(call, response, std::move(held)));
  });
}

ResourceManagerService::Reactor* ResourceManagerService::CloseSession(
    Context* context, const v1::CloseSessionRequest* request, v1::CloseSessionResponse*) {
  return Change(context, [&](const auto& call, const Connection& connection, Held held) {
    edge_.manager.CloseSession(
        request->session(), connection.caller,
        [call, held = std::move(held)](const absl::Status& status) { call->Finish(status); });
  });
}

ResourceManagerService::Reactor* ResourceManagerService::GetStatus(Context* context,
                                                                   const v1::GetStatusRequest*,
                                                                   v1::Status* response) {
  return Handle(context, [&](const auto& call, const Connection&) {
    call->Finish(absl::OkStatus(), [&] { FillStatus(*edge_.manager.status(), response); });
  });
}

StatusStream::GrpcReactor* ResourceManagerService::WatchStatus(Context* context,
                                                               const v1::GetStatusRequest*) {
  return StatusStream::Handle(context, edge_);
}

}  // namespace dynofa::serving
