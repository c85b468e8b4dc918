#include "daemon/engine/cpu/part_timer.h"

#include <chrono>

#include "daemon/engine/ofa/synthetic.h"
#include "daemon/engine/ofa/tiny_manifest_testing.h"
#include "tests/support/catch.h"

namespace dynofa::engine::cpu {
namespace {

// Every look at it is a millisecond later than the one before.
class TickingClock final : public base::Clock {
 public:
  base::TimePoint Now() const override { return now_ += std::chrono::milliseconds(1); }

 private:
  mutable base::TimePoint now_{};
};

TEST_CASE("every part of a net is timed once per run") {
  const ofa::Manifest manifest = ofa::TinyManifest();
  const auto model = *ofa::SyntheticModel(manifest.architecture, manifest.subnets);
  const TickingClock clock;
  const auto timer = *PartTimer::Create(model, 1, clock);
  for (const ofa::Subnet& subnet : manifest.subnets) {
    const auto plan = *ofa::MakePlan(manifest.architecture, subnet.config);
    const std::vector<double> parts = *timer->Time(subnet.id, 3);
    REQUIRE(parts.size() == plan.blocks.size() + 2);  // stem, blocks, tail
    for (double ms : parts) CHECK(ms == Approx(1.0));
  }
}

TEST_CASE("an unknown subnet, no runs and no threads are refused") {
  const ofa::Manifest manifest = ofa::TinyManifest();
  const auto model = *ofa::SyntheticModel(manifest.architecture, manifest.subnets);
  const base::SteadyClock clock;
  CHECK(absl::IsInvalidArgument(PartTimer::Create(model, 0, clock).status()));
  const auto timer = *PartTimer::Create(model, 1, clock);
  CHECK(absl::IsNotFound(timer->Time("none", 3).status()));
  CHECK(absl::IsInvalidArgument(timer->Time("small", 0).status()));
}

}  // namespace
}  // namespace dynofa::engine::cpu
