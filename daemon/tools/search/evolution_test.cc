#include "daemon/tools/search/evolution.h"

#include <cmath>
#include <set>

#include "daemon/tools/search/tiny_space_testing.h"
#include "policies/pareto.h"
#include "tests/support/catch.h"

namespace dynofa::tools::search {
namespace {

// A made-up world: latency from multiply-adds and the number of blocks, accuracy that saturates
// with size, in which blocks differ and large kernels pay in deep nets only.
Candidate Score(const Space& space, const SubnetConfig& config) {
  const auto plan = *engine::ofa::MakePlan(space.architecture, config);
  double size = 0.1 * config.resolution;
  std::size_t block = 0;
  for (std::size_t s = 0; s < config.depths.size(); ++s) {
    for (int position = 0; position < 2; ++position, ++block) {
      if (!Runs(space, config, s, position)) continue;
      size += 0.3 * config.expands[block] * (1.0 + 0.2 * static_cast<double>(block)) +
              0.1 * config.kernels[block] * (config.depths[s] - 1);
    }
  }
  return {config,
          1e-6 * static_cast<double>(plan.macs) + 0.02 * static_cast<double>(plan.blocks.size()),
          0.9 - std::exp(-0.3 * size)};
}

std::vector<SubnetConfig> AllSubnets(const Space& space) {
  std::vector<SubnetConfig> all;
  std::set<std::string> seen;
  SubnetConfig config = LargestSubnet(space.architecture, 24);
  const auto& a = space.architecture;
  // Counts through all choices of four blocks, two depths and a resolution.
  for (int code = 0; code < 81 * 81 * 4 * 3; ++code) {
    int rest = code;
    const auto take = [&rest](const std::vector<int>& choices) {
      const auto n = static_cast<int>(choices.size());
      const int choice = choices[static_cast<std::size_t>(rest % n)];
      rest /= n;
      return choice;
    };
    for (int& kernel : config.kernels) kernel = take(a.kernels);
    for (int& expand : config.expands) expand = take(a.expands);
    for (int& depth : config.depths) depth = take(a.depths);
    config.resolution = take(space.resolutions);
    const SubnetConfig canonical = Canonical(space, config);
    if (seen.insert(Text(canonical)).second) all.push_back(canonical);
  }
  return all;
}

double LatencyOf(const Candidate& candidate) { return candidate.latency_ms; }

// The best accuracy within a latency.
double BestWithin(const std::vector<Candidate>& front, double latency_ms) {
  double best = 0.0;
  for (const Candidate& c : front) {
    if (c.latency_ms <= latency_ms) best = std::max(best, c.accuracy);
  }
  return best;
}

TEST_CASE("evolution finds the front that enumeration finds") {
  const Space space = TinySpace();
  std::vector<Candidate> exact;
  for (const SubnetConfig& config : AllSubnets(space)) exact.push_back(Score(space, config));
  REQUIRE(exact.size() == 24300);
  policies::KeepPareto(exact, LatencyOf);
  REQUIRE(exact.size() > 20);

  int scored = 0;
  const Scorer score = [&](const SubnetConfig& config) -> absl::StatusOr<Candidate> {
    ++scored;
    return Score(space, config);
  };
  const auto found = *Evolve(space, {}, score, {.generations = 60});
  CHECK(scored < 24300 / 4);
  const double span = exact.back().accuracy - exact.front().accuracy;
  double worst = 0.0;
  for (const Candidate& point : exact) {
    worst = std::max(worst, point.accuracy - BestWithin(found, point.latency_ms));
  }
  CHECK(worst < 0.02 * span);
  CHECK(found.front().latency_ms == Approx(exact.front().latency_ms));
  CHECK(found.back().accuracy == Approx(exact.back().accuracy));
}

TEST_CASE("no member of the result beats another, and the same seed gives it again") {
  const Space space = TinySpace();
  const Scorer score = [&](const SubnetConfig& c) -> absl::StatusOr<Candidate> {
    return Score(space, c);
  };
  const EvolutionOptions options{.population = 20, .generations = 5, .seed = 4};
  const auto a = *Evolve(space, {}, score, options);
  const auto b = *Evolve(space, {}, score, options);
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    CHECK(Text(a[i].config) == Text(b[i].config));
    if (i > 0) CHECK((a[i].latency_ms > a[i - 1].latency_ms && a[i].accuracy > a[i - 1].accuracy));
  }
}

TEST_CASE("what evolution is given first is never lost to something worse") {
  const Space space = TinySpace();
  const Scorer score = [&](const SubnetConfig& c) -> absl::StatusOr<Candidate> {
    return Score(space, c);
  };
  const SubnetConfig cheapest = Canonical(space, SmallestSubnet(space.architecture, 16));
  const auto found = *Evolve(space, {cheapest}, score, {.population = 4, .generations = 1});
  CHECK(Text(found.front().config) == Text(cheapest));
}

TEST_CASE("a score that fails ends the search with its error") {
  const Scorer score = [](const SubnetConfig&) -> absl::StatusOr<Candidate> {
    return absl::NotFoundError("no such part");
  };
  CHECK(absl::IsNotFound(Evolve(TinySpace(), {}, score, {}).status()));
}

TEST_CASE("parents are the unbeaten ones, the lonely ones first") {
  const auto candidate = [](double latency, double accuracy) {
    return Candidate{{}, latency, accuracy};
  };
  const std::vector<Candidate> candidates = {
      candidate(1.0, 0.5), candidate(1.1, 0.55), candidate(1.2, 0.6),
      candidate(3.0, 0.8), candidate(5.0, 0.9),  candidate(2.0, 0.4),  // beaten
  };
  const std::vector<Candidate> parents = SelectParents(candidates, 4);
  REQUIRE(parents.size() == 4);
  for (const Candidate& parent : parents) CHECK(parent.accuracy != 0.4);
  CHECK(parents[0].accuracy == 0.5);  // the ends
  CHECK(parents[1].accuracy == 0.9);
  CHECK(parents[2].accuracy == 0.8);  // the widest gaps
  const std::vector<Candidate> all = SelectParents(candidates, 10);
  REQUIRE(all.size() == 6);
  CHECK(all.back().accuracy == 0.4);
}

}  // namespace
}  // namespace dynofa::tools::search
