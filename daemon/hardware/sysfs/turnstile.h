#ifndef DYNOFA_DAEMON_HARDWARE_SYSFS_TURNSTILE_H_
#define DYNOFA_DAEMON_HARDWARE_SYSFS_TURNSTILE_H_

#include <condition_variable>
#include <mutex>

#include "daemon/base/clock.h"

namespace dynofa::hardware::sysfs {

/// Lets one thread at a time use something that may hang in the kernel, and others wait for it only
/// as long as they like. Thread-safe.
class Turnstile {
 public:
  /// The use of it, until the end of the scope.
  class Use {
   public:
    /// Waits.
    explicit Use(Turnstile& turnstile) : turnstile_(turnstile) {
      std::unique_lock lock(turnstile_.mutex_);
      turnstile_.freed_.wait(lock, [&] { return !turnstile_.busy_; });
      turnstile_.busy_ = granted_ = true;
    }
    /// Waits so long; granted() says whether it has it.
    Use(Turnstile& turnstile, base::Duration patience) : turnstile_(turnstile) {
      std::unique_lock lock(turnstile_.mutex_);
      granted_ = turnstile_.freed_.wait_for(lock, patience, [&] { return !turnstile_.busy_; });
      if (granted_) turnstile_.busy_ = true;
    }
    ~Use() {
      if (!granted_) return;
      std::lock_guard lock(turnstile_.mutex_);
      turnstile_.busy_ = false;
      turnstile_.freed_.notify_one();
    }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;

    bool granted() const { return granted_; }

   private:
    Turnstile& turnstile_;
    bool granted_ = false;
  };

 private:
  std::mutex mutex_;
  std::condition_variable freed_;
  bool busy_ = false;
};

}  // namespace dynofa::hardware::sysfs

#endif  // DYNOFA_DAEMON_HARDWARE_SYSFS_TURNSTILE_H_
