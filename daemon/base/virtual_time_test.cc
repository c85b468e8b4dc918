#include "daemon/base/virtual_time.h"

#include <vector>

#include "tests/support/catch.h"

namespace dynofa::base {
namespace {

using std::chrono::milliseconds;

TEST_CASE("tasks run at their own times, in order of posting when due together") {
  VirtualTime time;
  const TimePoint start = time.Now();
  std::vector<int> order;
  TimePoint seen;
  time.PostDelayed(milliseconds(20), [&] { order.push_back(3); });
  time.PostDelayed(milliseconds(10), [&] {
    order.push_back(1);
    seen = time.Now();
  });
  time.PostDelayed(milliseconds(10), [&] { order.push_back(2); });

  time.Advance(milliseconds(9));
  CHECK(order.empty());
  time.Advance(milliseconds(20));
  CHECK(order == std::vector<int>{1, 2, 3});
  CHECK(seen == start + milliseconds(10));
  CHECK(time.Now() == start + milliseconds(29));
}

TEST_CASE("a task may post another one that is due in the same step") {
  VirtualTime time;
  int runs = 0;
  time.Post([&] { time.PostDelayed(milliseconds(1), [&] { ++runs; }); });
  time.Advance(milliseconds(1));
  CHECK(runs == 1);
}

}  // namespace
}  // namespace dynofa::base
