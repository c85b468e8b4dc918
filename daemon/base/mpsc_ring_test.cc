#include "daemon/base/mpsc_ring.h"

#include <thread>
#include <vector>

#include "tests/support/catch.h"

namespace dynofa::base {
namespace {

TEST_CASE("items come out in the order in which they went in, until the ring is full") {
  MpscRing<int> ring(4);
  CHECK_FALSE(ring.Pop().has_value());
  for (int i = 0; i < 4; ++i) CHECK(ring.Push(i));
  CHECK_FALSE(ring.Push(4));
  CHECK(*ring.Pop() == 0);
  CHECK(ring.Push(4));
  for (int i = 1; i <= 4; ++i) CHECK(*ring.Pop() == i);
  CHECK_FALSE(ring.Pop().has_value());
}

TEST_CASE("nothing is lost or doubled with several producers") {
  constexpr int kProducers = 3;
  constexpr int kItems = 20000;
  MpscRing<int> ring(1024);
  std::vector<std::thread> producers;
  for (int p = 0; p < kProducers; ++p) {
    producers.emplace_back([&ring, p] {
      for (int i = 0; i < kItems; ++i) {
        while (!ring.Push(p * kItems + i)) std::this_thread::yield();
      }
    });
  }
  std::vector<int> last(kProducers, -1);
  for (int received = 0; received < kProducers * kItems;) {
    const auto item = ring.Pop();
    if (!item) {
      std::this_thread::yield();
      continue;
    }
    const int producer = *item / kItems;
    REQUIRE(*item % kItems == last[producer] + 1);
    last[producer] = *item % kItems;
    ++received;
  }
  for (std::thread& producer : producers) producer.join();
}

}  // namespace
}  // namespace dynofa::base
