#include "daemon/tools/families/memory.h"

#include <algorithm>
#include <string>

#include "tests/support/catch.h"

namespace dynofa::tools::families {
namespace {

const Family& Find(const std::vector<Family>& families, const std::string& name) {
  return *std::find_if(families.begin(), families.end(),
                       [&](const Family& family) { return family.name == name; });
}

}  // namespace

TEST_CASE("A family that shares its weights stores those of its largest member") {
  const std::vector<Family> families = BuiltInFamilies().value();
  const Family& us = Find(families, "US-MobileNetV1");
  const engine::chain::Cost& full = us.members.back().network.cost;
  const StoredValues shared = SharedValues(us);
  CHECK(shared.weights == full.parameters - 2 * full.batch_norm_channels);
  CHECK(shared.batch_norms == 2 * full.batch_norm_channels);
  CHECK(shared.statistics > shared.batch_norms);
  CHECK(SeparateValues(us).weights > 10 * shared.weights);

  const StoredValues slimmable = SharedValues(Find(families, "Slimmable-MobileNetV1"));
  CHECK(slimmable.batch_norms == slimmable.statistics);
}

TEST_CASE("A supernet has its 10.7 million parameters whatever levels there are") {
  const std::vector<Family> families = BuiltInFamilies().value();
  const StoredValues six = SharedValues(Find(families, "Dynamic-OFA"));
  CHECK(six.weights + six.batch_norms == 10'715'752);
  // Published: 730 KiB of statistics for the six levels.
  CHECK(static_cast<double>(six.statistics) * 4 / 1024 == Approx(730).epsilon(0.001));
}

TEST_CASE("Separate networks store what they count") {
  const std::vector<Family> families = BuiltInFamilies().value();
  const Family& family = Find(families, "Static OFA");
  std::int64_t parameters = 0;
  for (const Member& member : family.members) parameters += member.network.cost.parameters;
  const StoredValues separate = SeparateValues(family);
  CHECK(separate.weights + separate.batch_norms == parameters);
  CHECK(separate.statistics == separate.batch_norms);
  CHECK(SharedValues(family).total() == separate.total());
}

}  // namespace dynofa::tools::families
