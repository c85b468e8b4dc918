#ifndef DYNOFA_DAEMON_BASE_HANDOVER_H_
#define DYNOFA_DAEMON_BASE_HANDOVER_H_

#include <atomic>
#include <memory>
#include <utility>

namespace dynofa::base {

/// The newest of a series of immutable values on its way to whoever takes it: a value that nobody
/// took is dropped for the next one. Neither side waits for the other. Thread-safe.
template <typename T>
class Handover {
 public:
  Handover() = default;
  ~Handover() { delete newest_.load(); }
  Handover(const Handover&) = delete;
  Handover& operator=(const Handover&) = delete;

  void Put(std::shared_ptr<const T> value) {
    delete newest_.exchange(new std::shared_ptr<const T>(std::move(value)));
  }

  /// What was put since the last call, or nullptr.
  std::shared_ptr<const T> Take() {
    const std::unique_ptr<std::shared_ptr<const T>> taken(newest_.exchange(nullptr));
    return taken == nullptr ? nullptr : std::move(*taken);
  }

 private:
  std::atomic<std::shared_ptr<const T>*> newest_{nullptr};
};

}  // namespace dynofa::base

#endif  // DYNOFA_DAEMON_BASE_HANDOVER_H_
