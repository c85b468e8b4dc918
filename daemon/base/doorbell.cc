#include "daemon/base/doorbell.h"

#include <pthread.h>

#include <utility>

namespace dynofa::base {

Doorbell::Doorbell(TaskRunner& runner, TaskRunner::Task task)
    : runner_(runner), task_(std::move(task)), thread_([this] { Loop(); }) {
  pthread_setname_np(thread_.native_handle(), "doorbell");
}

Doorbell::~Doorbell() {
  stopping_ = true;
  events_.fetch_add(1);
  events_.notify_one();
  thread_.join();
}

void Doorbell::Ring() {
  if (rung_->exchange(true)) return;
  events_.fetch_add(1);
  events_.notify_one();
}

void Doorbell::Loop() {
  for (std::uint32_t seen = 0;;) {
    events_.wait(seen);
    seen = events_.load();
    if (stopping_) return;
    runner_.Post([rung = rung_, task = task_] {
      rung->store(false);
      task();
    });
  }
}

}  // namespace dynofa::base
