#include "policies/pooling.h"

#include <numeric>

#include "tests/support/catch.h"

namespace dynofa::policies {
namespace {

std::vector<double> Pooled(std::vector<double> values) {
  PoolRising(values);
  return values;
}

TEST_CASE("what falls stays as it is") {
  CHECK(Pooled({}).empty());
  CHECK(Pooled({3.0}) == std::vector<double>{3.0});
  CHECK(Pooled({5.0, 4.0, 4.0, 1.0}) == std::vector<double>{5.0, 4.0, 4.0, 1.0});
}

TEST_CASE("what rises is pooled with its neighbours until nothing does, and keeps its mean") {
  CHECK(Pooled({1.0, 3.0}) == std::vector<double>{2.0, 2.0});
  CHECK(Pooled({9.0, 2.0, 4.0, 1.0}) == std::vector<double>{9.0, 3.0, 3.0, 1.0});
  // The first pool has to be widened: 4 and 6 above 4.5.
  CHECK(Pooled({4.5, 4.0, 6.0}) == std::vector<double>{29.0 / 6, 29.0 / 6, 29.0 / 6});
}

TEST_CASE("each subnet's latencies are pooled over its own frequencies") {
  std::vector<OperatingPoint> points;
  const auto add = [&](const char* subnet, const char* cluster, int threads, std::int64_t khz,
                       double ms) {
    OperatingPoint& point = points.emplace_back();
    point.model = "net";
    point.subnet = subnet;
    point.cluster = cluster;
    point.threads = threads;
    point.frequency_khz = khz;
    point.latency_ms = ms;
  };
  add("s", "gpu", 1, 300, 3.0);  // out of order
  add("s", "gpu", 1, 100, 4.0);
  add("s", "gpu", 1, 200, 2.0);
  add("s", "gpu", 2, 100, 1.5);
  add("s", "cpu0", 1, 100, 9.0);
  add("l", "gpu", 1, 200, 8.0);
  PoolLatencies(points);
  std::vector<double> latencies_ms;
  for (const OperatingPoint& point : points) latencies_ms.push_back(point.latency_ms);
  CHECK(latencies_ms == std::vector<double>{2.5, 4.0, 2.5, 1.5, 9.0, 8.0});
}

}  // namespace
}  // namespace dynofa::policies
