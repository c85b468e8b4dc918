#include "daemon/serving/unary_call.h"

#include <exception>
#include <string>
#include <utility>

#include "daemon/base/log.h"
#include "daemon/serving/enter.h"
#include "daemon/serving/text.h"

namespace dynofa::serving {

class UnaryCall::Reactor final : public grpc::ServerUnaryReactor {
 public:
  explicit Reactor(std::shared_ptr<UnaryCall> call) : call_(std::move(call)) {}

  void OnCancel() override { call_->Abort(absl::CancelledError("cancelled by the client")); }

  void OnDone() override {
    call_->registry_.Remove(call_.get());
    delete this;
  }

 private:
  const std::shared_ptr<UnaryCall> call_;
};

grpc::ServerUnaryReactor* UnaryCall::Handle(grpc::CallbackServerContext* context,
                                            const Connections& connections, CallRegistry& registry,
                                            const Handler& handler) {
  const std::shared_ptr<UnaryCall> call(new UnaryCall(registry));
  Reactor* const reactor = new Reactor(call);
  call->reactor_ = reactor;
  const auto connection =
      Enter(registry, CallRegistry::Kind::kRequest, call, connections, context->peer());
  if (!connection.ok()) {
    call->Finish(connection.status());
    return reactor;
  }
  try {
    handler(call, **connection);
  } catch (const std::exception& error) {
    base::LogError("a call failed: ", error.what());
    call->Finish(absl::InternalError("dynofad could not handle this call; its log says why"));
  }
  return reactor;
}

bool UnaryCall::Finish(const absl::Status& status, const std::function<void()>& fill) {
  std::lock_guard lock(mutex_);
  if (reactor_ == nullptr) return false;
  absl::Status answer = status;
  if (status.ok() && fill) {
    try {
      fill();
    } catch (const std::exception& error) {
      answer = absl::InternalError(std::string("the answer could not be written: ") + error.what());
    }
  }
  // gRPC runs no reaction inside Finish, so the lock cannot be asked for again here.
  std::exchange(reactor_, nullptr)->Finish(ToGrpc(answer));
  hook_ = nullptr;
  return true;
}

void UnaryCall::OnCancelled(std::function<void()> hook) {
  std::lock_guard lock(mutex_);
  if (reactor_ != nullptr) hook_ = std::move(hook);
}

void UnaryCall::Abort(const absl::Status& why) {
  std::function<void()> hook;
  {
    std::lock_guard lock(mutex_);
    hook = std::exchange(hook_, nullptr);
  }
  Finish(why);
  if (hook) hook();
}

}  // namespace dynofa::serving
