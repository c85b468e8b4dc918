#include "daemon/base/task_runner.h"

#include <future>
#include <vector>

#include "tests/support/catch.h"

namespace dynofa::base {
namespace {

using std::chrono::milliseconds;

TEST_CASE("tasks run on the runner's thread in the order of their due times") {
  auto runner = ThreadTaskRunner::Create("test-runner");
  std::vector<int> order;
  std::promise<bool> done;
  runner->Post([&] {
    runner->PostDelayed(milliseconds(2), [&] {
      order.push_back(2);
      done.set_value(runner->RunsTasksOnCurrentThread());
    });
    runner->Post([&] { order.push_back(1); });
  });
  CHECK(done.get_future().get());
  CHECK(order == std::vector<int>{1, 2});
  CHECK_FALSE(runner->RunsTasksOnCurrentThread());
}

TEST_CASE("a runner that stops drops what is not due") {
  bool ran = false;
  {
    auto runner = ThreadTaskRunner::Create("test-runner");
    runner->PostDelayed(std::chrono::hours(1), [&] { ran = true; });
  }
  CHECK_FALSE(ran);
}

}  // namespace
}  // namespace dynofa::base
