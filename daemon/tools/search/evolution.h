#ifndef DYNOFA_DAEMON_TOOLS_SEARCH_EVOLUTION_H_
#define DYNOFA_DAEMON_TOOLS_SEARCH_EVOLUTION_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "daemon/tools/search/space.h"

namespace dynofa::tools::search {

/// A subnet with what it costs and what it is worth.
struct Candidate {
  SubnetConfig config;
  double latency_ms = 0.0;
  double accuracy = 0.0;
};

/// Parameters of the reference's evolutionary search, fewer generations: one run covers the whole
/// front instead of one latency limit.
struct EvolutionOptions {
  int population = 100;
  int generations = 200;
  double parent_share = 0.25;   ///< of the population, kept and bred from
  double mutation_share = 0.5;  ///< of the children; the others are crossings
  MutationRates rates;
  std::uint64_t seed = 1;
};

/// Gives latency and accuracy of a subnet.
using Scorer = std::function<absl::StatusOr<Candidate>(const SubnetConfig&)>;

/// Evolves towards low latency and high accuracy at once. Parents are those that the fewest others
/// beat (non-dominated fronts), and where a front must be cut, those that stand most alone
/// (crowding distance): Deb et al., NSGA-II, 2002. Starts from `first` and draws of its own.
/// Returns every subnet seen that no other one beats, cheapest first. The same options and scores
/// give the same result.
absl::StatusOr<std::vector<Candidate>> Evolve(const Space& space,
                                              const std::vector<SubnetConfig>& first,
                                              const Scorer& score, const EvolutionOptions& options);

/// The best `count` of `candidates` by front and crowding, best first.
std::vector<Candidate> SelectParents(std::vector<Candidate> candidates, std::size_t count);

}  // namespace dynofa::tools::search

#endif  // DYNOFA_DAEMON_TOOLS_SEARCH_EVOLUTION_H_
