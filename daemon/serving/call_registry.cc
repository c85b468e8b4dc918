#include "daemon/serving/call_registry.h"

#include <vector>

namespace dynofa::serving {

bool CallRegistry::Add(Kind kind, const std::shared_ptr<OpenCall>& call) {
  std::lock_guard lock(mutex_);
  if (refusing_) return false;
  calls_[call.get()] = Entry{kind, call};
  if (kind == Kind::kRequest) ++requests_;
  return true;
}

void CallRegistry::Remove(const OpenCall* call) {
  std::lock_guard lock(mutex_);
  const auto found = calls_.find(call);
  if (found == calls_.end()) return;
  if (found->second.kind == Kind::kRequest && --requests_ == 0) no_requests_.notify_all();
  calls_.erase(found);
}

void CallRegistry::RefuseNew() {
  std::lock_guard lock(mutex_);
  refusing_ = true;
}

bool CallRegistry::WaitForRequests(base::Duration patience) {
  std::unique_lock lock(mutex_);
  return no_requests_.wait_for(lock, patience, [this] { return requests_ == 0; });
}

void CallRegistry::AbortAll(const absl::Status& why) {
  std::vector<std::shared_ptr<OpenCall>> open;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [key, entry] : calls_) {
      if (auto call = entry.call.lock()) open.push_back(std::move(call));
    }
  }
  for (const auto& call : open) call->Abort(why);
}

std::size_t CallRegistry::size() const {
  std::lock_guard lock(mutex_);
  return calls_.size();
}

}  // namespace dynofa::serving
