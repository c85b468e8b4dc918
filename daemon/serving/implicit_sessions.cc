#include "daemon/serving/implicit_sessions.h"

#include <utility>

#include "daemon/base/log.h"

namespace dynofa::serving {

bool Once::First(std::uint32_t uid) {
  std::lock_guard lock(mutex_);
  return seen_.insert(uid).second;
}

std::string ImplicitSessions::IdFor(const std::string& model) {
  {
    std::lock_guard lock(mutex_);
    if (ended_) return "";
    if (const auto found = ids_.find(model); found != ids_.end()) return found->second;
  }
  auto ticket = shared_.admission.AdmitSessionCall(caller_.uid);
  const auto priority = shared_.admission.Priority(caller_.uid, std::nullopt);
  // A later request asks again.
  if (!ticket.ok() || !priority.ok()) return "";
  {
    std::lock_guard lock(mutex_);
    if (ended_ || !ids_.try_emplace(model).second) return "";
  }
  Open(model, *priority, std::make_shared<Admission::Ticket>(*std::move(ticket)));
  return "";
}

void ImplicitSessions::Open(const std::string& model, int priority,
                            std::shared_ptr<Admission::Ticket> held) {
  manager::SessionSpec spec;
  spec.model = model;
  spec.kind = manager::SessionKind::kImplicit;
  spec.caller = caller_;
  spec.requirement.priority = priority;
  shared_.manager.OpenSession(
      std::move(spec), [self = shared_from_this(), model,
                        held = std::move(held)](const auto& view) { self->Opened(model, view); });
}

void ImplicitSessions::Replace(const std::string& model, const std::string& id) {
  {
    std::lock_guard lock(mutex_);
    const auto found = ids_.find(model);
    // Another request may have found out earlier.
    if (found == ids_.end() || found->second != id) return;
    ids_.erase(found);
  }
  IdFor(model);
}

void ImplicitSessions::Opened(const std::string& model,
                              const absl::StatusOr<manager::SessionView>& view) {
  if (!view.ok()) {
    if (!shared_.warned->First(caller_.uid)) return;
    base::LogWarning("no implicit session for process ", caller_.pid, " of user ", caller_.uid,
                     " (its requests run without one; said once per user): ",
                     base::FromAbsl(view.status().message()));
    return;
  }
  {
    std::lock_guard lock(mutex_);
    if (!ended_) {
      ids_[model] = view->id;
      return;
    }
  }
  Close(view->id);
}

void ImplicitSessions::End() {
  std::map<std::string, std::string> ids;
  {
    std::lock_guard lock(mutex_);
    ended_ = true;
    ids.swap(ids_);
  }
  for (const auto& [model, id] : ids) {
    if (!id.empty()) Close(id);
  }
}

void ImplicitSessions::Close(const std::string& id) {
  shared_.manager.CloseSession(id, caller_, [](const absl::Status&) {});
}

}  // namespace dynofa::serving
