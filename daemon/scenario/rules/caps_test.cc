#include "daemon/scenario/rules/caps.h"

#include "tests/support/catch.h"

namespace dynofa::scenario {
namespace {

const std::vector<std::int64_t> kTable = {200, 400, 800, 1000};

TEST_CASE("the highest clock is a table entry that the mode allows") {
  CHECK(HighestKhz("gpu", kTable, {}) == 1000);
  CHECK(HighestKhz("gpu", kTable, {.max_share = 0.8}) == 800);
  CHECK(HighestKhz("gpu", kTable, {.max_share = 0.79}) == 400);
  CHECK(HighestKhz("gpu", kTable, {.max_share = 0.01}) == 200);
  CHECK(HighestKhz("gpu", kTable, {.max_khz = {{"gpu", 999}}, .max_share = 0.1}) == 800);
  CHECK(HighestKhz("gpu", kTable, {.max_khz = {{"cpu0", 200}}}) == 1000);
}

TEST_CASE("a cluster without cores must stay idle") {
  CHECK(HighestKhz("gpu", kTable, {.max_cores = {{"gpu", 0}}}) == 0);
  CHECK(HighestKhz("gpu", kTable, {.max_cores = {{"gpu", 1}, {"cpu0", 0}}}) == 1000);
}

}  // namespace
}  // namespace dynofa::scenario
