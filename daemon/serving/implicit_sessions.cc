#include "daemon/serving/implicit_sessions.h"

#include <utility>

#include "daemon/base/log.h"

namespace dynofa::serving {

std::string ImplicitSessions::IdFor(const std::string& model) {
  {
    std::lock_guard lock(mutex_);
    if (ended_) return "";
    const auto [place, is_new] = ids_.try_emplace(model);
    if (!is_new) return place->second;
  }
  manager::SessionSpec spec;
  spec.model = model;
  spec.kind = manager::SessionKind::kImplicit;
  spec.caller = caller_;
  manager_.OpenSession(std::move(spec), [self = shared_from_this(), model](const auto& view) {
    self->Opened(model, view);
  });
  return "";
}

void ImplicitSessions::Opened(const std::string& model,
                              const absl::StatusOr<manager::SessionView>& view) {
  if (!view.ok()) {
    base::LogWarning("no implicit session for process ", caller_.pid, " of user ", caller_.uid,
                     " (its requests run without one): ", base::FromAbsl(view.status().message()));
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
  manager_.CloseSession(id, caller_, [](const absl::Status&) {});
}

}  // namespace dynofa::serving
