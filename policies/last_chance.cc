#include "policies/last_chance.h"

#include <algorithm>

namespace dynofa::policies {
namespace {

/// Slow-down since the begin of a run that is looked out for.
constexpr double kMostSudden = 2.0;
/// Of less than this share of its time a run is not judged.
constexpr double kLeastShare = 1.0 / 8.0;
/// Factor by which the alternate may take longer than the run so far lets expect.
constexpr double kSpare = 1.08;
/// A run that would need more than this share of the slack counts as late.
constexpr double kInTime = 0.99;
/// Weight of what has run since the last look.
constexpr double kWeight = 0.5;

}  // namespace

double LastChance::LatestMs(double slower) const {
  return slack_ms - slower * kSpare * alternate_ms;
}

double LastChance::LookAfterMs() const {
  return std::max(LatestMs(kMostSudden), kLeastShare * expected_ms);
}

bool LastChanceWatch::GiveUp(double elapsed_ms, double share) {
  const double ran_ms = (share - share_) * chance_.expected_ms;
  if (!(ran_ms > 0.0) || !(elapsed_ms >= elapsed_ms_)) return false;
  const double lately = (elapsed_ms - elapsed_ms_) / ran_ms;
  slower_ = slower_ > 0.0 ? slower_ + kWeight * (lately - slower_) : lately;
  elapsed_ms_ = elapsed_ms;
  share_ = share;
  projected_ms_ = elapsed_ms + (1.0 - share) * slower_ * chance_.expected_ms;
  if (!foreseen_ms_) foreseen_ms_ = projected_ms_;
  const double slower = std::max(1.0, slower_);
  const double latest_ms = chance_.LatestMs(slower);
  return chance_.armed && projected_ms_ > kInTime * chance_.slack_ms && elapsed_ms <= latest_ms &&
         latest_ms < elapsed_ms + slower * chance_.PauseMs();
}

}  // namespace dynofa::policies
