#include "daemon/engine/pace.h"

#include <chrono>
#include <vector>

#include "tests/support/catch.h"

namespace dynofa::engine {
namespace {

using namespace std::chrono_literals;

using Ends = std::vector<base::Duration>;

// That of a subnet of three parts, which takes 10 ms.
Pace Known(const Ends& ends, int runs) {
  Pace pace;
  for (int i = 0; i <= runs; ++i) pace.Learn(ends, 10ms);
  return pace;
}

TEST_CASE("A pace is known from the second run on, between the parts") {
  Pace pace;
  const Ends ends = {2ms, 9ms};
  pace.Learn(ends, 10ms);
  CHECK_FALSE(pace.ShareAfter(1).has_value());
  pace.Learn(ends, 10ms);
  CHECK(pace.ShareAfter(1).value() == Approx(0.2));
  CHECK(pace.ShareAfter(2).value() == Approx(0.9));
  for (int done : {-1, 0, 3}) CHECK_FALSE(pace.ShareAfter(done).has_value());
}

TEST_CASE("A pace is the mean of few runs, and follows after many") {
  Pace few = Known({2ms, 8ms}, 1);
  few.Learn(Ends{4ms, 8ms}, 10ms);
  CHECK(few.ShareAfter(1).value() == Approx(0.3));
  few.Learn(Ends{6ms, 12ms}, 20ms);  // twice as slow
  CHECK(few.ShareAfter(1).value() == Approx(0.3));
  CHECK(few.ShareAfter(2).value() == Approx((0.8 + 0.8 + 0.6) / 3));

  Pace many = Known({2ms, 8ms}, 1000);
  many.Learn(Ends{4ms, 8ms}, 10ms);
  CHECK(many.ShareAfter(1).value() == Approx(0.2 + 0.2 / 16));
}

TEST_CASE("Times that cannot be are left out") {
  Pace pace = Known({2ms, 8ms}, 1);
  for (const Ends& ends : {Ends{0ms, 8ms}, Ends{2ms, 10ms}, Ends{8ms, 2ms}, Ends{}}) {
    pace.Learn(ends, 10ms);
  }
  CHECK(pace.ShareAfter(1).value() == Approx(0.2));
  CHECK(pace.ShareAfter(2).value() == Approx(0.8));
}

TEST_CASE("Another number of parts begins a pace anew") {
  Pace pace = Known({2ms, 8ms}, 5);
  const Ends ends = {1ms, 5ms, 7ms};
  pace.Learn(ends, 10ms);
  CHECK_FALSE(pace.ShareAfter(1).has_value());
  pace.Learn(ends, 10ms);
  CHECK(pace.ShareAfter(2).value() == Approx(0.5));
}

TEST_CASE("A pace learns from the first runs and then from every sixteenth") {
  Pace pace;
  const Ends ends = {2ms, 8ms};
  for (int i = 0; i < 100; ++i) CHECK(pace.Due());  // while none can be learned from
  for (int i = 0; i < 17; ++i) {
    CHECK(pace.Due());
    pace.Learn(ends, 10ms);
  }
  std::vector<int> due;
  for (int i = 1; i <= 40; ++i) {
    if (pace.Due()) due.push_back(i);
  }
  CHECK(due == std::vector<int>{16, 32});
}

}  // namespace
}  // namespace dynofa::engine
