// What else happens on the machine: other programs that set clocks, sleep, devices that go and come
// back.

#include <algorithm>
#include <utility>

#include "daemon/base/log.h"
#include "daemon/base/strings.h"
#include "daemon/hardware/other_actors.h"
#include "daemon/hardware/sensor_watch.h"
#include "daemon/manager/manager.h"

namespace dynofa::manager {
namespace {

std::string Joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

std::string NoteOf(const hardware::OtherActor& actor) {
  std::string left = actor.takes_governor ? "the governor" : "";
  if (actor.takes_limits) left += left.empty() ? "the limits" : " and the limits";
  return base::StrCat(actor.name, " is active: ",
                      left.empty() ? "it only lowers clocks, which is respected"
                                   : left + " of every cluster are left to it");
}

}  // namespace

void Manager::SetOtherActors(std::vector<std::string> names) {
  world_.runner.Post([self = std::weak_ptr(self_), names = std::move(names)] {
    auto manager = self.lock();
    if (!manager) return;
    Manager& me = **manager;
    me.actors_on_bus_ = names;
    me.TakeUpOtherActors();
  });
}

void Manager::TakeUpOtherActors() {
  std::vector<std::string> names = actors_on_bus_;
  names.insert(names.end(), last_reading_.other_actors.begin(), last_reading_.other_actors.end());
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  if (names == other_actors_) return;
  other_actors_ = std::move(names);
  base::LogInfo("other programs that set clocks: ",
                other_actors_.empty() ? "none" : Joined(other_actors_));
  applied_.clear();
  Decide();
}

std::vector<policies::ClusterSetting> Manager::SettingsForNow() const {
  std::vector<policies::ClusterSetting> settings = decision_.settings;
  keeper_.Keep(settings, world_.clock.Now());
  const auto drop = [&](const auto& which) { std::erase_if(settings, which); };
  if (const auto held = profiler_.setting()) {
    drop([&](const auto& setting) { return setting.cluster == held->cluster; });
    settings.push_back(*held);
  }
  // It is another transaction when it is back, so that it then gets its setting.
  drop([&](const auto& setting) { return clusters_.IsAway(setting.cluster); });
  LeaveContested(settings);
  return settings;
}

void Manager::LeaveContested(std::vector<policies::ClusterSetting>& settings) const {
  for (const std::string& name : other_actors_) {
    const hardware::OtherActor* actor = hardware::FindOtherActor(name);
    if (actor == nullptr) continue;
    for (policies::ClusterSetting& setting : settings) {
      if (actor->takes_governor) setting.governor.clear();
      // As they were found, or as they have been set since.
      if (actor->takes_limits) setting.min_khz = setting.max_khz = 0;
    }
  }
}

void Manager::SetAsleep(bool asleep, Done done) {
  world_.runner.Post([self = std::weak_ptr(self_), asleep, done = std::move(done)] {
    auto manager = self.lock();
    if (!manager) return done(absl::UnavailableError("the daemon is stopping"));
    Manager& me = **manager;
    if (me.asleep_ != asleep) {
      base::LogInfo(asleep ? "the machine goes to sleep: no clock is set"
                           : "the machine is awake: the clocks are set again");
      me.asleep_ = asleep;
      // What the kernel has kept is not written again by the board.
      me.applied_.clear();
      if (asleep) {
        me.PublishStatus();
      } else {
        me.Decide();
      }
    }
    if (me.applying_ == 0) return done(absl::OkStatus());
    me.quiet_waiters_.push_back(done);
  });
}

void Manager::NoteQuiet() {
  for (const Done& done : std::exchange(quiet_waiters_, {})) done(absl::OkStatus());
}

bool Manager::MustApplyAgain() const {
  return std::any_of(
      last_reading_.clusters.begin(), last_reading_.clusters.end(), [&](const auto& reading) {
        return reading.forgotten &&
               std::any_of(applied_.begin(), applied_.end(),
                           [&](const auto& setting) { return setting.cluster == reading.cluster; });
      });
}

std::vector<std::string> Manager::Notes() const {
  std::vector<std::string> notes = board_info_->notes;
  if (!lost_board_.empty()) notes.push_back(lost_board_);
  if (asleep_) notes.push_back("the machine is about to sleep: no clock is set");
  for (const std::string& name : other_actors_) {
    if (const auto* actor = hardware::FindOtherActor(name)) notes.push_back(NoteOf(*actor));
  }
  for (const policies::ClusterInfo& cluster : last_reading_.appeared) {
    notes.push_back(base::StrCat(cluster.id,
                                 ": its clock has appeared since the board was opened; ",
                                 "restart dynofad to use it"));
  }
  for (const hardware::ClusterReading& reading : last_reading_.clusters) {
    if (reading.limited_by == hardware::SensorWatch::kReason) {
      notes.push_back(base::StrCat(reading.cluster,
                                   ": its temperature is not known any more; it is ", "kept at ",
                                   reading.limit_khz / 1000, " MHz or below"));
    }
    if (reading.left_to_others.empty()) continue;
    notes.push_back(base::StrCat(reading.cluster, ": another program sets ",
                                 Joined(reading.left_to_others), ", which is left to it"));
  }
  return notes;
}

}  // namespace dynofa::manager
