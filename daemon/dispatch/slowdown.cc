#include "daemon/dispatch/slowdown.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace dynofa::dispatch {
namespace {

/// Measured over expected time within the bounds; nullopt if that says nothing.
std::optional<double> RatioOf(double expected_ms, double measured_ms) {
  if (!(expected_ms > 0.0) || !std::isfinite(measured_ms)) return std::nullopt;
  return std::clamp(measured_ms / expected_ms, Slowdown::kMinRatio, Slowdown::kMaxRatio);
}

/// For a bias, a run stands for the time since the one before, up to so long.
constexpr double kMostPerRunS = 0.2;
/// After so much time of work half of what it showed is believed.
constexpr double kHalfBelievedS = 1.0;
/// A bias is the mean over no more than that.
constexpr double kLongestS = 300.0;
/// So long after a run the cluster is in use; then a bias is forgotten to 1 / e in so long.
constexpr double kInUseS = 10.0;
constexpr double kForgottenS = 300.0;

}  // namespace

void Slowdown::Observe(double expected_ms, double measured_ms) {
  const auto ratio = RatioOf(expected_ms, measured_ms);
  if (!ratio) return;
  const double off = *ratio / value_ - 1.0;
  if (off > kSurprise) {
    run_of_surprises_ = std::max(run_of_surprises_, 0) + 1;
  } else if (off < -kSurprise) {
    run_of_surprises_ = std::min(run_of_surprises_, 0) - 1;
  } else {
    run_of_surprises_ = 0;
  }
  const bool step = std::abs(run_of_surprises_) >= 2;
  value_ += (step ? kSurpriseWeight : kWeight) * (*ratio - value_);
}

double ProfileBias::Left(base::TimePoint now) const {
  const double idle_s = std::max(0.0, base::ToSeconds(now - last_run_) - kInUseS);
  return std::exp(-idle_s / kForgottenS);
}

double ProfileBias::At(base::TimePoint now) const {
  return known_s_ > 0.0 ? 1.0 + (value_ - 1.0) * Left(now) : 1.0;
}

void ProfileBias::Observe(double beyond, base::TimePoint now) {
  const bool first = known_s_ == 0.0;
  const double worked_s =
      first ? kMostPerRunS : std::clamp(base::ToSeconds(now - last_run_), 0.0, kMostPerRunS);
  value_ = At(now);
  known_s_ = std::min(known_s_ * Left(now) + worked_s, kLongestS);
  value_ += worked_s / (known_s_ + kHalfBelievedS) * (beyond - value_);
  last_run_ = now;
}

void SlowdownResiduals::Observe(std::string_view key, double expected_ms, double measured_ms,
                                double cluster_slowdown) {
  const auto ratio = RatioOf(expected_ms, measured_ms);
  if (!ratio || !(cluster_slowdown > 0.0)) return;
  auto found = residuals_.find(key);
  if (found == residuals_.end()) {
    if (residuals_.size() >= kMaxSubnets) return;
    found = residuals_.try_emplace(std::string(key)).first;
  }
  Residual& residual = found->second;
  const double off = std::clamp(*ratio / cluster_slowdown, kLeast, kMost) - residual.factor;
  residual.factor += kWeight * off;
  residual.variance += kWeight * (off * off - residual.variance);
}

double SlowdownResiduals::Residual::Believed() const {
  const double distance = factor - 1.0;
  const double square = distance * distance;
  return square > 0.0 ? 1.0 + distance * square / (square + variance) : 1.0;
}

const SlowdownResiduals::Residual* SlowdownResiduals::Find(std::string_view key) const {
  const auto found = residuals_.find(key);
  return found == residuals_.end() ? nullptr : &found->second;
}

double SlowdownResiduals::Of(std::string_view key) const {
  const Residual* residual = Find(key);
  return residual == nullptr ? 1.0 : residual->Believed();
}

}  // namespace dynofa::dispatch
