#ifndef DYNOFA_DAEMON_BASE_MPSC_RING_H_
#define DYNOFA_DAEMON_BASE_MPSC_RING_H_

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

namespace dynofa::base {

/// Bounded queue from many threads to one, without a lock: neither side ever waits for the other.
/// Each cell carries a sequence number that says whose turn it is (D. Vyukov's bounded queue).
template <typename T>
class MpscRing {
 public:
  /// Room for `capacity` items, a power of two.
  explicit MpscRing(std::size_t capacity)
      : mask_(capacity - 1), cells_(std::make_unique<Cell[]>(capacity)) {
    for (std::size_t i = 0; i < capacity; ++i) cells_[i].turn.store(i, std::memory_order_relaxed);
  }

  /// False, and the item is lost, if the ring is full. Any thread.
  bool Push(T item) {
    std::size_t place = head_.load(std::memory_order_relaxed);
    for (;;) {
      Cell& cell = cells_[place & mask_];
      const std::size_t turn = cell.turn.load(std::memory_order_acquire);
      if (turn == place) {
        if (head_.compare_exchange_weak(place, place + 1, std::memory_order_relaxed)) {
          cell.item = std::move(item);
          cell.turn.store(place + 1, std::memory_order_release);
          return true;
        }
      } else if (turn < place) {
        return false;
      } else {
        place = head_.load(std::memory_order_relaxed);
      }
    }
  }

  /// The oldest item, or nullopt. One thread only.
  std::optional<T> Pop() {
    Cell& cell = cells_[tail_ & mask_];
    if (cell.turn.load(std::memory_order_acquire) != tail_ + 1) return std::nullopt;
    std::optional<T> item(std::move(cell.item));
    cell.turn.store(tail_ + mask_ + 1, std::memory_order_release);
    ++tail_;
    return item;
  }

 private:
  struct Cell {
    std::atomic<std::size_t> turn{0};
    T item{};
  };

  const std::size_t mask_;
  const std::unique_ptr<Cell[]> cells_;
  alignas(64) std::atomic<std::size_t> head_{0};
  alignas(64) std::size_t tail_ = 0;
};

}  // namespace dynofa::base

#endif  // DYNOFA_DAEMON_BASE_MPSC_RING_H_
