#include "daemon/manager/base_power.h"

#include <algorithm>

namespace dynofa::manager {
namespace {

/// Weight of the newest reading: what a profile says of single runs is not quite what they draw.
constexpr double kWeight = 0.2;

/// So long after a reading what ran during it has ended.
constexpr base::Duration kRunsEnd = std::chrono::seconds(1);

/// Over so long a reading can be an average, and so long a run matters to readings.
constexpr base::Duration kLongest = std::chrono::seconds(10);
constexpr base::Duration kRunsKept = kLongest + kRunsEnd;

/// The shortest average.
constexpr base::Duration kMoment = std::chrono::microseconds(1);

}  // namespace

void BasePower::Observe(const dispatch::Outcome& outcome) {
  if (!outcome.energy_mj || outcome.compute <= base::Duration::zero()) return;
  const base::TimePoint end = outcome.arrival + outcome.response;
  runs_.push_back({{end - outcome.compute, end}, *outcome.energy_mj / base::ToMs(outcome.compute)});
  while (runs_.front().span.end < end - kRunsKept) runs_.pop_front();
}

double BasePower::InferencesW(const Span& span) const {
  double joule = 0.0;
  for (const Run& run : runs_) {
    const base::Duration shared =
        std::min(run.span.end, span.end) - std::max(run.span.begin, span.begin);
    joule += run.watt * std::max(base::ToSeconds(shared), 0.0);
  }
  return joule / base::ToSeconds(span.end - span.begin);
}

void BasePower::Update(const hardware::BoardReading& reading, base::TimePoint asked) {
  while (!waiting_.empty() && waiting_.front().span.end + kRunsEnd <= asked) {
    Take(waiting_.front());
    waiting_.pop_front();
  }
  if (!(reading.board_power_w > 0.0)) return;
  const base::Duration over =
      std::clamp(base::FromSeconds(reading.board_power_over_s), kMoment, kLongest);
  Reading taken{{asked - over, asked}, reading.board_power_w};
  for (const hardware::ClusterReading& cluster : reading.clusters) {
    taken.watt -= cluster.static_power_w;
  }
  // The first one counts at once: a cap may be in force.
  if (!known_) Take(taken);
  waiting_.push_back(taken);
}

void BasePower::Take(const Reading& reading) {
  const double rest = reading.watt - InferencesW(reading.span);
  watt_ = known_ ? watt_ + kWeight * (rest - watt_) : rest;
  known_ = true;
}

double BasePower::watt() const { return std::max(watt_, 0.0); }

}  // namespace dynofa::manager
