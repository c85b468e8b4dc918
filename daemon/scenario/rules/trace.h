#ifndef DYNOFA_DAEMON_SCENARIO_RULES_TRACE_H_
#define DYNOFA_DAEMON_SCENARIO_RULES_TRACE_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace dynofa::scenario {

/// How a request ended.
enum class End {
  kAnswered,
  kExpired,     ///< the client gave up while it was queued
  kRefused,     ///< not admitted to the queue, or its client not to the board
  kFailed,      ///< its cluster went away while it ran
  kUnanswered,  ///< still open when the simulation ended
};

struct RequestRecord {
  std::size_t client = 0;
  /// When it was due to be sent, seconds since the start of the scenario.
  double scheduled_s = 0.0;
  /// What held for it: the client's requirement at that time.
  std::optional<double> target_ms;
  double min_accuracy = 0.0;
  End end = End::kUnanswered;
  /// From scheduled_s to the answer, ms. This and what follows holds for answered ones alone.
  double response_ms = 0.0;
  double compute_ms = 0.0;
  double accuracy = 0.0;
  std::size_t subnet = 0;   ///< index into the model's catalogue
  std::size_t cluster = 0;  ///< index into the board's clusters
  std::int64_t khz = 0;     ///< of the cluster when the run began
  /// Another run was given up for this one, which would have been late.
  bool restarted = false;
  /// The machine took longer than the emulated board would have; never in a simulation.
  bool overrun = false;

  double EndS() const { return scheduled_s + response_ms * 1e-3; }
};

/// The state of the board over a tenth of a second.
struct BoardSample {
  struct Cluster {
    std::int64_t khz = 0;  ///< at the end
    double busy = 0.0;     ///< share of the time in which inferences ran
    double foreign_load = 0.0;
    double temperature_c = 0.0;
    bool available = true;
  };
  double end_s = 0.0;
  double power_w = 0.0;  ///< mean
  std::vector<Cluster> clusters;
};

/// Energy since the start, J.
struct Energy {
  double constant_j = 0.0;       ///< parts of the rails that nothing changes
  double idle_j = 0.0;           ///< clock trees and leakage of the clusters
  double neighbours_j = 0.0;     ///< activity of other programs
  std::vector<double> client_j;  ///< activity of each client's runs
  std::vector<double> client_busy_s;

  double BoardJ() const;
};

/// What power mode and caps allowed from `from_s` on.
struct Caps {
  double from_s = 0.0;
  std::string mode;
  std::optional<double> max_power_w;
  std::vector<std::int64_t> max_khz;  ///< by cluster; 0 = must stay idle
};

/// Something that the scenario did.
struct Mark {
  double at_s = 0.0;
  std::string text;
  /// The client it concerns; nullopt: all of them.
  std::optional<std::size_t> client;
};

/// What one player of a scenario saw.
struct Trace {
  std::string policy;
  std::uint64_t seed = 0;
  double length_s = 0.0;
  double warm_up_s = 0.0;
  std::vector<std::string> clusters;
  std::vector<std::string> clients;
  std::vector<std::vector<std::string>> subnets;  ///< by client, its model's catalogue
  std::vector<double> percentiles;                ///< by client, what its requirement asks for
  std::vector<RequestRecord> requests;            ///< in the order of scheduled_s
  std::vector<BoardSample> samples;
  std::vector<Caps> caps;
  std::vector<Mark> marks;
  /// Used between warm_up_s and length_s.
  Energy energy;
  /// By cluster: seconds at each clock, from warm_up_s to length_s.
  std::vector<std::map<std::int64_t, double>> residency_s;
  std::int64_t frequency_switches = 0;  ///< changes of a cluster's clock in that time
  std::int64_t decisions = 0;           ///< that changed something, all in all
  /// By client: why it was not let in; empty if it was.
  std::vector<std::string> refusals;
};

}  // namespace dynofa::scenario

#endif  // DYNOFA_DAEMON_SCENARIO_RULES_TRACE_H_
