#include "policies/contention.h"

#include <cmath>
#include <random>
#include <tuple>
#include <vector>

#include "tests/support/catch.h"

namespace dynofa::policies {
namespace {

TEST_CASE("a session alone waits for nobody") {
  const std::vector<Demand> alone = {{10.0, 30.0}};
  CHECK(Utilisation(alone) == Approx(0.3));
  CHECK(ResponseMs(alone, 0, 99.0) == Approx(10.0));
}

TEST_CASE("a neighbour costs most of one of its runs, and more as it fills the cluster") {
  const std::vector<Demand> light = {{5.0, 10.0}, {8.0, 10.0}};
  const std::vector<Demand> heavy = {{5.0, 10.0}, {8.0, 80.0}};
  CHECK(ResponseMs(light, 0, 99.0) >= 12.0);
  CHECK(ResponseMs(heavy, 0, 99.0) > ResponseMs(light, 0, 99.0));
  CHECK(ResponseMs(heavy, 0, 99.0) > ResponseMs(heavy, 0, 50.0));
}

TEST_CASE("a neighbour that is there more rarely than the percentile allows does not count") {
  const std::vector<Demand> rare = {{5.0, 10.0}, {8.0, 1.0}};
  CHECK(ResponseMs(rare, 0, 95.0) == Approx(5.0));
}

TEST_CASE("others that are evenly spaced keep a request waiting for one run of each at most") {
  const std::vector<Demand> even = {{60.0, 4.0}, {70.0, 5.0}, {20.0, 5.0}};
  CHECK(ResponseMs(even, 0, 99.0) <= 150.0);
  CHECK(ResponseMs(even, 0, 99.0) > 130.0);
  const std::vector<Demand> uneven = {{60.0, 4.0}, {70.0, 5.0, 1.0}, {20.0, 5.0}};
  CHECK(ResponseMs(uneven, 0, 99.0) > 150.0);
}

TEST_CASE("the rest of a single neighbour's run is waited for in proportion to the percentile") {
  const std::vector<Demand> two = {{60.0, 4.0}, {80.0, 5.0}};
  // It is found at work two times in five, and then at any place of its run.
  CHECK(ResponseMs(two, 0, 95.0) == Approx(60.0 + 80.0 * (1.0 - 0.05 / 0.4)));
}

// Response times over the service time at the 99th percentile, from 20 million requests of a
// simulated M/D/1 queue each.
TEST_CASE("independent requests of a session wait for each other, as in M/D/1") {
  const auto response = [](double utilisation, double percentile) {
    const std::vector<Demand> alone = {{10.0, 100.0 * utilisation, 1.0}};
    return ResponseMs(alone, 0, percentile) / 10.0;
  };
  for (const auto& [utilisation, percentile, exact] :
       {std::tuple(0.3, 90.0, 1.838), std::tuple(0.5, 90.0, 2.515), std::tuple(0.5, 99.0, 4.341),
        std::tuple(0.7, 99.0, 7.503), std::tuple(0.9, 95.0, 15.051)}) {
    INFO("utilisation " << utilisation << ", percentile " << percentile);
    CHECK(response(utilisation, percentile) > 0.92 * exact);
    CHECK(response(utilisation, percentile) < 1.25 * exact);
  }
}

TEST_CASE("a queue from which demands are taken off is that of the rest") {
  std::mt19937 random(7);
  const auto pick = [&](std::size_t below) { return static_cast<std::size_t>(random() % below); };
  int told = 0;
  for (int round = 0; round < 500; ++round) {
    std::vector<Demand> demands;
    Queue queue;
    for (int i = 0; i < 20; ++i) {
      // Few lengths, so that several are the longest.
      demands.push_back({5.0 * (1.0 + pick(4)), 1.0 + pick(3), pick(3) / 2.0});
      queue.Add(demands.back());
    }
    for (bool known = true; known && demands.size() > 1;) {
      const auto gone = demands.begin() + static_cast<std::ptrdiff_t>(pick(demands.size()));
      known = queue.Remove(*gone);
      demands.erase(gone);
      if (!known) continue;
      ++told;
      CHECK(queue.ResponseMs(demands[0], 0.05) == Approx(ResponseMs(demands, 0, 95.0)));
    }
  }
  CHECK(told > 1000);
}

TEST_CASE("an overloaded cluster has no response time") {
  const std::vector<Demand> over = {{10.0, 60.0}, {10.0, 60.0}};
  CHECK(std::isinf(ResponseMs(over, 0, 99.0)));
}

}  // namespace
}  // namespace dynofa::policies
