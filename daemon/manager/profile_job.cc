#include "daemon/manager/profile_job.h"

#include <algorithm>
#include <utility>

#include "daemon/base/log.h"
#include "daemon/base/strings.h"

namespace dynofa::manager {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Within which the board answers to a setting, unless a knob is stuck.
constexpr base::Duration kSettingPatience = seconds(10);
/// How long heat, or another program, may hold the clock down before the batch is passed over.
constexpr base::Duration kCoolingPatience = seconds(60);
constexpr int kMaxAttempts = 3;
/// One cell's turn ends after this time; very slow runs still get one run a turn.
constexpr base::Duration kLongestTurn = seconds(1);
/// The first turn also brings code, weights and helper threads in place.
constexpr int kFirstWarmUps = 2;
/// A number of threads that is so many times slower than a smaller one gets no second turn.
constexpr double kHopeless = 3.0;
/// How long a cluster idles, or works, before and while its power is read: sensors average.
constexpr base::Duration kPowerSettle = milliseconds(300);
constexpr base::Duration kPowerRuns = milliseconds(450);
constexpr int kManyRuns = 1'000'000;

const hardware::ClusterReading* Find(const hardware::BoardReading& reading,
                                     const std::string& cluster) {
  for (const hardware::ClusterReading& one : reading.clusters) {
    if (one.cluster == cluster) return &one;
  }
  return nullptr;
}

double WeightOf(const ProfileBatch& batch) {
  double weight = 0.0;
  for (const ProfileCell& cell : batch.cells) weight += cell.expected_ms;
  return weight;
}

}  // namespace

ProfileJob::ProfileJob(const base::Clock& clock, base::TaskRunner& runner, MeasureApi& measure,
                       ProfileHost& host)
    : clock_(clock),
      runner_(runner),
      measure_(measure),
      host_(host),
      self_(std::make_shared<ProfileJob*>(this)) {}

ProfileJob::~ProfileJob() {
  if (stage_ == Stage::kRunning) measure_.StopMeasuring(taken_);
}

void ProfileJob::Start(ProfilePlan plan, bool force) {
  if (active()) Cancel();
  plan_ = std::move(plan);
  force_ = force;
  batch_ = 0;
  attempts_ = 0;
  progress_ = {.state = ProfileState::kRunning, .total = plan_.total, .known = plan_.known};
  progress_.gaps = plan_.gaps;
  started_ = clock_.Now();
  running_ = {};
  weight_done_ = 0.0;
  weight_total_ = 0.0;
  for (const ProfileBatch& batch : plan_.batches) weight_total_ += WeightOf(batch);
  base::LogInfo("profile: ", plan_.total - plan_.known, " of ", plan_.total,
                " points are to be measured");
  stage_ = Stage::kWaiting;
  NextBatch();
}

void ProfileJob::End(ProfileState state, const std::string& why) {
  if (!active()) return;
  GiveUpRuns();
  stage_ = Stage::kIdle;
  taken_.clear();
  progress_.state = state;
  progress_.message = why;
  progress_.elapsed_s = base::ToSeconds(clock_.Now() - started_);
  base::LogInfo("profile: ", ProfileStateName(state), why.empty() ? "" : ": ", why, "; ",
                progress_.measured, " points measured, ", progress_.skipped, " passed over");
  host_.Replan();
}

void ProfileJob::NextBatch() {
  if (batch_ == plan_.batches.size()) return End(ProfileState::kFinished, "");
  Take();
}

void ProfileJob::Take() {
  if (const absl::Status spare = force_ ? absl::OkStatus() : host_.CanSpare(batch().cluster);
      !spare.ok()) {
    stage_ = Stage::kWaiting;
    progress_.state = ProfileState::kWaiting;
    progress_.message = std::string(base::FromAbsl(spare.message()));
    if (!std::exchange(taken_, "").empty()) host_.Replan();
    return;
  }
  progress_.state = ProfileState::kRunning;
  progress_.message.clear();
  const bool newly = taken_ != batch().cluster;
  taken_ = batch().cluster;
  if (batch().sets_clock) {
    stage_ = Stage::kSetting;
    deadline_ = clock_.Now() + kSettingPatience;
    host_.Replan();
    return;
  }
  if (newly) host_.Replan();
  BeginRuns();
}

std::optional<policies::ClusterSetting> ProfileJob::setting() const {
  if (taken_.empty() || !batch().sets_clock) return std::nullopt;
  return policies::ClusterSetting{
      .cluster = taken_, .min_khz = batch().frequency_khz, .max_khz = batch().frequency_khz};
}

void ProfileJob::OnApplied(const absl::StatusOr<hardware::ApplyResult>& result) {
  if (stage_ != Stage::kSetting) return;
  if (!result.ok()) {
    return Fail(base::StrCat("the board takes no settings: ", result.status().message()));
  }
  const std::int64_t khz = batch().frequency_khz;
  for (const hardware::SettingOutcome& outcome : result->outcomes) {
    // An answer to what was asked before names another frequency.
    if (outcome.cluster != taken_ || outcome.requested.max_khz != khz) continue;
    const std::string refusal = Refusal(outcome, khz);
    return refusal.empty() ? BeginRuns() : SkipClock(refusal);
  }
}

void ProfileJob::BeginRuns() {
  stage_ = Stage::kRunning;
  ++epoch_;
  runs_began_ = clock_.Now();
  const std::size_t cells = batch().cells.size();
  seen_.assign(cells, CellResult{});
  steps_.clear();
  step_ = 0;
  idle_w_.reset();
  const bool power = host_.CanMeasurePower();
  if (power) steps_.push_back({.kind = Step::Kind::kIdlePower});
  for (int round = 0; round < kRounds; ++round) {
    for (std::size_t i = 0; i < cells; ++i) {
      steps_.push_back({.cell = (i + static_cast<std::size_t>(round)) % cells, .round = round});
    }
  }
  for (std::size_t i = 0; power && i < cells; ++i) {
    steps_.push_back({.kind = Step::Kind::kPower, .cell = i});
  }
  NextStep();
}

void ProfileJob::NextStep() {
  while (step_ < steps_.size() && IsOver(steps_[step_])) ++step_;
  if (step_ == steps_.size()) return BatchDone();
  const Step& step = steps_[step_];
  switch (step.kind) {
    case Step::Kind::kIdlePower:
      SetBusy(false);
      return After(kPowerSettle, [this] {
        host_.ReadPower([this, next = InThisBatch([this] {
                                 ++step_;
                                 NextStep();
                               }),
                         epoch = epoch_](std::optional<double> power_w) {
          if (epoch == epoch_) idle_w_ = power_w;
          next();
        });
      });
    case Step::Kind::kRuns:
      return RunStep(step);
    case Step::Kind::kPower:
      return PowerStep(step);
  }
}

bool ProfileJob::IsOver(const Step& step) const {
  if (step.kind == Step::Kind::kIdlePower) return false;
  if (!seen_[step.cell].failure.ok()) return true;
  if (step.round == 0 && step.kind == Step::Kind::kRuns) return false;
  // Beside busy neighbours threads that wait for each other can take a thousand times as long.
  const ProfileCell& cell = batch().cells[step.cell];
  const auto own = EntryOf(seen_[step.cell], std::nullopt);
  for (std::size_t i = 0; own && i < seen_.size(); ++i) {
    const ProfileCell& other = batch().cells[i];
    if (other.model != cell.model || other.subnet != cell.subnet) continue;
    const auto entry = EntryOf(seen_[i], std::nullopt);
    const bool fewer = other.threads < cell.threads;
    if (fewer && entry && own->latency_ms.median > kHopeless * entry->latency_ms.median)
      return true;
  }
  return false;
}

void ProfileJob::RunStep(const Step& step) {
  const ProfileCell& cell = batch().cells[step.cell];
  SetBusy(true);
  Order({.cluster = taken_,
         .model = cell.model,
         .subnet = cell.subnet,
         .threads = cell.threads,
         .frequency_khz = batch().frequency_khz,
         .warm_ups = step.round == 0 ? kFirstWarmUps : 1,
         .runs = kRunsPerRound,
         .longest = kLongestTurn},
        [this, index = step.cell](const auto& result) { OnRuns(index, result); });
}

void ProfileJob::OnRuns(std::size_t cell, const absl::StatusOr<Measurement>& result) {
  if (result.status().code() == absl::StatusCode::kResourceExhausted) {
    // The run of an order that was given up goes on: the next tick asks again.
    order_refused_ = true;
    return;
  }
  CellResult& seen = seen_[cell];
  if (result.ok()) {
    seen.Add(*result);
  } else {
    seen.failure = result.status();
  }
  ++step_;
  NextStep();
}

void ProfileJob::PowerStep(const Step& step) {
  const ProfileCell& cell = batch().cells[step.cell];
  SetBusy(true);
  awaited_ = 2;
  const auto part_done = [this] {
    if (--awaited_ > 0) return;
    ++step_;
    NextStep();
  };
  Order({.cluster = taken_,
         .model = cell.model,
         .subnet = cell.subnet,
         .threads = cell.threads,
         .frequency_khz = batch().frequency_khz,
         .runs = kManyRuns,
         .longest = kPowerRuns},
        [part_done](const auto&) { part_done(); });
  After(kPowerSettle, [this, part_done, index = step.cell] {
    host_.ReadPower([this, done = InThisBatch(part_done), index,
                     epoch = epoch_](std::optional<double> power_w) {
      if (epoch == epoch_ && power_w && host_.CanMeasurePower()) seen_[index].power_w = power_w;
      done();
    });
  });
}

void ProfileJob::Order(const MeasureOrder& order,
                       std::function<void(absl::StatusOr<Measurement>)> done) {
  measure_.Measure(order, [self = std::weak_ptr(self_), &runner = runner_, epoch = epoch_,
                           done = std::move(done)](absl::StatusOr<Measurement> result) {
    runner.Post([self, epoch, done, result = std::move(result)] {
      const auto job = self.lock();
      if (job && (*job)->epoch_ == epoch) done(result);
    });
  });
}

std::function<void()> ProfileJob::InThisBatch(std::function<void()> task) {
  return [self = std::weak_ptr(self_), epoch = epoch_, task = std::move(task)] {
    const auto job = self.lock();
    if (job && (*job)->epoch_ == epoch) task();
  };
}

void ProfileJob::After(base::Duration delay, std::function<void()> task) {
  runner_.PostDelayed(delay, InThisBatch(std::move(task)));
}

void ProfileJob::BatchDone() {
  GiveUpRuns();
  running_ += clock_.Now() - runs_began_;
  weight_done_ += WeightOf(batch());
  std::map<std::string, std::map<engine::ProfilePoint, engine::ProfileEntry>> by_model;
  int overrun = 0;
  for (std::size_t i = 0; i < seen_.size(); ++i) {
    const ProfileCell& cell = batch().cells[i];
    const auto entry = EntryOf(seen_[i], idle_w_);
    if (entry) {
      ++progress_.measured;
      by_model[cell.model][{cell.subnet, taken_, cell.threads, batch().frequency_khz}] = *entry;
      continue;
    }
    ++progress_.skipped;
    if (seen_[i].failure.ok()) {
      ++overrun;
    } else {
      AddGap(batch().frequency_khz,
             base::StrCat(cell.subnet, " failed: ", seen_[i].failure.message()));
    }
  }
  if (overrun > 0) {
    AddGap(batch().frequency_khz,
           base::StrCat(overrun, " of ", seen_.size(),
                        " subnets ran slower on this machine than on the emulated board; its model "
                        "stands for them"));
  }
  for (const auto& [model, entries] : by_model) host_.Keep(model, entries);
  ++batch_;
  attempts_ = 0;
  NextBatch();
}

void ProfileJob::GiveUpRuns() {
  ++epoch_;
  order_refused_ = false;
  if (stage_ == Stage::kRunning) measure_.StopMeasuring(taken_);
  SetBusy(false);
}

void ProfileJob::SkipClock(const std::string& reason) {
  GiveUpRuns();
  const std::int64_t khz = batch().frequency_khz;
  AddGap(khz, reason);
  while (batch_ < plan_.batches.size() && batch().cluster == taken_ &&
         batch().frequency_khz == khz) {
    progress_.skipped += static_cast<std::int64_t>(batch().cells.size());
    weight_total_ -= WeightOf(batch());
    ++batch_;
  }
  attempts_ = 0;
  NextBatch();
}

void ProfileJob::SkipCluster(const std::string& reason) {
  GiveUpRuns();
  AddGap(0, reason);
  while (batch_ < plan_.batches.size() && batch().cluster == taken_) {
    progress_.skipped += static_cast<std::int64_t>(batch().cells.size());
    weight_total_ -= WeightOf(batch());
    ++batch_;
  }
  attempts_ = 0;
  NextBatch();
}

void ProfileJob::AddGap(std::int64_t frequency_khz, const std::string& reason) {
  base::LogInfo("profile: ", taken_,
                frequency_khz > 0 ? base::StrCat(" at ", frequency_khz, " kHz") : "", ": ", reason);
  progress_.gaps.push_back({taken_, frequency_khz, reason});
}

void ProfileJob::SetBusy(bool busy) {
  if (busy_ == busy) return;
  busy_ = busy;
  host_.ReportBusy(taken_, busy);
}

void ProfileJob::OnReading(const hardware::BoardReading& reading) {
  if (!active() || taken_.empty()) return;
  const hardware::ClusterReading* cluster = Find(reading, taken_);
  if (cluster == nullptr) return;
  if (!cluster->available) return SkipCluster("it became unavailable");
  if (!batch().sets_clock) return;
  const std::string held = HeldBelow(*cluster, batch().frequency_khz);
  if (stage_ == Stage::kCooling && held.empty()) return Take();
  if (stage_ != Stage::kRunning || held.empty()) return;
  if (++attempts_ >= kMaxAttempts) return SkipClock(held);
  GiveUpRuns();
  stage_ = Stage::kCooling;
  deadline_ = clock_.Now() + kCoolingPatience;
  progress_.message = held;
}

void ProfileJob::OnDemand() {
  if (force_ || taken_.empty()) return;
  const absl::Status spare = host_.CanSpare(taken_);
  if (spare.ok()) return;
  GiveUpRuns();
  stage_ = Stage::kWaiting;
  taken_.clear();
  progress_.state = ProfileState::kWaiting;
  progress_.message = std::string(base::FromAbsl(spare.message()));
  base::LogInfo("profile: waits: ", progress_.message);
}

void ProfileJob::OnTick() {
  switch (stage_) {
    case Stage::kIdle:
      return;
    case Stage::kWaiting:
      return Take();
    case Stage::kSetting:
      if (clock_.Now() >= deadline_) SkipCluster("the board does not answer to a setting");
      return;
    case Stage::kCooling:
      if (clock_.Now() >= deadline_) SkipClock(progress_.message);
      return;
    case Stage::kRunning:
      if (std::exchange(order_refused_, false)) NextStep();
      return;
  }
}

double ProfileJob::WeightDone() const {
  if (stage_ != Stage::kRunning || steps_.empty()) return weight_done_;
  const double share = static_cast<double>(step_) / static_cast<double>(steps_.size());
  return weight_done_ + share * WeightOf(batch());
}

ProfileProgress ProfileJob::progress() const {
  ProfileProgress progress = progress_;
  if (!active()) return progress;
  progress.cluster = taken_;
  if (!taken_.empty()) progress.frequency_khz = batch().frequency_khz;
  progress.elapsed_s = base::ToSeconds(clock_.Now() - started_);
  base::Duration running = running_;
  if (stage_ == Stage::kRunning) running += clock_.Now() - runs_began_;
  const double done = WeightDone();
  if (done > 0.0) progress.left_s = base::ToSeconds(running) / done * (weight_total_ - done);
  return progress;
}

}  // namespace dynofa::manager
