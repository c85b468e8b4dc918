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
