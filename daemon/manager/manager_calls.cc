// The manager as its edges call it: each call becomes a task on the manager's sequence.

#include <utility>

#include "daemon/base/log.h"
#include "daemon/base/strings.h"
#include "daemon/manager/manager.h"

namespace dynofa::manager {

void Manager::OpenSession(SessionSpec spec, SessionDone done) {
  world_.runner.Post([self = std::weak_ptr(self_), spec = std::move(spec), done] {
    auto manager = self.lock();
    if (!manager) return done(absl::UnavailableError("the daemon is stopping"));
    Manager& me = **manager;
    if (!me.HasModel(spec.model)) {
      std::string names;
      for (const HostedModel& model : me.world_.models) {
        names += (names.empty() ? "" : ", ") + model.info.name;
      }
      return done(absl::NotFoundError(
          base::StrCat("there is no model '", spec.model.substr(0, 64), "'; hosted: ", names)));
    }
    const auto id = me.sessions_.Open(spec, me.world_.clock.Now());
    if (!id.ok()) return done(id.status());
    // Without sessions the last reading may be old.
    if (me.sessions_.size() == 1) me.ReadBoard();
    me.TickWithin(me.TickPeriod());
    me.DecideThen([&me, id = *id, done] { me.Answer(absl::OkStatus(), id, done); });
  });
}

void Manager::UpdateSession(std::string id, Caller caller, policies::Requirement requirement,
                            SessionDone done) {
  world_.runner.Post([self = std::weak_ptr(self_), id = std::move(id), caller, requirement, done] {
    auto manager = self.lock();
    if (!manager) return done(absl::UnavailableError("the daemon is stopping"));
    Manager& me = **manager;
    const absl::Status status = me.sessions_.Update(id, caller, requirement);
    if (!status.ok()) return done(status);
    me.DecideThen([&me, id, done] { me.Answer(absl::OkStatus(), id, done); });
  });
}

void Manager::RenewSession(std::string id, Caller caller, base::Duration time_to_live,
                           SessionDone done) {
  world_.runner.Post([self = std::weak_ptr(self_), id = std::move(id), caller, time_to_live, done] {
    auto manager = self.lock();
    if (!manager) return done(absl::UnavailableError("the daemon is stopping"));
    Manager& me = **manager;
    me.Answer(me.sessions_.Renew(id, caller, time_to_live, me.world_.clock.Now()), id, done);
  });
}

void Manager::CloseSession(std::string id, Caller caller, Done done) {
  world_.runner.Post([self = std::weak_ptr(self_), id = std::move(id), caller, done] {
    auto manager = self.lock();
    if (!manager) return done(absl::UnavailableError("the daemon is stopping"));
    const absl::Status status = (*manager)->sessions_.Close(id, caller);
    if (!status.ok()) return done(status);
    (*manager)->DecideThen([done] { done(absl::OkStatus()); });
  });
}

void Manager::SetPowerMode(std::string name, Done done) {
  world_.runner.Post([self = std::weak_ptr(self_), name = std::move(name), done] {
    auto manager = self.lock();
    if (!manager) return done(absl::UnavailableError("the daemon is stopping"));
    Manager& me = **manager;
    if (me.FindMode(name) == nullptr) {
      return done(absl::NotFoundError(base::StrCat("there is no power mode '", name.substr(0, 64),
                                                   "'; there are: ", me.ModeNames())));
    }
    base::LogInfo("power mode ", me.mode_, " -> ", name);
    me.mode_ = name;
    if (me.points_ != nullptr) me.AdoptCosts();
    me.DecideThen([done] { done(absl::OkStatus()); });
  });
}

void Manager::StartProfile(ProfileRequest request, Done done) {
  world_.runner.Post([self = std::weak_ptr(self_), request = std::move(request), done] {
    auto manager = self.lock();
    if (!manager) return done(absl::UnavailableError("the daemon is stopping"));
    Manager& me = **manager;
    if (me.points_ == nullptr) return done(absl::UnavailableError("there is no board yet"));
    const absl::Status begun =
        me.profiler_.Start(request, me.clusters_.States(me.world_.clock.Now()), *me.points_);
    me.TickWithin(me.TickPeriod());
    me.PublishStatus();
    done(begun);
  });
}

void Manager::CancelProfile(Done done) {
  world_.runner.Post([self = std::weak_ptr(self_), done] {
    auto manager = self.lock();
    if (!manager) return done(absl::UnavailableError("the daemon is stopping"));
    done((*manager)->profiler_.Cancel());
  });
}

std::uint64_t Manager::Watch(Watcher watcher) {
  const std::uint64_t number = ++watches_;
  world_.runner.Post([self = std::weak_ptr(self_), number, watcher = std::move(watcher)] {
    if (auto manager = self.lock()) {
      (*manager)->watchers_.emplace(number, watcher);
      watcher((*manager)->status());
    }
  });
  return number;
}

void Manager::Unwatch(std::uint64_t watch) {
  world_.runner.Post([self = std::weak_ptr(self_), watch] {
    if (auto manager = self.lock()) (*manager)->watchers_.erase(watch);
  });
}

}  // namespace dynofa::manager
