#include "daemon/hardware/cpufreq_rules.h"

#include <vector>

#include "tests/support/catch.h"

namespace dynofa::hardware {
namespace {

const std::vector<std::int64_t> kTable = {800000, 1400000, 2000000, 2500000, 3000000};

TEST_CASE("Limits are clamped and rounded as the kernel does, never refused") {
  CHECK(EffectiveLimits({800000, 9999999}, kTable) == Limits{800000, 3000000});
  CHECK(EffectiveLimits({800000, 0}, kTable) == Limits{800000, 800000});
  CHECK(EffectiveLimits({800000, 1234567}, kTable) == Limits{800000, 800000});
  CHECK(EffectiveLimits({900000, 3000000}, kTable) == Limits{1400000, 3000000});
}

TEST_CASE("Where limits cross, the maximum wins") {
  CHECK(EffectiveLimits({2000000, 1400000}, kTable) == Limits{1400000, 1400000});
  CHECK(EffectiveLimits({2000000, 3000000}, kTable, 1400000) == Limits{1400000, 1400000});
  CHECK(EffectiveLimits({5, 3}, {}) == Limits{3, 3});
}

TEST_CASE("A cap hides the request only as long as it lasts") {
  CHECK(EffectiveLimits({800000, 3000000}, kTable, 2100000) == Limits{800000, 2000000});
  CHECK(EffectiveLimits({800000, 3000000}, kTable, 0) == Limits{800000, 3000000});
}

TEST_CASE("Limits are written in the order in which they never cross") {
  CHECK(WriteMaxFirst({800000, 1400000}, {2000000, 2000000}));
  CHECK_FALSE(WriteMaxFirst({2000000, 2000000}, {1400000, 1400000}));
}

}  // namespace
}  // namespace dynofa::hardware
