#ifndef DYNOFA_TYPES_H_
#define DYNOFA_TYPES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

// The values that the client library takes and gives. Every figure has a label beside it:
// "measured", "emulated", "published", "modelled" or "unknown".

namespace dynofa::client {

/// What a session asks for. Unset parts ask for nothing.
struct Requirement {
  /// Response time, queue included, ms, > 0.
  std::optional<double> latency_ms;
  /// Percent of the requests that must meet it, (0, 100]; 99 if unset.
  std::optional<double> percentile;
  /// Lowest acceptable top-1 accuracy, a fraction in [0, 1].
  std::optional<double> min_accuracy;
  /// Highest acceptable energy per inference, mJ, > 0.
  std::optional<double> max_energy_mj;
  /// Requests per second that will be sent; 0 = unknown.
  double rate_hz = 0.0;
  /// 1 (most important) to 9; 5 if unset.
  std::optional<int> priority;
};

/// Why something was decided: a code for programs, a sentence for people.
struct Reason {
  std::string code;
  std::string text;
};

/// One way to run a model, and what it costs.
struct OperatingPoint {
  std::string model;
  std::string subnet;
  std::string cluster;
  int threads = 1;
  std::int64_t frequency_khz = 0;  ///< 0: cannot be set
  double latency_ms = 0.0;
  std::string latency_label;
  std::optional<double> active_power_w;
  std::string power_label;
  double accuracy = 0.0;
  std::string accuracy_label;
};

/// Where and how a session's requests run until the next decision.
struct Assignment {
  OperatingPoint point;
  /// Does the point meet the requirement, as far as the daemon knows?
  bool feasible = true;
  double predicted_latency_ms = 0.0;
  std::vector<Reason> reasons;
};

/// What the daemon saw of a session in its last period.
struct Observation {
  std::int64_t completed = 0;
  std::int64_t missed = 0;
  double p50_ms = 0.0;
  double p99_ms = 0.0;
  double rate_hz = 0.0;
  /// In time only since a run was given up for one of a cheaper subnet.
  std::int64_t restarted = 0;
};

struct SessionInfo {
  std::string id;
  std::string model;
  std::string client_name;
  /// "stream", "lease" or "implicit".
  std::string kind;
  std::uint32_t uid = 0;
  std::int32_t pid = 0;
  Requirement requirement;
  /// nullopt while no cluster is available.
  std::optional<Assignment> assignment;
  Observation observed;
  std::int64_t total_completed = 0;
  std::int64_t total_missed = 0;
  std::int64_t total_restarted = 0;
};

struct ClusterSetting {
  std::string governor;
  std::int64_t min_khz = 0;
  std::int64_t max_khz = 0;
};

struct ClusterInfo {
  std::string id;
  /// "cpu", "gpu", "npu", "dla" or "fpga".
  std::string kind;
  std::vector<int> host_cpus;
  bool available = true;
  bool writable = false;
  std::string read_only_reason;
  std::int64_t frequency_khz = 0;  ///< 0: unknown
  std::int64_t lowest_khz = 0;
  std::int64_t highest_khz = 0;
  double temperature_c = 0.0;  ///< 0: unknown
  /// Run times over those of the profile.
  double slowdown = 1.0;
  /// Share that other programs use, 0..1.
  double foreign_load = 0.0;
  ClusterSetting requested;
  ClusterSetting effective;
  std::string limited_by;
};

struct PowerMode {
  std::string name;
  std::string description;
  std::string objective;
};

struct HostedModel {
  std::string name;
  std::string backend;
  /// Cheapest first.
  std::vector<std::string> subnets;
  /// Points of the profile in force; 0 without one.
  std::int64_t profile_points = 0;
};

struct Rail {
  std::string name;
  double power_w = 0.0;
};

/// Everything there is to see at one moment.
struct Status {
  std::string version;
  std::string board;
  /// Id of the emulated board; empty on real hardware.
  std::string emulated_board;
  double uptime_s = 0.0;
  std::string power_mode;
  std::vector<PowerMode> power_modes;
  std::string policy;
  std::vector<HostedModel> models;
  std::vector<ClusterInfo> clusters;
  std::vector<Rail> rails;
  double board_power_w = 0.0;
  /// Of rails and board power; empty without a rail.
  std::string power_label;
  std::vector<SessionInfo> sessions;
  std::uint64_t decision_number = 0;
  std::vector<Reason> reasons;
  std::optional<double> predicted_power_w;
  /// What is missing and why, a sentence each.
  std::vector<std::string> notes;
};

struct SubnetInfo {
  std::string id;
  double accuracy = 0.0;
};

/// What a model takes and gives.
struct ModelInfo {
  std::string name;
  std::string version;
  std::string family;
  std::string provenance;
  std::string input_name;
  std::string output_name;
  /// Of the classes, in the order of the logits.
  std::vector<std::string> labels;
  /// Cheapest first.
  std::vector<SubnetInfo> subnets;
  std::string accuracy_label;
};

/// A picture: RGB, 8 bits each, rows from top to bottom without gaps. The pixels are not owned;
/// they are copied before the call returns.
struct ImageView {
  const std::uint8_t* pixels = nullptr;  ///< height * width * 3 bytes
  int width = 0;
  int height = 0;
};

/// An input that the client has prepared: FP32, [3, side, side], normalised. Not owned, as above.
struct TensorView {
  const float* values = nullptr;  ///< 3 * side * side numbers
  int side = 0;
};

struct InferOptions {
  /// Empty: the only hosted model. With more than one it must be named.
  std::string model;
  /// Id of an open session of this user; empty: the connection's own.
  std::string session;
  /// For this request, instead of the session's.
  std::optional<double> slo_ms;
  std::optional<double> min_accuracy;
  /// Exactly this subnet.
  std::string subnet;
  /// How long to wait for the answer, ms, > 0; unset: 30 s.
  std::optional<double> timeout_ms;
};

/// An answer, and how it came about.
struct Inference {
  std::vector<float> logits;
  std::string model;
  std::string session;  ///< empty: none yet
  std::string subnet;
  std::int64_t level = 0;
  std::string cluster;
  std::int64_t frequency_khz = 0;  ///< 0: unknown
  double queue_ms = 0.0;
  double compute_ms = 0.0;
  std::string time_label;
  double accuracy = 0.0;
  std::string accuracy_label;
  std::optional<double> energy_mj;
  std::string energy_label;
  bool deadline_missed = false;
  /// A run was given up for this one, which otherwise would have been late.
  bool restarted = false;
  /// On an emulated board: the real run took longer than that board's would have, so the time is
  /// this machine's.
  bool overrun = false;
  /// "emulated:<id>" on an emulated board, else empty.
  std::string board;
};

}  // namespace dynofa::client

#endif  // DYNOFA_TYPES_H_
