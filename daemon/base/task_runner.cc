#include "daemon/base/task_runner.h"

#include <pthread.h>

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

namespace dynofa::base {

class ThreadTaskRunner::Impl {
 public:
  explicit Impl(const std::string& name) : thread_([this] { Loop(); }) {
    pthread_setname_np(thread_.native_handle(), name.substr(0, 15).c_str());
  }

  ~Impl() {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
  }

  void Post(Duration delay, Task task) {
    bool first = false;
    {
      std::lock_guard lock(mutex_);
      if (stopping_) return;
      const auto place =
          tasks_.emplace(std::pair(clock_.Now() + delay, posted_++), std::move(task)).first;
      first = place == tasks_.begin();
    }
    // Until an earlier one is due, the thread may sleep on.
    if (first) wake_.notify_one();
  }

  bool OnThread() const { return std::this_thread::get_id() == thread_.get_id(); }

 private:
  void Loop() {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
      if (tasks_.empty()) {
        wake_.wait(lock);
        continue;
      }
      const TimePoint due = tasks_.begin()->first.first;
      if (due > clock_.Now()) {
        wake_.wait_until(lock, due);
        continue;
      }
      Task task = std::move(tasks_.begin()->second);
      tasks_.erase(tasks_.begin());
      lock.unlock();
      task();
      task = nullptr;
      lock.lock();
    }
  }

  const SteadyClock clock_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::map<std::pair<TimePoint, std::uint64_t>, Task> tasks_;
  std::uint64_t posted_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

std::unique_ptr<ThreadTaskRunner> ThreadTaskRunner::Create(const std::string& name) {
  return std::unique_ptr<ThreadTaskRunner>(new ThreadTaskRunner(std::make_unique<Impl>(name)));
}

ThreadTaskRunner::ThreadTaskRunner(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ThreadTaskRunner::~ThreadTaskRunner() = default;

void ThreadTaskRunner::Post(Task task) { impl_->Post(Duration::zero(), std::move(task)); }
void ThreadTaskRunner::PostDelayed(Duration delay, Task task) {
  impl_->Post(delay, std::move(task));
}
bool ThreadTaskRunner::RunsTasksOnCurrentThread() const { return impl_->OnThread(); }

}  // namespace dynofa::base
