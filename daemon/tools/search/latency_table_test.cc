#include "daemon/tools/search/latency_table.h"

#include "daemon/tools/search/tiny_space_testing.h"
#include "tests/support/catch.h"

namespace dynofa::tools::search {
namespace {

engine::ofa::NetPlan Plan(const Space& space, const SubnetConfig& config) {
  return *engine::ofa::MakePlan(space.architecture, config);
}

// A time for each part that follows from its shape.
std::vector<double> Times(const engine::ofa::NetPlan& plan) {
  std::vector<double> times = {0.5};
  for (const auto& block : plan.blocks) {
    times.push_back(0.01 * block.mid + 0.1 * block.kernel + 0.001 * block.in_size);
  }
  times.push_back(0.7);
  return times;
}

double Total(const engine::ofa::NetPlan& plan) {
  double total = 0.0;
  for (double ms : Times(plan)) total += ms;
  return total;
}

LatencyTable FullTable(const Space& space) {
  LatencyTable table;
  for (const SubnetConfig& config : TableSubnets(space)) {
    table.Add(Plan(space, config), Times(Plan(space, config)));
  }
  return table;
}

TEST_CASE("the table's subnets hold every part of every subnet, and sums are exact for them") {
  const Space space = TinySpace();
  const LatencyTable table = FullTable(space);
  Random random(1);
  for (int i = 0; i < 200; ++i) {
    const auto plan = Plan(space, DrawUniform(space, random));
    CHECK(*table.Sum(plan) == Approx(Total(plan)));
    CHECK(*table.Latency(plan) == Approx(Total(plan)));  // no correction yet
  }
}

TEST_CASE("parts of equal shapes share an entry, its median") {
  const Space space = TinySpace();
  const auto plan = Plan(space, SmallestSubnet(space.architecture, 16));
  LatencyTable table;
  for (double ms : {5.0, 1.0, 2.0}) {
    table.Add(plan, std::vector<double>(plan.blocks.size() + 2, ms));
  }
  CHECK(table.Entries().size() == plan.blocks.size() + 2);
  for (const auto& [key, ms] : table.Entries()) CHECK(ms == 2.0);
}

TEST_CASE("a part that was not measured is named") {
  const Space space = TinySpace();
  LatencyTable table;
  const auto small = Plan(space, SmallestSubnet(space.architecture, 16));
  table.Add(small, Times(small));
  const auto sum = table.Sum(Plan(space, LargestSubnet(space.architecture, 16)));
  REQUIRE(absl::IsNotFound(sum.status()));
  CHECK(sum.status().ToString().find("kernel 7") != std::string::npos);
}

TEST_CASE("a correction undoes an offset and a factor") {
  const std::vector<double> sums = {1.0, 2.0, 4.0, 8.0};
  std::vector<double> measured;
  for (double sum : sums) measured.push_back(0.3 + 2.1 * sum);
  const Correction correction = FitCorrection(sums, measured);
  CHECK(correction.offset_ms == Approx(0.3));
  CHECK(correction.factor == Approx(2.1));

  const TableError before = CompareLatencies(sums, measured);
  CHECK(before.bias < 0.5);
  CHECK(before.mean > 0.5);
  CHECK(before.subnets == 4);

  const Space space = TinySpace();
  LatencyTable table = FullTable(space);
  const auto plan = Plan(space, LargestSubnet(space.architecture, 24));
  table.set_correction(correction);
  CHECK(*table.Latency(plan) == Approx(0.3 + 2.1 * Total(plan)));
}

TEST_CASE("where no line can be fitted a factor is") {
  CHECK(FitCorrection({2.0, 2.0}, {4.0, 4.0}).factor == Approx(2.0));
  CHECK(FitCorrection({2.0, 2.0}, {4.0, 4.0}).offset_ms == 0.0);
  CHECK(FitCorrection({1.0}, {3.0}).factor == Approx(3.0));
  CHECK(FitCorrection({1.0, 2.0}, {3.0, 1.0}).factor > 0.0);      // falling: noise
  CHECK(FitCorrection({1.0, 2.0}, {0.1, 2.0}).offset_ms == 0.0);  // below 0 for a net of 0.5
  CHECK(FitCorrection({}, {}).factor == 1.0);
}

}  // namespace
}  // namespace dynofa::tools::search
