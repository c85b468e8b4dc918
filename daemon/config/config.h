#ifndef DYNOFA_DAEMON_CONFIG_CONFIG_H_
#define DYNOFA_DAEMON_CONFIG_CONFIG_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "policies/power_mode.h"

namespace dynofa::config {

struct DaemonConfig {
  std::string socket = "/run/dynofa/dynofa.sock";
  /// Group that may connect; empty: the daemon's own.
  std::string socket_group;
  std::string state_dir = "/var/lib/dynofa";
  std::string log_level = "info";
  std::string policy = "hierarchical";
  std::string power_mode = "balanced";
  /// Period of the slow tick, ms, 50..10000.
  int tick_ms = 500;
};

struct BoardConfig {
  std::string socket = "/run/dynofa-boardd/board.sock";
};

struct DbusConfig {
  bool enabled = true;
};

struct ModelConfig {
  std::string path;
  /// "cpu" or "torch".
  std::string backend = "cpu";
};

/// What one uid may have at once.
struct AccessLimits {
  int max_sessions = 16;
  int max_in_flight = 64;
  std::int64_t max_in_flight_bytes = std::int64_t{64} << 20;
  /// Best priority that a client of this uid may ask for (1 = all).
  int highest_priority = 1;
};

struct AccessConfig {
  AccessLimits defaults;
  std::map<std::uint32_t, AccessLimits> uids;

  const AccessLimits& For(std::uint32_t uid) const {
    auto found = uids.find(uid);
    return found == uids.end() ? defaults : found->second;
  }
};

/// A validated configuration: every value is in range, every name is known.
struct Config {
  DaemonConfig daemon;
  BoardConfig board;
  DbusConfig dbus;
  AccessConfig access;
  std::vector<ModelConfig> models;
  /// "performance", "balanced" and "power-saver" come first unless the file redefines them.
  std::vector<policies::PowerMode> power_modes;
};

/// Reads and validates a TOML file. INVALID_ARGUMENT names file, line, key and the allowed values;
/// an unknown key is an error.
absl::StatusOr<Config> LoadConfig(const std::string& path);

/// The same for text; `name` stands for the file in messages.
absl::StatusOr<Config> ParseConfig(const std::string& text, const std::string& name);

/// What holds without a file (no models).
Config DefaultConfig();

}  // namespace dynofa::config

#endif  // DYNOFA_DAEMON_CONFIG_CONFIG_H_
