#include "daemon/engine/torch/training_phase.h"

#include "daemon/engine/ofa/tiny_manifest_testing.h"
#include "tests/support/catch.h"

namespace dynofa::engine::torch_backend {
namespace {

std::vector<std::string> Names(const std::vector<TrainingPhase>& phases) {
  std::vector<std::string> names;
  for (const TrainingPhase& phase : phases) names.push_back(phase.name);
  return names;
}

TEST_CASE("a supernet shrinks from the full net to every choice of the published one") {
  const ofa::Architecture mbv3 = ofa::Architecture::MobileNetV3(1.0);
  const std::vector<TrainingPhase> phases = ProgressiveShrinking(mbv3, {.subnets_per_step = 4});
  CHECK(Names(phases) ==
        std::vector<std::string>{"full", "kernel", "depth 1", "depth 2", "expand 1", "expand 2"});
  for (const TrainingPhase& phase : phases) CHECK(CheckPhase(phase, mbv3).ok());
  // The table of train_ofa_net.py: what each phase draws from.
  CHECK(phases[0].kernels == std::vector<int>{7});
  CHECK_FALSE(phases[0].distil);
  CHECK(phases[1].kernels == std::vector<int>{3, 5, 7});
  CHECK(phases[1].depths == std::vector<int>{4});
  CHECK(phases[1].subnets_per_step == 1);
  CHECK(phases[2].depths == std::vector<int>{3, 4});
  CHECK(phases[2].sort_within.empty());
  CHECK(phases[3].depths == std::vector<int>{2, 3, 4});
  CHECK(phases[3].expands == std::vector<int>{6});
  CHECK(phases[4].expands == std::vector<int>{4, 6});
  CHECK(phases[4].sort_within == std::vector<int>{6});
  CHECK(phases[5].expands == std::vector<int>{3, 4, 6});
  CHECK(phases[5].sort_within == std::vector<int>{4, 6});
  CHECK(phases[5].subnets_per_step == 4);
  CHECK(phases[5].distil);
  const std::vector<TrainingPhase> polished =
      ProgressiveShrinking(mbv3, {.polish_epochs = 7, .polish_rounds = 2});
  REQUIRE(polished.size() == 8);
  CHECK(polished[7].name == "polish 2");
  CHECK(polished[6].name == "polish");
  CHECK(polished[6].expands == std::vector<int>{3, 4, 6});
  CHECK(polished[6].sort_within.empty());  // channels are where the last phase put them
  CHECK(polished[6].largest_share > phases[5].largest_share);
  CHECK(CheckPhase(polished[6], mbv3).ok());
}

TEST_CASE("phases without epochs or without a choice are left out") {
  ofa::Architecture a = ofa::TinyManifest().architecture;
  a.kernels = {3};
  a.depths = {a.depths.back()};
  CHECK(Names(ProgressiveShrinking(a, {.expand_epochs = 0})) == std::vector<std::string>{"full"});
}

TEST_CASE("the learning rate climbs, then falls to nothing as a cosine") {
  const TrainingPhase phase{.epochs = 9, .learning_rate = 0.4, .warmup_epochs = 1.0};
  CHECK(LearningRate(phase, 0.5) == Approx(0.2));
  CHECK(LearningRate(phase, 1.0) == Approx(0.4));
  CHECK(LearningRate(phase, 5.0) == Approx(0.2));
  CHECK(LearningRate(phase, 9.0) == Approx(0.0).margin(1e-12));
}

TEST_CASE("a phase that does not fit the architecture is refused") {
  const ofa::Architecture a = ofa::Architecture::MobileNetV3(1.0);
  const TrainingPhase good = ProgressiveShrinking(a, {}).back();
  CHECK(CheckPhase(good, a).ok());
  TrainingPhase bad = good;
  bad.kernels = {3, 5};  // the teacher's kernel is not among them
  CHECK_FALSE(CheckPhase(bad, a).ok());
  bad = good;
  bad.expands = {5, 6};
  CHECK_FALSE(CheckPhase(bad, a).ok());
  bad = good;
  bad.depths = {};
  CHECK_FALSE(CheckPhase(bad, a).ok());
  bad = good;
  bad.largest_share = 1.5;
  CHECK_FALSE(CheckPhase(bad, a).ok());
  bad = good;
  bad.epochs = 0;
  CHECK_FALSE(CheckPhase(bad, a).ok());
  bad = good;
  bad.subnets_per_step = 0;
  CHECK_FALSE(CheckPhase(bad, a).ok());
}

}  // namespace
}  // namespace dynofa::engine::torch_backend
