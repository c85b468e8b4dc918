#include "daemon/base/published.h"

#include <thread>

#include "tests/support/catch.h"

namespace dynofa::base {
namespace {

TEST_CASE("readers see whole values, in the order in which they were published") {
  struct Pair {
    int first = 0;
    int second = 0;
  };
  Published<Pair> published(std::make_shared<const Pair>());
  std::thread writer([&] {
    for (int i = 1; i <= 5000; ++i) published.Store(std::make_shared<const Pair>(Pair{i, -i}));
  });
  int last = 0;
  while (last < 5000) {
    const auto value = published.Load();
    REQUIRE(value->first == -value->second);
    REQUIRE(value->first >= last);
    last = value->first;
  }
  writer.join();
}

TEST_CASE("a value that was read outlives its successor") {
  Published<int> published(std::make_shared<const int>(1));
  const auto one = published.Load();
  published.Store(std::make_shared<const int>(2));
  CHECK(*one == 1);
  CHECK(*published.Load() == 2);
}

}  // namespace
}  // namespace dynofa::base
