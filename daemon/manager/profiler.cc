#include "daemon/manager/profiler.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "daemon/base/log.h"
#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/engine/profiled_cost_model.h"
#include "policies/threads.h"

namespace dynofa::manager {
namespace {

/// As engine::ProfileKey wants its parts.
std::string Plain(std::string text) {
  constexpr std::size_t kMaxPart = 1024;
  text.resize(std::min(text.size(), kMaxPart));
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return text;
}

engine::ProfileKey KeyOf(const HostedModel& model, const hardware::BoardInfo& board) {
  return {.weights = Plain(model.info.weights_digest),
          .backend = Plain(model.backend),
          .build = Plain(model.build),
          .board = Plain(board.name),
          .emulated_board = Plain(board.emulated_model)};
}

}  // namespace

Profiler::Profiler(const base::Clock& clock, base::TaskRunner& runner, MeasureApi* measure,
                   ProfileStorage* storage, std::vector<HostedModel> models,
                   std::shared_ptr<const engine::CostModel> prior, Hooks hooks)
    : runner_(runner),
      measure_(measure),
      storage_(storage),
      models_(std::move(models)),
      prior_(std::move(prior)),
      hooks_(std::move(hooks)),
      costs_(prior_),
      self_(std::make_shared<Profiler*>(this)) {
  for (const HostedModel& model : models_) infos_.push_back(model.info);
  if (measure_ != nullptr) {
    ProfileHost& host = *this;
    job_ = std::make_unique<ProfileJob>(clock, runner, *measure_, host);
  }
}

void Profiler::OnBoard(const hardware::BoardInfo& board) {
  if (job_) job_->Fail("another board took its place");
  for (const HostedModel& model : models_) {
    const engine::ProfileKey key = KeyOf(model, board);
    // A board that comes back keeps what is known of it.
    const auto known = keys_.find(model.info.name);
    if (known != keys_.end() && known->second == key) continue;
    keys_[model.info.name] = key;
    profiles_.erase(model.info.name);
    if (storage_ != nullptr) Fetch(model.info.name, key);
  }
  costs_ = std::make_shared<engine::ProfiledCostModel>(prior_, profiles_);
}

void Profiler::OnBoardLost(const std::string& why) {
  if (job_) job_->Fail(why);
}

void Profiler::Fetch(const std::string& model, const engine::ProfileKey& key) {
  fetching_.insert(model);
  storage_->Load(
      key, [self = std::weak_ptr(self_), model, key](absl::StatusOr<engine::Profile> profile) {
        const auto profiler = self.lock();
        // Meanwhile another board may have come, with another key.
        if (profiler && (*profiler)->keys_[model] == key) {
          (*profiler)->OnFetched(model, std::move(profile));
        }
      });
}

void Profiler::OnFetched(const std::string& model, absl::StatusOr<engine::Profile> profile) {
  fetching_.erase(model);
  if (profile.ok()) {
    base::LogInfo("model ", model, ": profile with ", profile->entries.size(), " points");
    profiles_[model] = std::make_shared<const engine::Profile>(*std::move(profile));
    PutInForce();
    PrepareThreads(model);
  } else if (profile.status().code() != absl::StatusCode::kNotFound) {
    base::LogError("model ", model, ": ", base::FromAbsl(profile.status().message()));
  }
}

void Profiler::PutInForce() {
  costs_ = std::make_shared<engine::ProfiledCostModel>(prior_, profiles_);
  hooks_.on_costs();
}

void Profiler::PrepareThreads(const std::string& model) {
  if (measure_ == nullptr) return;
  std::set<std::pair<std::string, int>> ways;
  std::vector<MeasureOrder> orders;
  const auto& entries = profiles_[model]->entries;
  for (const auto& [point, entry] : entries) {
    engine::ProfilePoint with_one = point;
    with_one.threads = 1;
    const auto one = entries.find(with_one);
    // Others are never picked, and may take very long.
    const bool faster =
        one != entries.end() &&
        entry.latency_ms.median < policies::kThreadGain * one->second.latency_ms.median;
    if (!faster || !ways.emplace(point.cluster, point.threads).second) continue;
    orders.push_back({.cluster = point.cluster,
                      .model = model,
                      .subnet = point.subnet,
                      .threads = point.threads});
  }
  PrepareNext(std::make_shared<std::vector<MeasureOrder>>(std::move(orders)));
}

void Profiler::PrepareNext(const std::shared_ptr<std::vector<MeasureOrder>>& left) {
  if (left->empty() || (job_ && job_->active())) return;
  const MeasureOrder order = left->back();
  left->pop_back();
  measure_->Measure(order, [self = std::weak_ptr(self_), &runner = runner_, left](const auto&) {
    runner.Post([self, left] {
      if (const auto profiler = self.lock()) (*profiler)->PrepareNext(left);
    });
  });
}

absl::Status Profiler::Start(const ProfileRequest& request,
                             const std::vector<policies::ClusterState>& clusters,
                             const std::vector<policies::OperatingPoint>& points) {
  if (job_ == nullptr || storage_ == nullptr) {
    return absl::UnimplementedError("this daemon cannot measure profiles");
  }
  if (job_->active()) {
    return absl::FailedPreconditionError(
        "a profile is being measured already; watch it with --status, or --cancel it");
  }
  if (!fetching_.empty()) {
    return absl::UnavailableError("the profiles are still being read; try again");
  }
  DYNOFA_ASSIGN_OR_RETURN(ProfilePlan plan,
                          MakeProfilePlan(request, {.models = infos_,
                                                    .clusters = clusters,
                                                    .thread_counts =
                                                        [this](const std::string& cluster) {
                                                          return measure_->ThreadCounts(cluster);
                                                        },
                                                    .points = points,
                                                    .profiles = profiles_}));
  std::set<std::string> needed;
  for (const ProfileBatch& batch : plan.batches) needed.insert(batch.cluster);
  for (const std::string& cluster : needed) {
    const absl::Status spare = request.force ? absl::OkStatus() : hooks_.can_spare(cluster);
    if (spare.ok()) continue;
    return absl::FailedPreconditionError(base::StrCat(
        spare.message(), "; close it, or measure all the same with --force and leave it waiting"));
  }
  job_->Start(std::move(plan), request.force);
  return absl::OkStatus();
}

absl::Status Profiler::Cancel() {
  if (job_ == nullptr || !job_->active()) {
    return absl::FailedPreconditionError("no profile is being measured");
  }
  job_->Cancel();
  return absl::OkStatus();
}

void Profiler::Keep(const std::string& model,
                    const std::map<engine::ProfilePoint, engine::ProfileEntry>& entries) {
  const auto before = profiles_.find(model);
  auto profile = before == profiles_.end() ? std::make_shared<engine::Profile>()
                                           : std::make_shared<engine::Profile>(*before->second);
  profile->key = keys_[model];
  profile->model = Plain(model);
  for (const auto& [point, entry] : entries) profile->entries[point] = entry;
  profile->gaps.clear();
  for (engine::ProfileGap gap : job_->progress().gaps) {
    gap.reason = Plain(std::move(gap.reason));
    profile->gaps.push_back(std::move(gap));
  }
  profiles_[model] = std::move(profile);
  Save(model);
  PutInForce();
}

void Profiler::Save(const std::string& model) {
  if (saving_.contains(model)) {
    changed_.insert(model);
    return;
  }
  saving_.insert(model);
  storage_->Save(profiles_[model], [self = std::weak_ptr(self_), model](const absl::Status& done) {
    const auto profiler = self.lock();
    if (!profiler) return;
    Profiler& me = **profiler;
    me.saving_.erase(model);
    const std::string trouble(base::FromAbsl(done.message()));
    if (!trouble.empty() && trouble != me.save_trouble_) {
      base::LogError("the profile of ", model, " cannot be saved: ", trouble);
    }
    me.save_trouble_ = trouble;
    if (me.changed_.erase(model) > 0) me.Save(model);
  });
}

void Profiler::OnApplied(const absl::StatusOr<hardware::ApplyResult>& result) {
  if (job_) job_->OnApplied(result);
}

void Profiler::OnReading(const hardware::BoardReading& reading) {
  if (job_) job_->OnReading(reading);
}

void Profiler::OnDemand() {
  if (job_) job_->OnDemand();
}

void Profiler::OnTick() {
  if (job_) job_->OnTick();
}

ProfileProgress Profiler::progress() const {
  ProfileProgress progress = job_ ? job_->progress() : ProfileProgress{};
  if (!save_trouble_.empty() && progress.message.empty()) {
    progress.message = "it cannot be saved: " + save_trouble_;
  }
  return progress;
}

}  // namespace dynofa::manager
