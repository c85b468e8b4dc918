#include "daemon/base/log.h"

#include "tests/support/catch.h"

namespace dynofa::base {
namespace {

TEST_CASE("log levels are known by name only") {
  CHECK(SetLogLevelByName("debug"));
  CHECK(SetLogLevelByName("warning"));
  CHECK_FALSE(SetLogLevelByName("loud"));
  CHECK(SetLogLevelByName("info"));
}

}  // namespace
}  // namespace dynofa::base
