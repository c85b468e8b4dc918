#include "daemon/tools/search/evolution.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <set>
#include <string>
#include <utility>

#include "daemon/base/status.h"
#include "policies/pareto.h"

namespace dynofa::tools::search {
namespace {

// How often a child is bred anew because it has been seen, before it is accepted that the
// neighbourhood is explored.
constexpr int kTriesPerChild = 10;

double LatencyOf(const Candidate& candidate) { return candidate.latency_ms; }

bool Dominates(const Candidate& a, const Candidate& b) {
  return a.latency_ms <= b.latency_ms && a.accuracy >= b.accuracy &&
         (a.latency_ms < b.latency_ms || a.accuracy > b.accuracy);
}

using Front = std::vector<std::size_t>;  // indices into the candidates

// Peels the candidates into fronts: no member of the first is dominated, no member of the second
// but by the first, and so on.
std::vector<Front> Fronts(const std::vector<Candidate>& candidates) {
  std::vector<std::size_t> left(candidates.size());
  std::iota(left.begin(), left.end(), std::size_t{0});
  std::vector<Front> fronts;
  while (!left.empty()) {
    Front front;
    std::vector<std::size_t> behind;
    for (std::size_t i : left) {
      const bool beaten = std::any_of(left.begin(), left.end(), [&](std::size_t j) {
        return Dominates(candidates[j], candidates[i]);
      });
      (beaten ? behind : front).push_back(i);
    }
    fronts.push_back(std::move(front));
    left = std::move(behind);
  }
  return fronts;
}

// How far the neighbours on either side of each member are, in latency and accuracy relative to
// the front's extent; infinite at the ends.
std::vector<double> Crowding(const std::vector<Candidate>& candidates, const Front& front) {
  std::vector<std::size_t> order(front.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto at = [&](std::size_t place) -> const Candidate& {
    return candidates[front[order[place]]];
  };
  // Sorted by latency a front is sorted by accuracy too.
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return candidates[front[a]].latency_ms < candidates[front[b]].latency_ms;
  });
  const std::size_t last = front.size() - 1;
  const double latency_span = std::max(at(last).latency_ms - at(0).latency_ms, 1e-12);
  const double accuracy_span = std::max(at(last).accuracy - at(0).accuracy, 1e-12);
  std::vector<double> distance(front.size(), std::numeric_limits<double>::infinity());
  for (std::size_t place = 1; place < last; ++place) {
    distance[order[place]] = (at(place + 1).latency_ms - at(place - 1).latency_ms) / latency_span +
                             (at(place + 1).accuracy - at(place - 1).accuracy) / accuracy_span;
  }
  return distance;
}

// One run of the search.
class Evolution {
 public:
  Evolution(const Space& space, const Scorer& score, const EvolutionOptions& options)
      : space_(space), score_(score), options_(options), random_(options.seed) {}

  absl::Status Begin(const std::vector<SubnetConfig>& first) {
    for (const SubnetConfig& config : first) {
      DYNOFA_RETURN_IF_ERROR(Add(Canonical(space_, config)));
    }
    for (int i = 0; i < options_.population; ++i) {
      DYNOFA_RETURN_IF_ERROR(
          Add(i % 2 == 0 ? DrawUniform(space_, random_) : DrawLeaning(space_, random_)));
    }
    return absl::OkStatus();
  }

  absl::Status Generation() {
    const auto parents = std::max(2.0, options_.parent_share * options_.population);
    population_ = SelectParents(std::move(population_), static_cast<std::size_t>(parents));
    const std::vector<Candidate> bred_from = population_;
    const int children = options_.population - static_cast<int>(bred_from.size());
    for (int child = 0; child < children; ++child) {
      DYNOFA_RETURN_IF_ERROR(Add(Breed(bred_from, child < options_.mutation_share * children)));
    }
    policies::KeepPareto(best_, LatencyOf);
    return absl::OkStatus();
  }

  std::vector<Candidate> TakeBest() { return std::move(best_); }

 private:
  SubnetConfig Breed(const std::vector<Candidate>& parents, bool mutant) {
    std::uniform_int_distribution<std::size_t> any(0, parents.size() - 1);
    SubnetConfig child;
    for (int i = 0; i < kTriesPerChild; ++i) {
      const SubnetConfig& parent = parents[any(random_)].config;
      child = mutant ? Mutate(space_, parent, options_.rates, random_)
                     : Cross(space_, parent, parents[any(random_)].config, random_);
      if (!seen_.contains(Text(child))) break;
    }
    return child;
  }

  absl::Status Add(const SubnetConfig& config) {
    if (!seen_.insert(Text(config)).second) return absl::OkStatus();
    DYNOFA_ASSIGN_OR_RETURN(Candidate candidate, score_(config));
    best_.push_back(candidate);
    population_.push_back(std::move(candidate));
    return absl::OkStatus();
  }

  const Space& space_;
  const Scorer& score_;
  const EvolutionOptions& options_;
  Random random_;
  std::set<std::string> seen_;
  std::vector<Candidate> population_;
  std::vector<Candidate> best_;  // a superset of what no other one beats
};

}  // namespace

std::vector<Candidate> SelectParents(std::vector<Candidate> candidates, std::size_t count) {
  std::vector<Candidate> selected;
  for (const Front& front : Fronts(candidates)) {
    const std::vector<double> distance = Crowding(candidates, front);
    std::vector<std::size_t> order(front.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return distance[a] > distance[b]; });
    for (std::size_t place : order) {
      if (selected.size() == count) return selected;
      selected.push_back(candidates[front[place]]);
    }
  }
  return selected;
}

absl::StatusOr<std::vector<Candidate>> Evolve(const Space& space,
                                              const std::vector<SubnetConfig>& first,
                                              const Scorer& score,
                                              const EvolutionOptions& options) {
  Evolution evolution(space, score, options);
  DYNOFA_RETURN_IF_ERROR(evolution.Begin(first));
  for (int generation = 0; generation < options.generations; ++generation) {
    DYNOFA_RETURN_IF_ERROR(evolution.Generation());
  }
  std::vector<Candidate> best = evolution.TakeBest();
  policies::KeepPareto(best, LatencyOf);
  return best;
}

}  // namespace dynofa::tools::search
