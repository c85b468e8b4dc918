#ifndef DYNOFA_DAEMON_BASE_PUBLISHED_H_
#define DYNOFA_DAEMON_BASE_PUBLISHED_H_

#include <atomic>
#include <memory>
#include <thread>
#include <utility>

namespace dynofa::base {

/// The newest of a series of immutable values, for any number of readers. Thread-safe.
///
/// A flag is held while the pointer is copied, as in libstdc++'s std::atomic<std::shared_ptr>,
/// which before GCC 13 releases it with too weak an order. Nothing is allocated, freed or run
/// under it.
template <typename T>
class Published {
 public:
  explicit Published(std::shared_ptr<const T> first) : value_(std::move(first)) {}

  std::shared_ptr<const T> Load() const {
    Acquire();
    std::shared_ptr<const T> copy = value_;
    flag_.clear(std::memory_order_release);
    return copy;
  }

  void Store(std::shared_ptr<const T> value) {
    Acquire();
    value_.swap(value);
    flag_.clear(std::memory_order_release);
  }

 private:
  void Acquire() const {
    while (flag_.test_and_set(std::memory_order_acquire)) std::this_thread::yield();
  }

  mutable std::atomic_flag flag_;
  std::shared_ptr<const T> value_;
};

}  // namespace dynofa::base

#endif  // DYNOFA_DAEMON_BASE_PUBLISHED_H_
