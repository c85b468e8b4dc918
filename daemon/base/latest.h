#ifndef DYNOFA_DAEMON_BASE_LATEST_H_
#define DYNOFA_DAEMON_BASE_LATEST_H_

#include <array>
#include <atomic>

namespace dynofa::base {

/// The newest of a series of values on its way from one thread to another. Wait-free: neither side
/// ever waits for the other, however slow or preempted that one is (a triple buffer: one value
/// belongs to each side, and they exchange theirs for the third). For what changes all the time: a
/// base::Handover allocates each value anew.
///
/// Each side may change threads if whoever uses it does so one after another (under a lock, say).
template <typename T>
class Latest {
 public:
  Latest() = default;
  Latest(const Latest&) = delete;
  Latest& operator=(const Latest&) = delete;

  /// The writer's side. Assigns into a value that was published before, so that what that one has
  /// allocated is used again.
  void Publish(const T& value) {
    values_[writers_] = value;
    writers_ = between_.exchange(writers_ | kUnread, std::memory_order_acq_rel) & kPlace;
  }

  /// The reader's side: the newest value, the same as before if none was published since. Good
  /// until the next call.
  const T& Read() {
    if ((between_.load(std::memory_order_relaxed) & kUnread) != 0) {
      readers_ = between_.exchange(readers_, std::memory_order_acq_rel) & kPlace;
    }
    return values_[readers_];
  }

 private:
  static constexpr unsigned kPlace = 3;
  static constexpr unsigned kUnread = 4;

  std::array<T, 3> values_{};
  unsigned writers_ = 0;
  std::atomic<unsigned> between_{1};
  unsigned readers_ = 2;
};

}  // namespace dynofa::base

#endif  // DYNOFA_DAEMON_BASE_LATEST_H_
