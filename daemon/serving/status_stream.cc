#include "daemon/serving/status_stream.h"

#include <utility>

#include "daemon/base/status.h"
#include "daemon/serving/enter.h"
#include "daemon/serving/manager_messages.h"
#include "daemon/serving/text.h"

namespace dynofa::serving {

class StatusStream::Reactor final : public GrpcReactor {
 public:
  explicit Reactor(std::shared_ptr<StatusStream> stream) : stream_(std::move(stream)) {}

  void OnWriteDone(bool ok) override { stream_->OnWriteDone(ok); }
  void OnCancel() override { stream_->End(absl::CancelledError("cancelled by the client")); }
  void OnDone() override {
    stream_->edge_.calls.Remove(stream_.get());
    delete this;
  }

 private:
  const std::shared_ptr<StatusStream> stream_;
};

StatusStream::GrpcReactor* StatusStream::Handle(grpc::CallbackServerContext* context,
                                                const Edge& edge) {
  const std::shared_ptr<StatusStream> stream(new StatusStream(edge));
  Reactor* const reactor = new Reactor(stream);
  stream->reactor_ = reactor;
  const absl::Status admitted = stream->Admit(context->peer());
  if (admitted.ok()) {
    stream->Begin();
  } else {
    stream->End(admitted);
  }
  return reactor;
}

absl::Status StatusStream::Admit(std::string_view peer) {
  DYNOFA_ASSIGN_OR_RETURN(
      const auto connection,
      Enter(edge_.calls, CallRegistry::Kind::kStream, shared_from_this(), edge_.connections, peer));
  DYNOFA_ASSIGN_OR_RETURN(Admission::Ticket ticket,
                          edge_.admission.AdmitStream(connection->caller.uid));
  ticket_.emplace(std::move(ticket));
  return absl::OkStatus();
}

void StatusStream::Begin() {
  const std::weak_ptr<StatusStream> weak = weak_from_this();
  const std::uint64_t watch =
      edge_.manager.Watch([weak](const std::shared_ptr<const manager::StatusView>& view) {
        if (const auto self = weak.lock()) self->OnStatus(view);
      });
  {
    std::unique_lock lock(mutex_);
    if (ending_) {
      lock.unlock();
      return edge_.manager.Unwatch(watch);
    }
    watch_ = watch;
  }
  OnStatus(edge_.manager.status());
}

void StatusStream::OnStatus(const std::shared_ptr<const manager::StatusView>& view) {
  std::lock_guard lock(mutex_);
  // Decisions ascend, but a view that was fetched can come later than one that was pushed.
  if (ending_ || (last_decision_ && view->decision_number <= *last_decision_)) return;
  last_decision_ = view->decision_number;
  queued_ = view;
  if (!writing_) StartWrite();
}

void StatusStream::StartWrite() {
  outgoing_.Clear();
  FillStatus(*std::exchange(queued_, nullptr), &outgoing_);
  writing_ = true;
  reactor_->StartWrite(&outgoing_);
}

void StatusStream::OnWriteDone(bool ok) {
  if (!ok) End(absl::CancelledError("the client is gone"));
  std::lock_guard lock(mutex_);
  writing_ = false;
  if (ending_) return FinishNow();
  if (queued_ != nullptr) StartWrite();
}

void StatusStream::FinishNow() {
  if (reactor_ != nullptr) std::exchange(reactor_, nullptr)->Finish(ToGrpc(*ending_));
}

void StatusStream::End(const absl::Status& why) {
  std::optional<std::uint64_t> watch;
  {
    std::lock_guard lock(mutex_);
    if (ending_) return;
    ending_ = why;
    watch.swap(watch_);
    if (!writing_) FinishNow();
  }
  if (watch) edge_.manager.Unwatch(*watch);
}

}  // namespace dynofa::serving
