#include "daemon/control/refusal_count.h"

#include "tests/support/catch.h"

namespace dynofa::control {
namespace {

TEST_CASE("The first refusal is worth a line, later ones a count per minute") {
  RefusalCount count;
  const base::TimePoint start(std::chrono::hours(1));
  CHECK(count.Add(start) == 1U);
  CHECK_FALSE(count.Add(start));
  CHECK_FALSE(count.Add(start + std::chrono::seconds(59)));
  CHECK(count.Add(start + std::chrono::seconds(60)) == 3U);
  CHECK_FALSE(count.Add(start + std::chrono::seconds(61)));
  CHECK(count.Add(start + std::chrono::hours(1)) == 2U);
}

}  // namespace
}  // namespace dynofa::control
