#include "daemon/engine/profiled_cost_model.h"

#include <algorithm>

#include "tests/support/catch.h"

namespace dynofa::engine {
namespace {

using policies::Evidence;
using policies::OperatingPoint;

ModelInfo Net() {
  ModelInfo info;
  info.name = "net";
  info.catalogue = {{.id = "s", .accuracy = 0.7, .macs = 4'000'000},
                    {.id = "l", .accuracy = 0.8, .macs = 16'000'000}};
  return info;
}

std::vector<policies::ClusterInfo> Clusters() {
  return {{.id = "cpu0", .cores = 2, .frequencies_khz = {500000, 1000000, 2000000}},
          {.id = "cpu2"}};
}

ProfileEntry Measured(double ms, std::optional<double> watt = std::nullopt) {
  return {.latency_ms = {ms, ms, ms, 10},
          .latency_evidence = Evidence::kMeasured,
          .active_power_w = watt,
          .power_evidence = watt ? Evidence::kMeasured : Evidence::kUnknown};
}

std::vector<OperatingPoint> Points(const Profile& profile) {
  const auto prior =
      std::make_shared<MacsCostModel>(std::map<std::string, double>{{"net", 1000.0}});
  return ProfiledCostModel(prior, {{"net", std::make_shared<Profile>(profile)}})
      .Points(Net(), Clusters());
}

const OperatingPoint* Find(const std::vector<OperatingPoint>& points, const std::string& subnet,
                           const std::string& cluster, std::int64_t khz, int threads = 1) {
  const auto found = std::find_if(points.begin(), points.end(), [&](const OperatingPoint& point) {
    return point.subnet == subnet && point.cluster == cluster && point.frequency_khz == khz &&
           point.threads == threads;
  });
  return found == points.end() ? nullptr : &*found;
}

TEST_CASE("a profile's figures take the place of the prior's, with their labels") {
  Profile profile;
  profile.entries[{"s", "cpu0", 1, 2000000}] = Measured(6.0, 1.5);
  profile.entries[{"s", "cpu2", 1, 0}] = Measured(9.0);
  const auto points = Points(profile);
  const OperatingPoint* top = Find(points, "s", "cpu0", 2000000);
  CHECK(top->latency_ms == 6.0);
  CHECK(top->latency_evidence == Evidence::kMeasured);
  CHECK(top->active_power_w == 1.5);
  CHECK(top->accuracy == 0.7);
  CHECK(Find(points, "s", "cpu2", 0)->latency_ms == 9.0);
  // No other frequency was measured, and no other subnet: the prior.
  CHECK(Find(points, "s", "cpu0", 1000000)->latency_evidence == Evidence::kModelled);
  CHECK(Find(points, "s", "cpu0", 1000000)->latency_ms == Approx(8.0));
  CHECK(Find(points, "l", "cpu0", 2000000)->latency_ms == Approx(16.0));
  CHECK(points.size() == 8);
}

TEST_CASE("between two measured frequencies latency is interpolated and called modelled") {
  Profile profile;
  // 2 ms that do not follow the clock and 4 ms at 2 GHz that do.
  profile.entries[{"s", "cpu0", 1, 500000}] = Measured(18.0, 1.0);
  profile.entries[{"s", "cpu0", 1, 2000000}] = Measured(6.0, 4.0);
  const auto points = Points(profile);
  const OperatingPoint* middle = Find(points, "s", "cpu0", 1000000);
  CHECK(middle->latency_ms == Approx(10.0));
  CHECK(middle->latency_evidence == Evidence::kModelled);
  CHECK(*middle->active_power_w == Approx(2.0));
  CHECK(middle->power_evidence == Evidence::kModelled);
}

TEST_CASE("points with more threads come from the profile alone") {
  Profile profile;
  profile.entries[{"l", "cpu0", 2, 1000000}] = Measured(20.0);
  const auto points = Points(profile);
  CHECK(points.size() == 9);
  REQUIRE(Find(points, "l", "cpu0", 1000000, 2) != nullptr);
  CHECK(Find(points, "l", "cpu0", 1000000, 2)->latency_ms == 20.0);
  CHECK(Find(points, "l", "cpu0", 1000000, 1)->latency_ms == Approx(32.0));
  CHECK(Find(points, "l", "cpu0", 2000000, 2) == nullptr);
}

TEST_CASE("a profile of another model changes nothing") {
  Profile profile;
  profile.entries[{"s", "cpu0", 1, 2000000}] = Measured(6.0);
  const auto prior =
      std::make_shared<MacsCostModel>(std::map<std::string, double>{{"net", 1000.0}});
  const ProfiledCostModel costs(prior, {{"other", std::make_shared<Profile>(profile)}});
  const auto points = costs.Points(Net(), Clusters());
  CHECK(Find(points, "s", "cpu0", 2000000)->latency_evidence == Evidence::kModelled);
}

}  // namespace
}  // namespace dynofa::engine
