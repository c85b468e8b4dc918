#include "policies/requirement.h"

#include <limits>

#include "tests/support/catch.h"

namespace dynofa::policies {
namespace {

TEST_CASE("an empty requirement and sensible ones are well formed") {
  CHECK(RequirementError({}).empty());
  CHECK(RequirementError({.latency_ms = 20.0,
                          .percentile = 95,
                          .min_accuracy = 0.7,
                          .max_energy_mj = 5.0,
                          .rate_hz = 30.0,
                          .priority = 1})
            .empty());
}

TEST_CASE("each field out of range is named with what is allowed") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(RequirementError({.latency_ms = 0.0}).find("latency_ms") == 0);
  CHECK(RequirementError({.latency_ms = nan}).find("latency_ms") == 0);
  CHECK(RequirementError({.percentile = 0.0}).find("percentile") == 0);
  CHECK(RequirementError({.percentile = 100.5}).find("percentile") == 0);
  CHECK(RequirementError({.min_accuracy = 70.0}).find("0.7 means 70 %") != std::string::npos);
  CHECK(RequirementError({.min_accuracy = nan}).find("min_accuracy") == 0);
  CHECK(RequirementError({.max_energy_mj = -1.0}).find("max_energy_mj") == 0);
  CHECK(RequirementError({.latency_ms = 1e300}).find("latency_ms") == 0);
  CHECK(RequirementError({.rate_hz = 1e9}).find("rate_hz") == 0);
  CHECK(RequirementError({.rate_hz = nan}).find("rate_hz") == 0);
  CHECK(RequirementError({.priority = 0}).find("priority") == 0);
  CHECK(RequirementError({.priority = 10}).find("1 (most important)") != std::string::npos);
}

}  // namespace
}  // namespace dynofa::policies
