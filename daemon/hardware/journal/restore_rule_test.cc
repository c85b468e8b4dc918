#include "daemon/hardware/journal/restore_rule.h"

#include "tests/support/catch.h"

namespace dynofa::hardware::journal {
namespace {

const KnobRecord kMax{"cpufreq 0", "scaling_max_freq", "3000000\n", {"1400000", "1400000"}};
const KnobRecord kMin{"cpufreq 0", "scaling_min_freq", "800000\n", {"1400000"}};
const KnobRecord kGovernor{"cpufreq 0", "scaling_governor", "schedutil\n", {"performance"}};

TEST_CASE("Our own value and the baseline may be replaced by the baseline") {
  CHECK(MayRestore(kMax, "1400000\n", {}));
  CHECK(MayRestore(kMax, "3000000\n", {}));
  CHECK(MayRestore(kGovernor, "performance\n", {}));
  CHECK(MayRestore(kGovernor, "schedutil", {}));
}

TEST_CASE("A value that somebody else wrote is left alone") {
  CHECK_FALSE(MayRestore(kMax, "2000000\n", {}));
  CHECK_FALSE(MayRestore(kMax, "800000\n", {}));
  CHECK_FALSE(MayRestore(kGovernor, "powersave\n", {}));
  CHECK_FALSE(MayRestore(kMax, "", {}));
  CHECK_FALSE(MayRestore(kMax, "<unknown>", {.capped = true}));
}

TEST_CASE("A cap explains a lower frequency, never a higher one") {
  CHECK(MayRestore(kMax, "800000\n", {.capped = true}));
  CHECK_FALSE(MayRestore(kMax, "2000000\n", {.capped = true}));
}

TEST_CASE("A minimum may have followed the maximum down") {
  CHECK(MayRestore(kMin, "1200000\n", {.follows = "1200000\n"}));
  CHECK_FALSE(MayRestore(kMin, "1200000\n", {.follows = "2000000\n"}));
  CHECK_FALSE(MayRestore(kMin, "2000000\n", {.follows = "2000000\n"}));
}

TEST_CASE("Only the first line counts, without white space") {
  CHECK(Trimmed(" a b \nrest") == "a b");
  CHECK(Trimmed("\n").empty());
  CHECK(Trimmed("").empty());
}

}  // namespace
}  // namespace dynofa::hardware::journal
