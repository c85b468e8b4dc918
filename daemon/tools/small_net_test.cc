#include "daemon/tools/small_net.h"

#include "tests/support/catch.h"

namespace dynofa::tools {
namespace {

TEST_CASE("the ladder of the small net climbs, with a real span") {
  engine::ofa::Manifest manifest;
  manifest.architecture = SmallNet(10);
  manifest.subnets = SmallNetLadder(manifest.architecture);
  const engine::ModelInfo info = *engine::ofa::Describe(manifest);
  REQUIRE(info.catalogue.size() >= 6);
  for (std::size_t i = 0; i < info.catalogue.size(); ++i) {
    CHECK(info.catalogue[i].id == manifest.subnets[i].id);  // written down in this order
    if (i > 0) CHECK(info.catalogue[i].macs > info.catalogue[i - 1].macs);
  }
  CHECK(info.catalogue.back().macs < 34'000'000);
  CHECK(info.catalogue.back().macs > 4 * info.catalogue.front().macs);
  CHECK(info.catalogue.back().parameters < 2'000'000);
  CHECK(manifest.subnets.back().config.resolution == 32);
}

}  // namespace
}  // namespace dynofa::tools
