#include "daemon/base/doorbell.h"

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "tests/support/catch.h"

namespace dynofa::base {
namespace {

// A broken bell keeps this waiting until the test's time is over.
void Await(const std::atomic<int>& value, int expected) {
  for (int now = value; now != expected; now = value) value.wait(now);
}

TEST_CASE("what rings from many threads is answered on the runner, and after the last ring") {
  const auto runner = ThreadTaskRunner::Create("test");
  std::atomic<int> rings{0};
  std::atomic<int> answers{0};
  std::atomic<int> seen{0};
  Doorbell bell(*runner, [&] {
    CHECK(runner->RunsTasksOnCurrentThread());
    seen = rings.load();
    ++answers;
    seen.notify_one();
  });
  std::vector<std::thread> visitors;
  for (int i = 0; i < 4; ++i) {
    visitors.emplace_back([&] {
      for (int ring = 0; ring < 500; ++ring) {
        ++rings;
        bell.Ring();
      }
    });
  }
  for (std::thread& visitor : visitors) visitor.join();
  Await(seen, 2000);
  CHECK(answers >= 1);
  CHECK(answers <= 2000);
}

TEST_CASE("rings before an answer are answered once") {
  const auto runner = ThreadTaskRunner::Create("test");
  std::atomic<bool> go{false};
  std::atomic<int> answers{0};
  Doorbell bell(*runner, [&] {
    ++answers;
    answers.notify_one();
  });
  runner->Post([&] { go.wait(false); });
  for (int ring = 0; ring < 100; ++ring) bell.Ring();
  go = true;
  go.notify_one();
  Await(answers, 1);
  bell.Ring();
  Await(answers, 2);
}

TEST_CASE("a bell that nobody rings goes quietly") {
  const auto runner = ThreadTaskRunner::Create("test");
  int answers = 0;
  {
    const Doorbell bell(*runner, [&] { ++answers; });
  }
  CHECK(answers == 0);
}

}  // namespace
}  // namespace dynofa::base
