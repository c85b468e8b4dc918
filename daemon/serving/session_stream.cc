#include "daemon/serving/session_stream.h"

#include <utility>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/serving/enter.h"
#include "daemon/serving/manager_messages.h"
#include "daemon/serving/text.h"

namespace dynofa::serving {
namespace {

/// What of an assignment is worth telling a client about; its predictions move all the time.
std::string Digest(const manager::SessionView& view) {
  if (!view.assignment) return "none";
  const policies::OperatingPoint& point = view.assignment->point;
  return base::StrCat(point.subnet, " ", point.cluster, " ", point.threads, " ",
                      point.frequency_khz, view.assignment->feasible ? " feasible" : "");
}

}  // namespace

class SessionStream::Reactor final : public GrpcReactor {
 public:
  explicit Reactor(std::shared_ptr<SessionStream> stream) : stream_(std::move(stream)) {}

  void OnReadDone(bool ok) override { stream_->OnReadDone(ok); }
  void OnWriteDone(bool ok) override { stream_->OnWriteDone(ok); }
  void OnCancel() override { stream_->End(absl::CancelledError("cancelled by the client")); }
  void OnDone() override {
    stream_->edge_.calls.Remove(stream_.get());
    delete this;
  }

 private:
  const std::shared_ptr<SessionStream> stream_;
};

SessionStream::GrpcReactor* SessionStream::Handle(grpc::CallbackServerContext* context,
                                                  const Edge& edge) {
  const std::shared_ptr<SessionStream> stream(new SessionStream(edge));
  Reactor* const reactor = new Reactor(stream);
  stream->reactor_ = reactor;
  const absl::Status admitted = stream->Admit(context->peer());
  if (admitted.ok()) {
    stream->ReadNext();
  } else {
    stream->End(admitted);
  }
  return reactor;
}

absl::Status SessionStream::Admit(std::string_view peer) {
  DYNOFA_ASSIGN_OR_RETURN(
      const auto connection,
      Enter(edge_.calls, CallRegistry::Kind::kStream, shared_from_this(), edge_.connections, peer));
  DYNOFA_ASSIGN_OR_RETURN(Admission::Ticket ticket,
                          edge_.admission.AdmitStream(connection->caller.uid));
  ticket_.emplace(std::move(ticket));
  caller_ = connection->caller;
  return absl::OkStatus();
}

void SessionStream::ReadNext() {
  std::lock_guard lock(mutex_);
  if (!ending_) reactor_->StartRead(&incoming_);
}

void SessionStream::OnReadDone(bool ok) {
  if (!ok) return End(absl::OkStatus());
  switch (incoming_.message_case()) {
    case v1::SessionRequest::kOpen:
      return Open(incoming_.open());
    case v1::SessionRequest::kRequirement:
      return Update(incoming_.requirement());
    case v1::SessionRequest::MESSAGE_NOT_SET:
      return End(absl::InvalidArgumentError("a message must hold `open` or `requirement`"));
  }
}

void SessionStream::Open(const v1::OpenSessionRequest& request) {
  if (std::exchange(open_asked_, true)) {
    return End(absl::InvalidArgumentError(
        "the session is open; send `requirement`, or open another stream"));
  }
  absl::StatusOr<manager::SessionSpec> spec =
      ParseSessionSpec(request, manager::SessionKind::kStream, caller_, edge_.admission);
  if (!spec.ok()) return End(spec.status());
  edge_.manager.OpenSession(*std::move(spec),
                            [self = shared_from_this()](const auto& view) { self->Opened(view); });
}

void SessionStream::Opened(const absl::StatusOr<manager::SessionView>& view) {
  if (!view.ok()) return End(view.status());
  std::unique_lock lock(mutex_);
  if (!ending_) {
    session_ = view->id;
    Send(*view, true);
    lock.unlock();
    return Watch();
  }
  lock.unlock();
  Close(view->id);
}

void SessionStream::Close(std::string session) {
  // The stream, and with it its place in the quota, is held until the manager has done it.
  edge_.manager.CloseSession(std::move(session), caller_,
                             [self = shared_from_this()](const absl::Status&) {});
}

void SessionStream::Watch() {
  const std::weak_ptr<SessionStream> weak = weak_from_this();
  const std::uint64_t watch =
      edge_.manager.Watch([weak](const std::shared_ptr<const manager::StatusView>& status) {
        if (const auto self = weak.lock()) self->OnStatus(*status);
      });
  std::unique_lock lock(mutex_);
  if (!ending_) {
    watch_ = watch;
    return;
  }
  lock.unlock();
  edge_.manager.Unwatch(watch);
}

void SessionStream::Update(const v1::Requirement& requirement) {
  if (!open_asked_) {
    return End(absl::InvalidArgumentError("the first message of a session must be `open`"));
  }
  absl::StatusOr<policies::Requirement> parsed =
      ParseRequirement(requirement, caller_.uid, edge_.admission);
  if (!parsed.ok()) return End(parsed.status());
  std::string session;
  {
    std::lock_guard lock(mutex_);
    if (ending_) return;
    session = session_;
  }
  edge_.manager.UpdateSession(
      std::move(session), caller_, *std::move(parsed),
      [self = shared_from_this()](const auto& view) { self->Updated(view); });
}

void SessionStream::Updated(const absl::StatusOr<manager::SessionView>& view) {
  if (!view.ok()) return End(view.status());
  std::lock_guard lock(mutex_);
  if (!ending_) Send(*view, true);
}

void SessionStream::OnStatus(const manager::StatusView& status) {
  bool closed = false;
  {
    std::lock_guard lock(mutex_);
    if (ending_) return;
    const manager::SessionView* found = nullptr;
    for (const manager::SessionView& session : status.sessions) {
      if (session.id == session_) found = &session;
    }
    if (found != nullptr) {
      seen_ = true;
      if (Digest(*found) != shown_) Send(*found, false);
    }
    closed = found == nullptr && seen_;
  }
  if (closed) End(absl::AbortedError("the session was closed by another call"));
}

void SessionStream::Send(const manager::SessionView& view, bool is_answer) {
  shown_ = Digest(view);
  queued_.emplace();
  FillSession(view, &*queued_);
  queued_answer_ = queued_answer_ || is_answer;
  if (!writing_) StartWrite();
}

void SessionStream::StartWrite() {
  outgoing_.Swap(&*queued_);
  queued_.reset();
  writing_ = true;
  writing_answer_ = std::exchange(queued_answer_, false);
  reactor_->StartWrite(&outgoing_);
}

void SessionStream::OnWriteDone(bool ok) {
  if (!ok) End(absl::CancelledError("the client is gone"));
  std::lock_guard lock(mutex_);
  writing_ = false;
  if (ending_) return FinishNow();
  if (std::exchange(writing_answer_, false)) reactor_->StartRead(&incoming_);
  if (queued_) StartWrite();
}

void SessionStream::FinishNow() {
  if (reactor_ != nullptr) std::exchange(reactor_, nullptr)->Finish(ToGrpc(*ending_));
}

void SessionStream::End(const absl::Status& why) {
  std::string session;
  std::optional<std::uint64_t> watch;
  {
    std::lock_guard lock(mutex_);
    if (ending_) return;
    ending_ = why;
    session.swap(session_);
    watch.swap(watch_);
    if (!writing_) FinishNow();
  }
  if (watch) edge_.manager.Unwatch(*watch);
  if (!session.empty()) Close(std::move(session));
}

}  // namespace dynofa::serving
