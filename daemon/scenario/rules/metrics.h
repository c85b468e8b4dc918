#ifndef DYNOFA_DAEMON_SCENARIO_RULES_METRICS_H_
#define DYNOFA_DAEMON_SCENARIO_RULES_METRICS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/scenario/rules/statistics.h"
#include "daemon/scenario/rules/trace.h"

namespace dynofa::scenario {

/// How a client fared. Counted are the requests scheduled from warm_up_s on.
struct ClientMetrics {
  std::string name;
  std::int64_t issued = 0;
  std::int64_t answered = 0;
  std::int64_t on_time = 0;  ///< answered within the target that held for them
  std::int64_t expired = 0;
  std::int64_t refused = 0;
  std::int64_t failed = 0;
  std::int64_t unanswered = 0;
  std::int64_t below_floor = 0;  ///< answered by a subnet below the accuracy floor
  std::int64_t over_cap = 0;     ///< answered while a cap was broken
  std::int64_t overruns = 0;     ///< answered later than the emulated board would have
  std::int64_t restarted = 0;    ///< answered by a run for which another one was given up
  /// On time, at or above the floor and caps kept.
  std::int64_t attained = 0;
  double percentile = 99.0;  ///< that the requirement asks for
  Verdict verdict = Verdict::kUndecided;
  /// Of all issued requests, an unanswered one counting as later than all others; infinite where
  /// that reaches, NaN without requests.
  double p50_ms = 0.0;
  double p90_ms = 0.0;
  double p99_ms = 0.0;
  double mean_accuracy = 0.0;  ///< of the answers
  /// Activity of its runs, and by its share of busy time what the board draws without activity.
  double energy_j = 0.0;
  std::int64_t subnet_switches = 0;
  std::int64_t cluster_switches = 0;
  std::map<std::string, double> subnet_share;   ///< of the answers
  std::map<std::string, double> cluster_share;  ///< of the answers
  /// Why it was not let in, or empty.
  std::string refusal;

  /// Percent of the issued requests.
  double Attainment() const;
};

/// How soon a client's requirement held again after something happened: at the first of
/// kStreak attained requests in a row.
struct Recovery {
  std::string event;
  double at_s = 0.0;
  std::string client;
  bool recovered = false;
  std::int64_t requests = 0;  ///< scheduled from the event on before that one
  double ms = 0.0;            ///< from the event to that one

  /// Within 5 requests or 250 ms, whichever is later.
  bool Prompt() const { return recovered && (requests <= 5 || ms <= 250.0); }

  static constexpr int kStreak = 10;
};

/// One play of a scenario in figures. Of a simulation all of them are emulated.
struct RunMetrics {
  std::string policy;
  std::uint64_t seed = 0;
  std::vector<ClientMetrics> clients;
  std::vector<Recovery> recoveries;
  /// Over all clients' requests.
  double attainment = 0.0;     ///< percent
  double mean_accuracy = 0.0;  ///< of the answers, percent
  double p99_ms = 0.0;         ///< of the answers
  double board_j = 0.0;
  double neighbours_j = 0.0;  ///< in board_j: activity of other programs
  double mean_power_w = 0.0;
  /// Board energy without the neighbours' activity per attained request, mJ; infinite without any.
  double mj_per_attained = 0.0;
  std::int64_t subnet_switches = 0;
  std::int64_t cluster_switches = 0;
  std::int64_t frequency_switches = 0;
  std::int64_t decisions = 0;
  double hottest_c = 0.0;
  /// Cluster to clock (kHz) to share of the time.
  std::map<std::string, std::map<std::int64_t, double>> residency;
};

RunMetrics Measure(const Trace& trace);

/// Were mode and cap kept at the answer of `request`: was the cluster allowed, at a clock that
/// was, and the board's mean power over the second before at most 2 % above the cap? Nothing is
/// broken in the first 100 ms (clocks) or second (power) of a cap.
bool KeptCaps(const Trace& trace, const RequestRecord& request);

}  // namespace dynofa::scenario

#endif  // DYNOFA_DAEMON_SCENARIO_RULES_METRICS_H_
