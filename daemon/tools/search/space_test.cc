#include "daemon/tools/search/space.h"

#include <algorithm>
#include <map>
#include <set>

#include "daemon/tools/search/tiny_space_testing.h"
#include "tests/support/catch.h"

namespace dynofa::tools::search {
namespace {

bool Fits(const Space& space, const SubnetConfig& config) {
  return engine::ofa::MakePlan(space.architecture, config).ok() &&
         std::count(space.resolutions.begin(), space.resolutions.end(), config.resolution) == 1;
}

TEST_CASE("subnets that run the same blocks have one spelling") {
  const Space space = TinySpace();
  SubnetConfig a = SmallestSubnet(space.architecture, 16);
  a.depths = {1, 2};
  SubnetConfig b = a;
  b.kernels[1] = 7;  // the second block of stage 0 does not run
  b.expands[1] = 6;
  CHECK(Text(Canonical(space, a)) == Text(Canonical(space, b)));
  CHECK(SubnetId(Canonical(space, a)) == SubnetId(Canonical(space, b)));
  b.kernels[0] = 7;  // the first does
  CHECK(Text(Canonical(space, a)) != Text(Canonical(space, b)));
  CHECK(SubnetId(Canonical(space, a)) != SubnetId(Canonical(space, b)));
}

TEST_CASE("a depth that a stage cannot reach is the depth that it has") {
  Space space = TinySpace();
  space.architecture.depths = {1, 2, 3};
  SubnetConfig config = SmallestSubnet(space.architecture, 16);
  config.depths = {3, 1};
  CHECK(Canonical(space, config).depths == std::vector<int>{2, 1});
}

TEST_CASE("texts and ids say resolution and depths") {
  const Space space = TinySpace();
  const SubnetConfig config = SmallestSubnet(space.architecture, 16);
  CHECK(Text(config) == "r16 d1.1 k3.3.3.3 e3.3.3.3");
  const std::string id = SubnetId(config);
  CHECK(id.substr(0, 8) == "r16-d11-");
  CHECK(id.size() == 14);
  CHECK(id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789._-") == std::string::npos);
}

TEST_CASE("draws fit the space and reach all of it") {
  const Space space = TinySpace();
  Random random(7);
  std::map<int, int> resolutions;
  std::set<std::string> seen;
  for (int i = 0; i < 400; ++i) {
    const SubnetConfig config =
        i % 2 == 0 ? DrawUniform(space, random) : DrawLeaning(space, random);
    REQUIRE(Fits(space, config));
    CHECK(Text(Canonical(space, config)) == Text(config));
    ++resolutions[config.resolution];
    seen.insert(Text(config));
  }
  CHECK(resolutions.size() == space.resolutions.size());
  CHECK(seen.size() > 200);
}

TEST_CASE("leaning draws reach the ends more often than uniform ones") {
  const Space space = TinySpace();
  Random random(3);
  int leaning = 0, uniform = 0;
  const auto extreme = [](const SubnetConfig& c) {
    return std::count(c.expands.begin(), c.expands.end(), 6) == 4 ? 1 : 0;
  };
  for (int i = 0; i < 500; ++i) {
    leaning += extreme(DrawLeaning(space, random));
    uniform += extreme(DrawUniform(space, random));
  }
  CHECK(leaning > 3 * uniform);
}

TEST_CASE("mutation changes nothing, some genes or all, as its rates say") {
  const Space space = TinySpace();
  const SubnetConfig parent = LargestSubnet(space.architecture, 24);
  Random random(5);
  CHECK(Text(Mutate(space, parent, {0.0, 0.0}, random)) == Text(parent));
  int changed = 0, resolution_changed = 0;
  for (int i = 0; i < 200; ++i) {
    const SubnetConfig child = Mutate(space, parent, {0.1, 0.0}, random);
    REQUIRE(Fits(space, child));
    changed += Text(child) != Text(parent) ? 1 : 0;
    resolution_changed += child.resolution != parent.resolution ? 1 : 0;
  }
  CHECK(changed > 50);
  CHECK(changed < 190);
  CHECK(resolution_changed == 0);
}

TEST_CASE("a crossing has each gene from one of its parents, a block's kernel with its expansion") {
  const Space space = TinySpace();
  const SubnetConfig small = Canonical(space, SmallestSubnet(space.architecture, 16));
  SubnetConfig large = LargestSubnet(space.architecture, 24);
  Random random(11);
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const SubnetConfig child = Cross(space, small, large, random);
    REQUIRE(Fits(space, child));
    seen.insert(Text(child));
    for (std::size_t block = 0; block < child.kernels.size(); ++block) {
      CHECK((child.kernels[block] == 3) == (child.expands[block] == 3));
    }
  }
  CHECK(seen.size() > 20);
}

}  // namespace
}  // namespace dynofa::tools::search
