#include "daemon/tools/search/predictor.h"

#include <cmath>
#include <random>

#include "daemon/tools/search/tiny_space_testing.h"
#include "tests/support/catch.h"

namespace dynofa::tools::search {
namespace {

// Blocks differ in what they are worth, the second stage's more in deep nets; noise of 0.001.
double Truth(const Space& space, const SubnetConfig& config) {
  double value = 0.5 + 0.005 * config.resolution;
  std::size_t block = 0;
  for (std::size_t s = 0; s < 2; ++s) {
    for (int position = 0; position < 2; ++position, ++block) {
      if (!Runs(space, config, s, position)) continue;
      value += 0.004 * static_cast<double>(block + 1) * config.expands[block];
      value += 0.002 * config.kernels[block] * config.depths[1 - s];
    }
  }
  return value;
}

std::vector<Sample> Samples(const Space& space, std::size_t count) {
  std::vector<Sample> samples;
  Random random(9);
  std::normal_distribution<> noise(0.0, 0.001);
  for (const SubnetConfig& config : DrawSample(space, count, 1)) {
    samples.push_back({config, Truth(space, config) + noise(random)});
  }
  return samples;
}

TEST_CASE("the encoding says which choices are active, and the cost") {
  const Space space = TinySpace();
  SubnetConfig config = SmallestSubnet(space.architecture, 20);
  config.kernels[0] = 5;
  const std::vector<double> places = Encode(space, config);
  REQUIRE(places.size() == 4 * (3 + 3) + 3 + 1);
  CHECK(std::vector(places.begin(), places.begin() + 12) ==
        std::vector<double>{0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0});  // the second block is skipped
  CHECK(std::vector(places.begin() + 24, places.begin() + 27) == std::vector<double>{0, 1, 0});
  const auto plan = *engine::ofa::MakePlan(space.architecture, config);
  CHECK(places.back() == Approx(std::log(static_cast<double>(plan.macs))));
}

TEST_CASE("a predictor learns a function with pairs from samples, and says how well") {
  const Space space = TinySpace();
  const std::vector<Sample> samples = Samples(space, 200);
  const PredictionError error = *CrossValidate(space, samples, 5, 1);
  CHECK(error.subnets == 200);
  CHECK(error.rmse < 0.006);  // the values spread over 0.05
  CHECK(error.spearman > 0.98);
  CHECK(error.kendall > 0.9);

  const AccuracyPredictor predictor = *AccuracyPredictor::Fit(space, samples);
  Random random(77);
  for (int i = 0; i < 50; ++i) {
    const SubnetConfig config = DrawUniform(space, random);
    CHECK(predictor.Predict(config) == Approx(Truth(space, config)).margin(0.02));
  }
}

TEST_CASE("what cannot be predicted is not claimed to be") {
  const Space space = TinySpace();
  std::vector<Sample> samples = Samples(space, 100);
  Random random(1);
  std::normal_distribution<> noise(0.7, 0.01);
  for (Sample& sample : samples) sample.accuracy = noise(random);
  const PredictionError error = *CrossValidate(space, samples, 5, 1);
  CHECK(error.rmse > 0.008);
  CHECK(std::abs(error.spearman) < 0.4);
}

TEST_CASE("the same samples give the same predictor; too few give none") {
  const Space space = TinySpace();
  const std::vector<Sample> samples = Samples(space, 30);
  const AccuracyPredictor a = *AccuracyPredictor::Fit(space, samples);
  const AccuracyPredictor b = *AccuracyPredictor::Fit(space, samples);
  const SubnetConfig config = LargestSubnet(space.architecture, 24);
  CHECK(a.Predict(config) == b.Predict(config));
  const std::vector<Sample> few(samples.begin(), samples.begin() + 7);
  CHECK(absl::IsInvalidArgument(AccuracyPredictor::Fit(space, few).status()));
}

TEST_CASE("errors are those of the definitions") {
  const PredictionError error = Compare({1, 2, 3, 4}, {1, 2, 4, 3});
  CHECK(error.rmse == Approx(std::sqrt(0.5)));
  CHECK(error.bias == Approx(0.0));
  CHECK(Compare({2, 3}, {1, 2}).bias == Approx(1.0));
  CHECK(error.spearman == Approx(0.8));
  CHECK(error.kendall == Approx(4.0 / 6.0));
  CHECK(Compare({1, 2, 3}, {3, 2, 1}).kendall == Approx(-1.0));
  CHECK(Compare({1, 1, 1}, {3, 2, 1}).spearman == Approx(0.0));  // no order at all
  CHECK(Compare({1, 1, 2}, {1, 1, 2}).kendall == Approx(1.0));   // ties in both
}

}  // namespace
}  // namespace dynofa::tools::search
