#ifndef DYNOFA_DAEMON_MANAGER_SAMPLE_WINDOW_H_
#define DYNOFA_DAEMON_MANAGER_SAMPLE_WINDOW_H_

#include <cstddef>
#include <vector>

namespace dynofa::manager {

/// The newest samples of a quantity, at most `capacity` of them, for percentiles.
class SampleWindow {
 public:
  explicit SampleWindow(std::size_t capacity) : capacity_(capacity) {}

  void Add(double value);
  bool empty() const { return samples_.empty(); }

  /// The sample that `percent` percent of the samples do not exceed; 0 without samples.
  double Percentile(double percent) const;

 private:
  std::size_t capacity_;
  std::size_t next_ = 0;
  std::vector<double> samples_;
};

}  // namespace dynofa::manager

#endif  // DYNOFA_DAEMON_MANAGER_SAMPLE_WINDOW_H_
