#include "daemon/serving/resource_manager_service.h"

#include <memory>
#include <utility>

#include "daemon/base/log.h"
#include "daemon/base/strings.h"
#include "daemon/serving/board_messages.h"
#include "daemon/serving/manager_messages.h"
#include "daemon/serving/profile_messages.h"

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

/// Answers `call` with how far the job is, or with why it is not.
manager::ManagerApi::Done AnswerWithProgress(const std::shared_ptr<UnaryCall>& call,
                                             v1::ProfileProgress* response,
                                             manager::ManagerApi& manager, Held held) {
  return [call, response, &manager, held = std::move(held)](const absl::Status& status) {
    call->Finish(status, [&] { FillProfileProgress(manager.status()->profiling, response); });
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

ResourceManagerService::Reactor* ResourceManagerService::Operate(Context* context,
                                                                 const Changer& operate) const {
  return Change(context, [&](const auto& call, const Connection& connection, Held held) {
    if (edge_.operators.contains(connection.caller.uid))
      return operate(call, connection, std::move(held));
    call->Finish(absl::PermissionDeniedError(
        base::StrCat("only root and the daemon's own user may measure profiles, not uid ",
                     connection.caller.uid)));
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

ResourceManagerService::Reactor* ResourceManagerService::GetBoard(Context* context,
                                                                  const v1::GetBoardRequest*,
                                                                  v1::Board* response) {
  return Handle(context, [&](const auto& call, const Connection&) {
    call->Finish(absl::OkStatus(), [&] { FillBoard(*edge_.manager.status(), response); });
  });
}

StatusStream::GrpcReactor* ResourceManagerService::WatchStatus(Context* context,
                                                               const v1::GetStatusRequest*) {
  return StatusStream::Handle(context, edge_);
}

ResourceManagerService::Reactor* ResourceManagerService::StartProfile(
    Context* context, const v1::StartProfileRequest* request, v1::ProfileProgress* response) {
  return Operate(context, [&](const auto& call, const Connection& connection, Held held) {
    auto parsed = ParseProfileRequest(*request);
    if (!parsed.ok()) return (void)call->Finish(parsed.status());
    base::LogInfo("profile: asked for by uid ", connection.caller.uid);
    edge_.manager.StartProfile(*std::move(parsed),
                               AnswerWithProgress(call, response, edge_.manager, std::move(held)));
  });
}

ResourceManagerService::Reactor* ResourceManagerService::CancelProfile(
    Context* context, const v1::CancelProfileRequest*, v1::ProfileProgress* response) {
  return Operate(context, [&](const auto& call, const Connection&, Held held) {
    edge_.manager.CancelProfile(AnswerWithProgress(call, response, edge_.manager, std::move(held)));
  });
}

ResourceManagerService::Reactor* ResourceManagerService::GetProfile(
    Context* context, const v1::GetProfileRequest* request, v1::GetProfileResponse* response) {
  return Handle(context, [&](const auto& call, const Connection&) {
    call->Finish(absl::OkStatus(), [&] {
      const auto view = edge_.manager.status();
      FillProfileProgress(view->profiling, response->mutable_progress());
      if (request->entries()) FillProfiles(*view, response);
    });
  });
}

}  // namespace dynofa::serving
