#include "daemon/manager/profile_plan.h"

#include <algorithm>

#include "daemon/base/strings.h"
#include "tests/support/catch.h"
#include "tests/support/fake_model.h"

namespace dynofa::manager {
namespace {

struct Inputs {
  std::vector<engine::ModelInfo> models = {tests::NetInfo()};
  std::vector<policies::ClusterState> clusters;
  std::vector<policies::OperatingPoint> points;
  std::map<std::string, std::shared_ptr<const engine::Profile>> profiles;

  Inputs() {
    policies::ClusterState cpu;
    cpu.info = {.id = "cpu0",
                .cores = 2,
                .frequencies_khz = {500000, 1000000, 1500000, 2000000},
                .writable = true};
    policies::ClusterState npu;
    npu.info = {.id = "npu", .kind = policies::ClusterKind::kNpu};
    clusters = {cpu, npu};
  }

  absl::StatusOr<ProfilePlan> Plan(const ProfileRequest& request = {}) const {
    return MakeProfilePlan(
        request, {.models = models,
                  .clusters = clusters,
                  .thread_counts =
                      [](const std::string& cluster) {
                        return cluster == "npu" ? std::vector<int>{} : std::vector<int>{1, 2};
                      },
                  .points = points,
                  .profiles = profiles});
  }
};

TEST_CASE("the ends of the table are measured first, then the middle of the widest gap") {
  CHECK(MeasuringOrder({1, 2, 3, 4, 5, 6, 7, 8, 9}) ==
        std::vector<std::int64_t>{9, 1, 5, 3, 7, 2, 4, 6, 8});
  CHECK(MeasuringOrder({1, 2}) == std::vector<std::int64_t>{2, 1});
  CHECK(MeasuringOrder({1}) == std::vector<std::int64_t>{1});
  CHECK(MeasuringOrder({}).empty());
  std::vector<std::int64_t> many;
  for (std::int64_t khz = 0; khz < 100; ++khz) many.push_back(khz);
  auto order = MeasuringOrder(many);
  std::sort(order.begin(), order.end());
  CHECK(order == many);
}

TEST_CASE("a plan covers every subnet, thread count and frequency, and says what it cannot") {
  const Inputs inputs;
  const auto plan = inputs.Plan();
  REQUIRE(plan.ok());
  CHECK(plan->total == 3 * 2 * 4);
  CHECK(plan->known == 0);
  CHECK(plan->batches.size() == 4);
  CHECK(plan->batches[0].frequency_khz == 2000000);
  CHECK(plan->batches[0].sets_clock);
  CHECK(plan->batches[0].cells.size() == 6);
  REQUIRE(plan->gaps.size() == 1);
  CHECK(plan->gaps[0].cluster == "npu");
}

TEST_CASE("what a profile has already is not measured again unless that is asked for") {
  Inputs inputs;
  auto profile = std::make_shared<engine::Profile>();
  for (const char* subnet : {"s", "m", "l"}) {
    for (const int threads : {1, 2}) profile->entries[{subnet, "cpu0", threads, 2000000}] = {};
  }
  profile->entries[{"s", "cpu0", 1, 500000}] = {};
  inputs.profiles["net"] = profile;
  const auto plan = inputs.Plan();
  CHECK(plan->total == 24);
  CHECK(plan->known == 7);
  CHECK(plan->batches.size() == 3);
  CHECK(plan->batches[0].frequency_khz == 500000);
  CHECK(plan->batches[0].cells.size() == 5);
  CHECK(inputs.Plan({.again = true})->known == 0);
}

TEST_CASE("a clock that cannot be set is measured where it stands, and the plan says why") {
  Inputs inputs;
  inputs.clusters[0].info.writable = false;
  inputs.clusters[0].info.read_only_reason = "no cpufreq";
  inputs.clusters[0].frequency_khz = 1400000;
  auto plan = inputs.Plan();
  REQUIRE(plan->batches.size() == 1);
  CHECK(plan->batches[0].frequency_khz == 1500000);
  CHECK_FALSE(plan->batches[0].sets_clock);
  CHECK(plan->gaps[0].reason == "no frequency can be set: no cpufreq");
  inputs.clusters[0].info.frequencies_khz.clear();
  plan = inputs.Plan();
  CHECK(plan->batches.at(0).frequency_khz == 0);
  CHECK(plan->total == 6);
}

TEST_CASE("a request is cut down to what it names, and unknown names are refused") {
  const Inputs inputs;
  const auto plan = inputs.Plan({.clusters = {"cpu0"}, .subnets = {"m"}});
  CHECK(plan->total == 8);
  CHECK(plan->gaps.empty());
  const auto problem = [&](const ProfileRequest& request) {
    const auto refused = inputs.Plan(request);
    CHECK(refused.status().code() == absl::StatusCode::kInvalidArgument);
    return std::string(base::FromAbsl(refused.status().message()));
  };
  CHECK(problem({.subnets = {"xl"}}).find("there are: l, m, s") != std::string::npos);
  CHECK(problem({.clusters = {"gpu"}}).find("cpu0, npu") != std::string::npos);
  CHECK(problem({.models = {"nets"}}).find("there are: net") != std::string::npos);
}

TEST_CASE("a batch stays small, so that its results are saved soon") {
  Inputs inputs;
  for (int i = 0; i < 20; ++i) {
    engine::SubnetInfo subnet = inputs.models[0].catalogue[0];
    subnet.id = base::StrCat("x", i);
    inputs.models[0].catalogue.push_back(subnet);
  }
  const auto plan = inputs.Plan();
  std::size_t cells = 0;
  for (const ProfileBatch& batch : plan->batches) {
    CHECK(batch.cells.size() <= 16);
    cells += batch.cells.size();
  }
  CHECK(cells == 23 * 2 * 4);
}

}  // namespace
}  // namespace dynofa::manager
