#include "daemon/manager/sample_window.h"

#include "tests/support/catch.h"

namespace dynofa::manager {
namespace {

TEST_CASE("percentiles are samples, and old samples leave") {
  SampleWindow window(100);
  CHECK(window.Percentile(50) == 0.0);
  for (int i = 1; i <= 100; ++i) window.Add(i);
  CHECK(window.Percentile(50) == 50.0);
  CHECK(window.Percentile(99) == 99.0);
  CHECK(window.Percentile(100) == 100.0);
  for (int i = 0; i < 100; ++i) window.Add(7.0);
  CHECK(window.Percentile(99) == 7.0);
}

}  // namespace
}  // namespace dynofa::manager
