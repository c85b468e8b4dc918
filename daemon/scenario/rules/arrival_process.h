#ifndef DYNOFA_DAEMON_SCENARIO_RULES_ARRIVAL_PROCESS_H_
#define DYNOFA_DAEMON_SCENARIO_RULES_ARRIVAL_PROCESS_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "daemon/scenario/rules/random.h"
#include "daemon/scenario/rules/scenario.h"

namespace dynofa::scenario {

/// Mean requests per second, bursts included.
double MeanRateHz(const Arrivals& arrivals);

/// What the arrivals of a scenario's `client` are drawn from: whoever plays the scenario with this
/// seed gets the same.
Random ArrivalRandom(std::uint64_t seed, std::size_t client);

/// Gives the arrivals of a client one after the other. Does not look at how requests end: an
/// open loop, as MLPerf's Server scenario has it.
class ArrivalProcess {
 public:
  /// `arrivals.rate_hz` must be set (not load_percent). Times count from the client's start.
  ArrivalProcess(Arrivals arrivals, Random random);

  /// The next arrival, not before the one before; nullopt when a recording has ended.
  std::optional<double> Next();

  /// From `now_s` on another rate holds (periodic and Poisson arrivals); an arrival that was given
  /// for later is taken back.
  void SetRate(double rate_hz, double now_s);

 private:
  double NextPeriodic();
  double NextBurst();
  std::optional<double> NextRecorded();

  Arrivals arrivals_;
  Random random_;
  double last_s_ = 0.0;  ///< the arrival before; of periodic ones its place without jitter
  double given_s_ = 0.0;
  std::size_t played_ = 0;
  bool first_ = true;
};

}  // namespace dynofa::scenario

#endif  // DYNOFA_DAEMON_SCENARIO_RULES_ARRIVAL_PROCESS_H_
