#include "daemon/scenario/rules/arrival_process.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace dynofa::scenario {

double MeanRateHz(const Arrivals& arrivals) {
  if (arrivals.kind != Arrivals::Kind::kBursts) return arrivals.rate_hz;
  const double share = arrivals.burst_length_s / arrivals.burst_every_s;
  return arrivals.rate_hz * (1.0 - share) + arrivals.burst_rate_hz * share;
}

Random ArrivalRandom(std::uint64_t seed, std::size_t client) {
  constexpr std::uint64_t kFirstStream = 1000;
  return Random(seed, kFirstStream + client);
}

ArrivalProcess::ArrivalProcess(Arrivals arrivals, Random random)
    : arrivals_(std::move(arrivals)), random_(random) {}

void ArrivalProcess::SetRate(double rate_hz, double now_s) {
  // A Poisson process has no memory; a periodic one goes on from its last beat before now. What was
  // given for later does not happen.
  if (arrivals_.kind == Arrivals::Kind::kPoisson) last_s_ = now_s;
  if (last_s_ > now_s) last_s_ -= 1.0 / arrivals_.rate_hz;
  arrivals_.rate_hz = rate_hz;
  if (arrivals_.kind == Arrivals::Kind::kPeriodic) {
    last_s_ = std::max(last_s_, now_s - 1.0 / rate_hz);
  }
  given_s_ = now_s;
}

std::optional<double> ArrivalProcess::Next() {
  double next = 0.0;
  switch (arrivals_.kind) {
    case Arrivals::Kind::kPeriodic:
      next = NextPeriodic();
      break;
    case Arrivals::Kind::kPoisson:
      next = last_s_ += random_.Exponential() / arrivals_.rate_hz;
      break;
    case Arrivals::Kind::kBursts:
      next = NextBurst();
      break;
    case Arrivals::Kind::kRecorded: {
      const std::optional<double> recorded = NextRecorded();
      if (!recorded) return std::nullopt;
      next = *recorded;
      break;
    }
  }
  given_s_ = std::max(given_s_, next);
  return given_s_;
}

double ArrivalProcess::NextPeriodic() {
  last_s_ += first_ ? 0.0 : 1.0 / arrivals_.rate_hz;
  first_ = false;
  const double jitter = arrivals_.jitter_ms * 1e-3;
  return last_s_ + (jitter > 0.0 ? jitter * (2.0 * random_.Uniform() - 1.0) : 0.0);
}

// Thinning (Lewis and Shedler 1979): candidates at the highest rate, kept in proportion.
double ArrivalProcess::NextBurst() {
  const double highest = std::max(arrivals_.rate_hz, arrivals_.burst_rate_hz);
  for (;;) {
    last_s_ += random_.Exponential() / highest;
    const bool burst = std::fmod(last_s_, arrivals_.burst_every_s) < arrivals_.burst_length_s;
    const double rate = burst ? arrivals_.burst_rate_hz : arrivals_.rate_hz;
    if (random_.Uniform() * highest < rate) return last_s_;
  }
}

std::optional<double> ArrivalProcess::NextRecorded() {
  const std::vector<double>& times = arrivals_.times_s;
  const std::size_t round = played_ / times.size();
  if (round > 0 && arrivals_.repeat_s <= 0.0) return std::nullopt;
  const double time = times[played_ % times.size()];
  ++played_;
  return static_cast<double>(round) * arrivals_.repeat_s + time;
}

}  // namespace dynofa::scenario
