#include "client/src/session.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "client/src/convert.h"

namespace dynofa::client {
namespace {

constexpr std::chrono::seconds kCallTimeout{10};
constexpr std::chrono::milliseconds kFirstBackoff{100};
constexpr std::chrono::milliseconds kLastBackoff{2000};

}  // namespace

Session::Impl::Impl(std::shared_ptr<grpc::Channel> channel, SessionOptions options,
                    OnChange on_change)
    : stub_(v1::ResourceManager::NewStub(std::move(channel))),
      on_change_(std::move(on_change)),
      reopen_(options.reopen) {
  request_.set_model(options.model);
  request_.set_client_name(options.name);
  FillRequirement(options.requirement, request_.mutable_requirement());
  thread_ = std::thread([this] { Run(); });
}

Session::Impl::~Impl() {
  {
    std::lock_guard lock(mutex_);
    closing_ = true;
    if (context_ != nullptr) context_->TryCancel();
  }
  changed_.notify_all();
  thread_.join();
}

Result<Done> Session::Impl::Opened() {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, kCallTimeout, [this] { return info_ || failure_; })) {
    return Error{ErrorCode::kDeadlineExceeded, "the daemon did not open the session in time"};
  }
  if (failure_) return *failure_;
  return Done{};
}

SessionInfo Session::Impl::info() const {
  std::lock_guard lock(mutex_);
  return info_.value_or(SessionInfo());
}

bool Session::Impl::open() const {
  std::lock_guard lock(mutex_);
  return open_;
}

void Session::Impl::Run() {
  std::chrono::milliseconds backoff = kFirstBackoff;
  for (;;) {
    const auto start = std::chrono::steady_clock::now();
    if (!ShallReopen(RunStream())) return;
    const auto lasted = std::chrono::steady_clock::now() - start;
    if (lasted > kLastBackoff) backoff = kFirstBackoff;
    std::unique_lock lock(mutex_);
    if (changed_.wait_for(lock, backoff, [this] { return closing_; })) return;
    backoff = std::min(2 * backoff, kLastBackoff);
  }
}

grpc::Status Session::Impl::RunStream() {
  grpc::ClientContext context;
  v1::SessionRequest first;
  {
    std::lock_guard lock(mutex_);
    if (closing_) return grpc::Status::CANCELLED;
    context_ = &context;
    *first.mutable_open() = request_;
  }
  const auto stream = stub_->Session(&context);
  v1::SessionState state;
  // A write that fails shows in the status.
  stream->Write(first);
  while (stream->Read(&state)) Received(state);
  const grpc::Status status = stream->Finish();
  std::lock_guard lock(mutex_);
  context_ = nullptr;
  open_ = false;
  return status;
}

void Session::Impl::Received(const v1::SessionState& state) {
  const SessionInfo info = ToSessionInfo(state);
  bool is_first = false;
  {
    std::lock_guard lock(mutex_);
    is_first = !info_;
    info_ = info;
    open_ = true;
  }
  changed_.notify_all();
  if (on_change_ && !is_first) on_change_(info);
}

bool Session::Impl::ShallReopen(const grpc::Status& status) {
  std::lock_guard lock(mutex_);
  if (closing_) return false;
  if (!info_) {
    failure_ =
        status.ok() ? Error{ErrorCode::kUnknown, "the daemon ended the session"} : ToError(status);
    changed_.notify_all();
    return false;
  }
  return reopen_ && status.error_code() == grpc::StatusCode::UNAVAILABLE;
}

Result<SessionInfo> Session::Impl::SetRequirement(const Requirement& requirement) {
  v1::UpdateSessionRequest request;
  v1::Requirement wanted;
  FillRequirement(requirement, &wanted);
  {
    std::lock_guard lock(mutex_);
    request.set_session(info_ ? info_->id : "");
  }
  *request.mutable_requirement() = wanted;
  // Not over the stream, where a requirement that is refused would end the session.
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kCallTimeout);
  v1::SessionState state;
  const grpc::Status status = stub_->UpdateSession(&context, request, &state);
  std::lock_guard lock(mutex_);
  if (status.ok() || status.error_code() == grpc::StatusCode::UNAVAILABLE) {
    *request_.mutable_requirement() = wanted;
  }
  if (!status.ok()) return ToError(status);
  if (info_ && info_->id == state.session()) info_ = ToSessionInfo(state);
  return ToSessionInfo(state);
}

Session::Session(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;
Session::~Session() = default;

std::string Session::id() const { return impl_->info().id; }
SessionInfo Session::info() const { return impl_->info(); }
bool Session::open() const { return impl_->open(); }

Result<SessionInfo> Session::SetRequirement(const Requirement& requirement) {
  return impl_->SetRequirement(requirement);
}

}  // namespace dynofa::client
