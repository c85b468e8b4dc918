// What the manager shows of itself, and to whom it says that there is something to see.

#include <algorithm>
#include <utility>

#include "daemon/manager/manager.h"

namespace dynofa::manager {
namespace {

/// Is there more to it than other readings, observations and predictions?
bool HasNews(const StatusView& before, const StatusView& after) {
  return before.decision_number != after.decision_number || before.power_mode != after.power_mode ||
         before.board != after.board || before.other_actors != after.other_actors ||
         !std::equal(before.sessions.begin(), before.sessions.end(), after.sessions.begin(),
                     after.sessions.end(),
                     [](const auto& a, const auto& b) { return a.id == b.id; });
}

}  // namespace

bool Manager::RunsOn(const std::string& cluster) const {
  return world_.measure == nullptr || !world_.measure->ThreadCounts(cluster).empty();
}

std::shared_ptr<const StatusView> Manager::MakeStatus() const {
  auto view = std::make_shared<StatusView>();
  view->version = options_.version;
  view->board = board_info_->name;
  view->board_info = board_info_;
  view->emulated_board = emulated_board_;
  view->uptime_s = base::ToSeconds(world_.clock.Now() - started_);
  view->power_mode = mode_;
  view->power_modes = modes_;
  view->policy = std::string(world_.policy->name());
  for (const HostedModel& model : world_.models) {
    ModelView shown{model.info.name, model.backend, {}, nullptr};
    const auto profile = profiler_.profiles().find(model.info.name);
    if (profile != profiler_.profiles().end()) shown.profile = profile->second;
    for (const engine::SubnetInfo& subnet : model.info.catalogue) {
      shown.subnets.push_back(subnet.id);
    }
    view->models.push_back(std::move(shown));
  }
  view->clusters = clusters_.Views(world_.clock.Now());
  for (ClusterView& cluster : view->clusters) cluster.runs = RunsOn(cluster.state.info.id);
  view->zones = last_reading_.zones;
  view->rails = last_reading_.rails;
  view->board_power_w = last_reading_.board_power_w;
  view->memory_khz = last_reading_.memory_khz;
  view->cpu_pressure = last_reading_.cpu_pressure;
  for (const SessionView& session : sessions_.Views()) view->sessions.push_back(ViewOf(session.id));
  view->decision = decision_;
  view->decision_number = decision_number_;
  view->profiling = profiler_.progress();
  view->other_actors = other_actors_;
  view->notes = Notes();
  return view;
}

void Manager::PublishStatus() {
  const auto status = MakeStatus();
  const bool news = HasNews(*published_.Load(), *status);
  published_.Store(status);
  if (!news) return;
  const auto watchers = watchers_;
  for (const auto& [number, watcher] : watchers) watcher(status);
}

SessionView Manager::ViewOf(const std::string& id) const {
  SessionView view = *sessions_.Find(id);
  if (const policies::Assignment* assignment = decision_.Find(id)) view.assignment = *assignment;
  return view;
}

}  // namespace dynofa::manager
