#ifndef DYNOFA_DAEMON_DISPATCH_ROUTING_H_
#define DYNOFA_DAEMON_DISPATCH_ROUTING_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/base/clock.h"
#include "policies/fast_path.h"

namespace dynofa::dispatch {

/// Where the requests of a session run, and how far the fast path may adapt each of them.
/// Made by the manager from a decision; immutable once published.
struct Route {
  std::string model;
  std::string cluster;
  /// Clock of the cluster as last read back, kHz; 0 if unknown.
  std::int64_t frequency_khz = 0;
  /// Levels of the model on the cluster at that clock, cheapest first.
  std::vector<policies::Level> ladder;
  /// Index into `ladder` that no request may exceed.
  std::size_t ceiling = 0;
  /// No request runs below it. Never above the ceiling's accuracy.
  double min_accuracy = 0.0;
  /// Response time that each request aims at; none: best effort.
  std::optional<base::Duration> target;
  /// 1 (most important) to 9.
  int priority = 5;
  /// Why nothing of the session runs though there are clusters for its model; empty otherwise.
  std::string refused_because;
  /// Who may use the session by name.
  std::uint32_t uid = 0;

  bool operator==(const Route&) const = default;
};

/// All routes in force. Swapped as a whole.
struct RoutingTable {
  std::map<std::string, Route, std::less<>> sessions;
  /// For requests without a session: one route per model.
  std::map<std::string, Route, std::less<>> defaults;

  /// Null if there is none.
  const Route* OfSession(const std::string& session) const {
    const auto found = sessions.find(session);
    return found == sessions.end() ? nullptr : &found->second;
  }
  const Route* OfModel(const std::string& model) const {
    const auto found = defaults.find(model);
    return found == defaults.end() ? nullptr : &found->second;
  }

  bool operator==(const RoutingTable&) const = default;
};

}  // namespace dynofa::dispatch

#endif  // DYNOFA_DAEMON_DISPATCH_ROUTING_H_
