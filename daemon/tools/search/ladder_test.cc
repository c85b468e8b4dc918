#include "daemon/tools/search/ladder.h"

#include <cmath>

#include "tests/support/catch.h"

namespace dynofa::tools::search {
namespace {

Candidate At(double latency_ms, double accuracy) { return {{}, latency_ms, accuracy}; }

// 41 points, crowded at the cheap end.
std::vector<Candidate> Crowded() {
  std::vector<Candidate> front;
  for (int i = 0; i <= 40; ++i) {
    const double x = i / 40.0;
    front.push_back(At(std::pow(10.0, x * x), 0.8 + 0.1 * x));
  }
  return front;
}

TEST_CASE("a ladder goes from the cheapest to the best with steps as even as can be") {
  const std::vector<Candidate> levels = ChooseLevels(Crowded(), {.levels = 6});
  REQUIRE(levels.size() == 6);
  CHECK(levels.front().accuracy == Approx(0.8));
  CHECK(levels.back().accuracy == Approx(0.9));
  for (std::size_t i = 1; i < levels.size(); ++i) {
    // Six even steps in both would be 0.2; the curve allows more than half of that.
    CHECK((levels[i].accuracy - levels[i - 1].accuracy) / 0.1 > 0.1);
    CHECK(std::log10(levels[i].latency_ms / levels[i - 1].latency_ms) > 0.1);
  }
}

TEST_CASE("steps that a measurement could not tell apart are not taken") {
  const std::vector<Candidate> front = {At(1.0, 0.8), At(1.01, 0.85), At(2.0, 0.9),
                                        At(3.0, 0.9005)};
  const std::vector<Candidate> levels =
      ChooseLevels(front, {.levels = 4, .accuracy_step = 0.002, .latency_step = 1.05});
  REQUIRE(levels.size() == 2);
  CHECK(levels[0].latency_ms == 1.0);
  CHECK(levels[1].accuracy == 0.9005);  // the best is a level; the one just below it is not
}

TEST_CASE("levels below the floor are left out; without any there is no ladder") {
  const std::vector<Candidate> levels =
      ChooseLevels(Crowded(), {.levels = 20, .accuracy_floor = 0.85});
  REQUIRE(!levels.empty());
  CHECK(levels.front().accuracy >= 0.85);
  CHECK(levels.front().accuracy < 0.86);
  CHECK(ChooseLevels(Crowded(), {.accuracy_floor = 0.95}).empty());
  CHECK(ChooseLevels({}, {}).empty());
  CHECK(ChooseLevels({At(1.0, 0.8)}, {}).size() == 1);
}

TEST_CASE("candidates are spread over the logarithm of latency") {
  std::vector<Candidate> front;
  for (int i = 0; i < 100; ++i) front.push_back(At(1.0 + i, 0.5 + 0.001 * i));
  const std::vector<Candidate> spread = Spread(front, 5);
  REQUIRE(spread.size() == 5);
  CHECK(spread.front().latency_ms == 1.0);
  CHECK(spread[2].latency_ms == 10.0);
  CHECK(spread.back().latency_ms == 100.0);
  CHECK(Spread(front, 200).size() == 100);
  CHECK(Spread(front, 1).size() == 1);
  CHECK(Spread(front, 0).empty());
}

}  // namespace
}  // namespace dynofa::tools::search
