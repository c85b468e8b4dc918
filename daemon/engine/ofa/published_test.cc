#include "daemon/engine/ofa/published.h"

#include <cstdint>
#include <vector>

#include "tests/support/catch.h"

namespace dynofa::engine::ofa {
namespace {

std::vector<std::int64_t> MacsOf(double width_mult) {
  Manifest manifest{.name = "published", .subnets = PublishedSubnets(width_mult).subnets};
  manifest.architecture = Architecture::MobileNetV3(width_mult);
  const ModelInfo info = *Describe(manifest);
  std::vector<std::int64_t> macs;
  for (std::size_t i = 0; i < info.catalogue.size(); ++i) {
    CHECK(info.catalogue[i].id == manifest.subnets[i].id);  // cheapest first
    CHECK((i == 0 || info.catalogue[i].accuracy > info.catalogue[i - 1].accuracy));
    macs.push_back(info.catalogue[i].macs);
  }
  return macs;
}

// As counted by the reference implementation on the published configurations.
TEST_CASE("the published subnets cost what their configurations cost elsewhere") {
  CHECK(MacsOf(1.2) == std::vector<std::int64_t>{235467152, 254003984, 288758912, 375541248,
                                                 522103776, 731123760});
  CHECK(MacsOf(1.0) == std::vector<std::int64_t>{66444032, 73471032, 75802880, 79266240, 95935136,
                                                 108572320, 109607488, 144701952, 162265088,
                                                 162464384, 207945168, 219276928, 229846296,
                                                 237063424});
}

TEST_CASE("top-1 is labelled published only for the weights that it was published for") {
  CHECK(PublishedSubnets(1.2).subnets[0].accuracy_evidence == policies::Evidence::kPublished);
  CHECK(PublishedSubnets(1.0).subnets[0].accuracy_evidence == policies::Evidence::kModelled);
  CHECK(PublishedSubnets(0.5).subnets.empty());
}

TEST_CASE("a published file is known by its blob id") {
  CHECK(FindPublishedCheckpoint("d75a3613bae216091f61fc4b7df77d49cc82ed32")->file ==
        "ofa_mbv3_d234_e346_k357_w1.2");
  CHECK(FindPublishedCheckpoint("d75a3613bae216091f61fc4b7df77d49cc82ed33") == nullptr);
}

}  // namespace
}  // namespace dynofa::engine::ofa
