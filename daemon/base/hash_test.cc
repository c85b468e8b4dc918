#include "daemon/base/hash.h"

#include "tests/support/catch.h"

namespace dynofa::base {
namespace {

TEST_CASE("FNV-1a gives the numbers that its authors give") {
  CHECK(Fnv1a("") == 0xcbf29ce484222325);
  CHECK(Fnv1a("a") == 0xaf63dc4c8601ec8c);
  CHECK(Fnv1a("foobar") == 0x85944171f73967e8);
}

TEST_CASE("SplitMix64 from state 0 begins as published") {
  CHECK(SplitMix(kSplitMixStep) == 0xe220a8397b1dcdaf);
  CHECK(SplitMix(2 * kSplitMixStep) == 0x6e789e6aa1b965f4);
}

}  // namespace
}  // namespace dynofa::base
