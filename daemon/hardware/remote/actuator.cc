#include "daemon/hardware/remote/actuator.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <numeric>
#include <utility>

#include "daemon/base/strings.h"

namespace dynofa::hardware::remote {

// A thread that runs one part after another, and its caller, who waits only so long.
class Actuator::Worker {
 public:
  Worker(const std::string& name, base::Duration patience)
      : patience_(patience), runner_(base::ThreadTaskRunner::Create(name)) {}

  // The result of `part`, or nullopt if it has not returned in time. It then runs on, and
  // Stuck() is true until it has. `part` must own what it uses.
  template <typename T>
  std::optional<T> Call(std::function<T()> part) {
    auto result = std::make_shared<std::optional<T>>();
    {
      std::lock_guard lock(mutex_);
      ++outstanding_;
    }
    runner_->Post([this, part = std::move(part), result] {
      T value = part();
      std::lock_guard lock(mutex_);
      *result = std::move(value);
      --outstanding_;
      finished_.notify_all();
    });
    std::unique_lock lock(mutex_);
    finished_.wait_for(lock, patience_, [&] { return result->has_value(); });
    return std::move(*result);
  }

  bool Stuck() {
    std::lock_guard lock(mutex_);
    return outstanding_ > 0;
  }

 private:
  const base::Duration patience_;
  std::mutex mutex_;
  std::condition_variable finished_;
  int outstanding_ = 0;
  std::unique_ptr<base::ThreadTaskRunner> runner_;
};

namespace {

absl::Status StuckStatus(const std::string& cluster) {
  return absl::UnavailableError(
      base::StrCat(cluster, ": stuck, a write to its knobs has not returned"));
}

absl::Status StuckRead() { return absl::UnavailableError("a read of the board has not returned"); }

}  // namespace

Actuator::Actuator(BoardDriver& driver, base::Duration stuck_after)
    : driver_(driver),
      stuck_after_(stuck_after),
      reader_(base::ThreadTaskRunner::Create("board-read")),
      sequence_(base::ThreadTaskRunner::Create("actuator")) {
  for (const policies::ClusterInfo& cluster : driver.info().clusters) {
    workers_[cluster.id] =
        std::make_unique<Worker>(base::StrCat("knobs-", cluster.id), stuck_after);
  }
}

Actuator::~Actuator() = default;

void Actuator::Apply(std::vector<policies::ClusterSetting> settings,
                     std::function<void(ApplyResult)> done) {
  Enqueue([this, settings = std::move(settings), done = std::move(done)] {
    ApplyResult result;
    result.outcomes.resize(settings.size());
    for (const std::size_t place : SafeOrder(settings)) {
      SettingOutcome& outcome = result.outcomes[place] = ApplyOne(settings[place]);
      if (outcome.effective.max_khz > 0) max_khz_[outcome.cluster] = outcome.effective.max_khz;
    }
    done(std::move(result));
  });
}

std::vector<std::size_t> Actuator::SafeOrder(
    const std::vector<policies::ClusterSetting>& settings) const {
  std::vector<std::size_t> order(settings.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_partition(order.begin(), order.end(), [&](std::size_t place) {
    const policies::ClusterSetting& setting = settings[place];
    const auto known = max_khz_.find(setting.cluster);
    // A cluster that was not set yet runs as fast as it was found; 0 goes back to that.
    const bool slower = known == max_khz_.end() || setting.max_khz <= known->second;
    return setting.max_khz > 0 && slower;
  });
  return order;
}

SettingOutcome Actuator::ApplyOne(const policies::ClusterSetting& setting) {
  SettingOutcome outcome;
  outcome.cluster = setting.cluster;
  outcome.requested = setting;
  const auto worker = workers_.find(setting.cluster);
  if (worker == workers_.end()) {
    outcome.status = absl::NotFoundError(base::StrCat("no cluster \"", setting.cluster, "\""));
    return outcome;
  }
  if (!worker->second->Stuck()) {
    auto applied = worker->second->Call<ApplyResult>(
        [&driver = driver_, setting] { return driver.Apply({setting}); });
    if (applied && applied->outcomes.size() == 1) return std::move(applied->outcomes[0]);
  }
  outcome.status = StuckStatus(setting.cluster);
  outcome.limited_by = "stuck";
  return outcome;
}

void Actuator::Enqueue(std::function<void()> call) {
  {
    std::lock_guard lock(mutex_);
    ++calls_;
  }
  sequence_->Post([this, call = std::move(call)] {
    AwaitRead();
    call();
    std::lock_guard lock(mutex_);
    --calls_;
  });
}

void Actuator::Read(std::vector<ClusterLoad> loads, ReadDone done) {
  {
    std::lock_guard lock(mutex_);
    if (calls_ == 0 && !reader_busy_) return BeginRead(std::move(loads), std::move(done));
  }
  Enqueue([this, loads = std::move(loads), done = std::move(done)] {
    {
      std::lock_guard lock(mutex_);
      if (!reader_busy_) return BeginRead(loads, done);
    }
    done(StuckRead());
  });
}

void Actuator::BeginRead(std::vector<ClusterLoad> loads, ReadDone done) {
  const base::SteadyClock clock;
  reading_ = std::make_shared<Reading>(Reading{std::move(done), clock.Now() + stuck_after_});
  reader_busy_ = true;
  reader_->Post([this, reading = reading_, loads = std::move(loads)] { RunRead(reading, loads); });
}

void Actuator::RunRead(const std::shared_ptr<Reading>& reading,
                       const std::vector<ClusterLoad>& loads) {
  if (!loads.empty()) driver_.ReportLoad(loads);
  absl::StatusOr<BoardReading> result = driver_.Read();
  {
    std::lock_guard lock(mutex_);
    reader_busy_ = false;
    if (reading_ != reading) return;
    reading_.reset();
  }
  read_ended_.notify_one();
  reading->done(std::move(result));
}

void Actuator::AwaitRead() {
  std::unique_lock lock(mutex_);
  if (reading_ == nullptr) return;
  // A copy: the wait looks at it again after the reading is gone.
  const base::TimePoint deadline = reading_->deadline;
  // No other one begins before this thread is through.
  const bool ended = read_ended_.wait_until(lock, deadline, [&] { return reading_ == nullptr; });
  if (ended) return;
  const std::shared_ptr<Reading> hanging = std::exchange(reading_, nullptr);
  lock.unlock();
  hanging->done(StuckRead());
}

void Actuator::Release(std::function<void(absl::Status)> done) {
  Enqueue([this, done = std::move(done)] { done(ReleaseAll()); });
}

absl::Status Actuator::ReleaseAll() {
  absl::Status first;
  max_khz_.clear();
  for (const auto& [cluster, worker] : workers_) {
    const auto released = worker->Call<absl::Status>(
        [&driver = driver_, id = cluster] { return driver.ReleaseCluster(id); });
    first.Update(released ? *released : StuckStatus(cluster));
  }
  return first;
}

bool Actuator::Hangs() {
  for (const auto& [cluster, worker] : workers_) {
    if (worker->Stuck()) return true;
  }
  std::lock_guard lock(mutex_);
  return reader_busy_;
}

void Actuator::ReportLoad(std::vector<ClusterLoad> loads) {
  std::lock_guard lock(loads_mutex_);
  const bool waiting = loads_.has_value();
  loads_ = std::move(loads);
  if (waiting) return;
  Enqueue([this] {
    std::vector<ClusterLoad> latest;
    {
      std::lock_guard take(loads_mutex_);
      latest = *std::exchange(loads_, std::nullopt);
    }
    driver_.ReportLoad(latest);
  });
}

}  // namespace dynofa::hardware::remote
