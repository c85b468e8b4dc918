#include "daemon/engine/pace.h"

#include <algorithm>
#include <cstddef>

namespace dynofa::engine {
namespace {

// Runs whose mean the shares are; later ones weigh as the last of them did.
constexpr int kRuns = 16;

bool InOrder(std::span<const base::Duration> ends, base::Duration whole) {
  return !ends.empty() && ends.front() > base::Duration::zero() && ends.back() < whole &&
         std::is_sorted(ends.begin(), ends.end());
}

}  // namespace

bool Pace::Due() {
  if (learned_ < kRuns) return true;
  unused_ = (unused_ + 1) % kRuns;
  return unused_ == 0;
}

void Pace::Learn(std::span<const base::Duration> ends, base::Duration whole) {
  if (!InOrder(ends, whole)) return;
  if (ends.size() != shares_.size()) {
    shares_.assign(ends.size(), 0.0);
    learned_ = 0;
    return;
  }
  learned_ = std::min(learned_ + 1, kRuns);
  const double weight = 1.0 / learned_;
  for (std::size_t i = 0; i < ends.size(); ++i) {
    const double share = base::ToMs(ends[i]) / base::ToMs(whole);
    shares_[i] += weight * (share - shares_[i]);
  }
}

std::optional<double> Pace::ShareAfter(int done) const {
  if (learned_ == 0 || done < 1 || static_cast<std::size_t>(done) > shares_.size()) return {};
  return shares_[static_cast<std::size_t>(done) - 1];
}

}  // namespace dynofa::engine
