#include "daemon/base/latest.h"

#include <thread>
#include <vector>

#include "tests/support/catch.h"

namespace dynofa::base {
namespace {

TEST_CASE("the reader gets the newest value, and again as long as there is no newer one") {
  Latest<int> latest;
  CHECK(latest.Read() == 0);
  latest.Publish(1);
  CHECK(latest.Read() == 1);
  CHECK(latest.Read() == 1);
  latest.Publish(2);
  latest.Publish(3);
  latest.Publish(4);
  CHECK(latest.Read() == 4);
}

TEST_CASE("what was read stays as it was while others are published") {
  Latest<std::vector<int>> latest;
  latest.Publish({1, 2});
  const std::vector<int>& read = latest.Read();
  for (int i = 0; i < 10; ++i) latest.Publish({i});
  CHECK(read == std::vector<int>{1, 2});
  CHECK(latest.Read() == std::vector<int>{9});
}

TEST_CASE(
    "a reader sees whole values, never an older one after a newer one, and at last the last") {
  constexpr int kValues = 20000;
  Latest<std::vector<int>> latest;
  std::thread writer([&] {
    for (int i = 1; i <= kValues; ++i) latest.Publish(std::vector<int>(8, i));
  });
  int last = 0;
  while (last < kValues) {
    const std::vector<int>& value = latest.Read();
    if (value.empty()) continue;
    REQUIRE(value == std::vector<int>(8, value.front()));
    REQUIRE(value.front() >= last);
    last = value.front();
  }
  writer.join();
}

}  // namespace
}  // namespace dynofa::base
