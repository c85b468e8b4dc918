#include "daemon/manager/sample_window.h"

#include <algorithm>
#include <cmath>

namespace dynofa::manager {

void SampleWindow::Add(double value) {
  if (samples_.size() < capacity_) {
    samples_.push_back(value);
    return;
  }
  samples_[next_] = value;
  next_ = (next_ + 1) % capacity_;
}

double SampleWindow::Percentile(double percent) const {
  if (samples_.empty()) return 0.0;
  std::vector<double> sorted = samples_;
  const double rank = std::ceil(percent / 100.0 * static_cast<double>(sorted.size()));
  const auto place = static_cast<std::size_t>(std::max(rank, 1.0)) - 1;
  std::nth_element(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(place),
                   sorted.end());
  return sorted[place];
}

}  // namespace dynofa::manager
