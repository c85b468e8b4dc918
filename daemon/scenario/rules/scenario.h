#ifndef DYNOFA_DAEMON_SCENARIO_RULES_SCENARIO_H_
#define DYNOFA_DAEMON_SCENARIO_RULES_SCENARIO_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "daemon/engine/catalogue.h"
#include "policies/power_mode.h"
#include "policies/requirement.h"

namespace dynofa::scenario {

/// Requests that are still open when a scenario ends are waited for so long, s.
inline constexpr double kDrainS = 3.0;

/// When a client's requests come. Times count from the client's start.
struct Arrivals {
  enum class Kind {
    kPeriodic,  ///< one every 1 / rate, each moved by at most `jitter_ms` either way
    kPoisson,   ///< independent of each other, `rate` a second on average
    kBursts,    ///< Poisson, with another rate during bursts
    kRecorded,  ///< at `times_s`
  };
  Kind kind = Kind::kPeriodic;
  /// Requests per second; of kBursts between the bursts. For kRecorded the mean, computed.
  double rate_hz = 0.0;
  /// Instead of `rate_hz`: percent of what the board can do at most (Capacity() in capacity.h).
  std::optional<double> load_percent;
  double jitter_ms = 0.0;
  double burst_every_s = 0.0;
  double burst_length_s = 0.0;
  double burst_rate_hz = 0.0;
  /// Ascending, in [0, repeat_s).
  std::vector<double> times_s;
  /// The recording begins again after this long; 0 = it is played once.
  double repeat_s = 0.0;
};

struct Client {
  std::string name;
  std::string model;
  policies::Requirement requirement;
  /// Does the client say its rate in its requirement? Otherwise the manager has to see it.
  bool declares_rate = true;
  Arrivals arrivals;
  double start_s = 0.0;
  std::optional<double> stop_s;
  /// The client gives a request up after this long, ms.
  std::optional<double> patience_ms;
};

struct Model {
  std::string name;
  /// From a ladder file, or from the directory of a model.
  engine::ModelInfo info;
};

/// A client changes its mind; what is not set stays.
struct RequirementChange {
  std::size_t client = 0;
  std::optional<double> latency_ms;
  std::optional<double> percentile;
  std::optional<double> min_accuracy;
  std::optional<int> priority;
  std::optional<double> rate_hz;
  std::optional<double> load_percent;
};

struct ModeChange {
  std::string mode;
};

/// The mode in force gets this cap on the board's power, W; nullopt: its own again.
struct PowerCapChange {
  std::optional<double> watt;
};

struct AmbientChange {
  double celsius = 25.0;
};

/// Other programs take a share (0 to below 1) of a cluster.
struct NeighbourChange {
  std::string cluster;
  double load = 0.0;
};

/// A cluster is taken away altogether, or comes back.
struct ClusterChange {
  std::string cluster;
  bool available = true;
};

struct Event {
  double at_s = 0.0;
  std::variant<RequirementChange, ModeChange, PowerCapChange, AmbientChange, NeighbourChange,
               ClusterChange>
      change;
};

/// A trial of a policy: a board, models, clients, and what happens to them. Plain data, read from a
/// file by LoadScenario.
struct Scenario {
  /// The file's name without folder and ending.
  std::string id;
  std::string title;
  /// What the scenario is for and where its figures come from.
  std::string about;
  std::string board;
  std::string power_mode = "balanced";
  double length_s = 0.0;
  /// Requests and energy before this time do not count.
  double warm_up_s = 0.0;
  std::uint64_t seed = 1;
  /// Standard deviation of the service time, as a share of it.
  double service_noise = 0.0;
  std::vector<policies::PowerMode> power_modes;
  std::vector<Model> models;
  std::vector<Client> clients;
  /// In the order of time.
  std::vector<Event> events;
};

/// Takes over what `change` sets of a requirement. The rate is not a part of it: what a client
/// declares follows from its arrivals.
void ApplyChange(const RequirementChange& change, policies::Requirement* requirement);

/// A short line about an event, such as "camera: latency_ms 40".
std::string EventText(const Scenario& scenario, const Event& event);

/// The modes that every scenario knows besides those of its board and its own: "balanced",
/// "performance" and "power-saver" as the daemon has them.
std::vector<policies::PowerMode> BuiltInModes();

}  // namespace dynofa::scenario

#endif  // DYNOFA_DAEMON_SCENARIO_RULES_SCENARIO_H_
