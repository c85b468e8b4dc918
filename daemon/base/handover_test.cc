#include "daemon/base/handover.h"

#include <thread>

#include "tests/support/catch.h"

namespace dynofa::base {
namespace {

TEST_CASE("each value is taken once, and only the newest") {
  Handover<int> handover;
  CHECK(handover.Take() == nullptr);
  const auto first = std::make_shared<const int>(1);
  handover.Put(first);
  handover.Put(std::make_shared<const int>(2));
  CHECK(first.use_count() == 1);
  CHECK(*handover.Take() == 2);
  CHECK(handover.Take() == nullptr);
}

TEST_CASE("a value that nobody takes goes with the handover") {
  const auto value = std::make_shared<const int>(1);
  {
    Handover<int> handover;
    handover.Put(value);
    CHECK(value.use_count() == 2);
  }
  CHECK(value.use_count() == 1);
}

TEST_CASE("values are taken whole and in order beside who puts them; the last one arrives") {
  struct Pair {
    int first = 0;
    int second = 0;
  };
  constexpr int kLast = 5000;
  Handover<Pair> handover;
  std::thread writer([&] {
    for (int i = 1; i <= kLast; ++i) handover.Put(std::make_shared<const Pair>(Pair{i, -i}));
  });
  int last = 0;
  while (last < kLast) {
    const auto value = handover.Take();
    if (value == nullptr) continue;
    REQUIRE(value->first == -value->second);
    REQUIRE(value->first > last);
    last = value->first;
  }
  writer.join();
}

}  // namespace
}  // namespace dynofa::base
