#ifndef DYNOFA_DAEMON_SCENARIO_RULES_RANDOM_H_
#define DYNOFA_DAEMON_SCENARIO_RULES_RANDOM_H_

#include <cstdint>

namespace dynofa::scenario {

/// Random numbers that are the same on every machine: SplitMix64 (Steele et al., OOPSLA 2014). Each
/// use has a stream of its own, so that one more draw somewhere moves nothing elsewhere.
class Random {
 public:
  Random(std::uint64_t seed, std::uint64_t stream);

  std::uint64_t Next();
  /// In (0, 1).
  double Uniform();
  /// Mean 1.
  double Exponential();
  /// Mean 0, standard deviation 1.
  double Normal();

 private:
  std::uint64_t state_;
};

/// What the run time of the `index`-th request of a stream is multiplied by: log-normal with mean 1
/// and standard deviation `noise`. A request has the same factor whoever runs it and whenever, so
/// that policies are compared on equal luck.
double NoiseFactor(std::uint64_t seed, std::uint64_t stream, std::uint64_t index, double noise);

}  // namespace dynofa::scenario

#endif  // DYNOFA_DAEMON_SCENARIO_RULES_RANDOM_H_
