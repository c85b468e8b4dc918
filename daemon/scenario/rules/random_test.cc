#include "daemon/scenario/rules/random.h"

#include <cmath>

#include "tests/support/catch.h"

namespace dynofa::scenario {
namespace {

TEST_CASE("a stream repeats itself, and others are others") {
  Random a(1, 2);
  Random same(1, 2);
  Random other_stream(1, 3);
  Random other_seed(2, 2);
  for (int i = 0; i < 100; ++i) {
    const std::uint64_t value = a.Next();
    CHECK(value == same.Next());
    CHECK(value != other_stream.Next());
    CHECK(value != other_seed.Next());
  }
}

TEST_CASE("draws have the moments of their distributions") {
  constexpr int kDraws = 100'000;
  Random random(7, 1);
  double uniform = 0.0;
  double exponential = 0.0;
  double normal = 0.0;
  double square = 0.0;
  for (int i = 0; i < kDraws; ++i) {
    const double draw = random.Uniform();
    REQUIRE((draw > 0.0 && draw < 1.0));
    uniform += draw;
    exponential += random.Exponential();
    const double gauss = random.Normal();
    normal += gauss;
    square += gauss * gauss;
  }
  CHECK(uniform / kDraws == Approx(0.5).epsilon(0.01));
  CHECK(exponential / kDraws == Approx(1.0).epsilon(0.02));
  CHECK(std::abs(normal / kDraws) < 0.02);
  CHECK(square / kDraws == Approx(1.0).epsilon(0.02));
}

TEST_CASE("the noise of a request is its own, with mean 1 and the spread that was asked for") {
  CHECK(NoiseFactor(1, 2, 3, 0.0) == 1.0);
  CHECK(NoiseFactor(1, 2, 3, 0.1) == NoiseFactor(1, 2, 3, 0.1));
  CHECK(NoiseFactor(1, 2, 3, 0.1) != NoiseFactor(1, 2, 4, 0.1));
  double sum = 0.0;
  double squares = 0.0;
  constexpr int kDraws = 50'000;
  for (std::uint64_t i = 0; i < kDraws; ++i) {
    const double factor = NoiseFactor(1, 2, i, 0.1);
    sum += factor;
    squares += (factor - 1.0) * (factor - 1.0);
  }
  CHECK(sum / kDraws == Approx(1.0).epsilon(0.005));
  CHECK(std::sqrt(squares / kDraws) == Approx(0.1).epsilon(0.03));
}

}  // namespace
}  // namespace dynofa::scenario
