#include "daemon/tools/levels.h"

#include <vector>

#include "daemon/engine/ofa/architecture.h"
#include "tests/support/catch.h"

namespace dynofa::tools {

TEST_CASE("The levels of Dynamic-OFA have the published numbers of MACs") {
  const std::vector<double> published = {235e6, 254e6, 289e6, 376e6, 522e6, 731e6};
  const auto architecture = engine::ofa::Architecture::MobileNetV3(1.2);
  const auto levels = DynamicOfaLevels();
  REQUIRE(levels.size() == published.size());
  for (std::size_t i = 0; i < levels.size(); ++i) {
    const auto plan = MakePlan(architecture, levels[i].config);
    INFO(levels[i].id << ": " << plan.status().ToString());
    REQUIRE(plan.ok());
    CHECK(static_cast<double>(plan->macs) == Approx(published[i]).epsilon(0.005));
  }
}

}  // namespace dynofa::tools
