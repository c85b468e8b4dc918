#include "daemon/base/virtual_time.h"

#include <algorithm>

namespace dynofa::base {

void VirtualTime::PostDelayed(Duration delay, Task task) {
  tasks_.emplace(std::pair(now_ + delay, posted_++), std::move(task));
}

void VirtualTime::RunUntil(TimePoint until) {
  while (!tasks_.empty() && tasks_.begin()->first.first <= until) {
    auto next = tasks_.extract(tasks_.begin());
    now_ = std::max(now_, next.key().first);
    next.mapped()();
  }
  now_ = std::max(now_, until);
}

}  // namespace dynofa::base
