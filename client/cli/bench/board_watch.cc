#include "client/cli/bench/board_watch.h"

#include <algorithm>
#include <utility>

namespace dynofa::cli::bench {
namespace {

constexpr double kPeriodS = 0.1;

}  // namespace

BoardWatch::BoardWatch(client::Client connection, const Stage& stage, Timeline timeline,
                       double warm_up_s, double length_s)
    : connection_(std::move(connection)),
      stage_(stage),
      timeline_(timeline),
      warm_up_s_(warm_up_s),
      length_s_(length_s) {
  record_.residency_s.resize(stage.clusters.size());
  thread_ = std::thread([this] { Run(); });
}

BoardWatch::~BoardWatch() {
  if (thread_.joinable()) Finish();
}

BoardRecord BoardWatch::Finish() {
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
  return std::move(record_);
}

void BoardWatch::Run() {
  double last_s = 0.0;
  std::unique_lock lock(mutex_);
  for (double next_s = 0.0;; next_s += kPeriodS) {
    if (changed_.wait_until(lock, timeline_.At(next_s), [this] { return stop_; })) return;
    lock.unlock();
    Look(std::exchange(last_s, timeline_.Now()));
    lock.lock();
  }
}

// What is seen stands for the time since the look before.
void BoardWatch::Look(double since_s) {
  const auto status = connection_.GetStatus();
  if (!status.ok()) {
    if (!record_.error) record_.error = status.error();
    return;
  }
  scenario::BoardSample sample{.end_s = timeline_.Now(), .power_w = status->board_power_w};
  const double counted_s =
      std::max(0.0, std::min(sample.end_s, length_s_) - std::max(since_s, warm_up_s_));
  for (std::size_t i = 0; i < stage_.clusters.size(); ++i) {
    const auto cluster =
        std::find_if(status->clusters.begin(), status->clusters.end(),
                     [&](const auto& shown) { return shown.id == stage_.clusters[i].id; });
    scenario::BoardSample::Cluster& seen = sample.clusters.emplace_back();
    if (cluster == status->clusters.end()) continue;
    seen = {.khz = cluster->frequency_khz,
            .foreign_load = cluster->foreign_load,
            .temperature_c = cluster->temperature_c,
            .available = cluster->available};
    if (counted_s <= 0.0) continue;
    record_.residency_s[i][seen.khz] += counted_s;
    const bool first = record_.samples.empty();
    if (!first && record_.samples.back().clusters[i].khz != seen.khz) ++record_.frequency_switches;
  }
  if (!first_decision_) first_decision_ = status->decision_number;
  record_.decisions = static_cast<std::int64_t>(status->decision_number - *first_decision_);
  record_.samples.push_back(std::move(sample));
}

}  // namespace dynofa::cli::bench
