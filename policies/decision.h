#ifndef DYNOFA_POLICIES_DECISION_H_
#define DYNOFA_POLICIES_DECISION_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "policies/cluster.h"
#include "policies/operating_point.h"

namespace dynofa::policies {

/// Why something was decided: a code for programs and a sentence for people.
struct Reason {
  /// Lower-case words with dashes, from the list in docs/life-of-a-decision.md.
  std::string code;
  std::string text;

  friend bool operator==(const Reason&, const Reason&) = default;
};

/// Where and how a session's requests run until the next decision.
struct Assignment {
  std::string session;
  std::string model;
  /// The ceiling: the fast path may step below `point.subnet` for a deadline, never above it.
  OperatingPoint point;
  /// Does `point` meet the requirement, as far as is known?
  bool feasible = true;
  /// False: none of its requests runs, since there is no place where that would break no promise
  /// and no cap; `point` is where it would run. The reasons say why.
  bool served = true;
  /// May the fast path step below `point.subnet` for a deadline?
  bool adaptive = true;
  /// Predicted response time at the requirement's percentile, ms.
  double predicted_latency_ms = 0.0;
  std::vector<Reason> reasons;
};

/// What to do. A session that the snapshot names always has an assignment, unless no cluster is
/// available at all.
struct Decision {
  /// Name of the policy that made it.
  std::string policy;
  std::vector<Assignment> assignments;
  /// One for each cluster that can be written: busy, idle, or not available. Whether a device is
  /// away is for whoever applies them to see.
  std::vector<ClusterSetting> settings;
  /// Predicted power of the board, W; nullopt if no rail tells.
  std::optional<double> predicted_power_w;
  /// About the decision as a whole (mode caps, sacrifices).
  std::vector<Reason> reasons;
  /// What the policy wants to remember; comes back in Snapshot::current.
  std::unordered_map<std::string, double> memory;

  /// The session's assignment, or nullptr.
  const Assignment* Find(const std::string& session) const {
    for (const Assignment& assignment : assignments) {
      if (assignment.session == session) return &assignment;
    }
    return nullptr;
  }

  /// The same for who asks for many; good while the assignments stay as they are.
  std::unordered_map<std::string_view, const Assignment*> BySession() const {
    std::unordered_map<std::string_view, const Assignment*> by_session;
    for (const Assignment& assignment : assignments) {
      by_session.emplace(assignment.session, &assignment);
    }
    return by_session;
  }
};

}  // namespace dynofa::policies

#endif  // DYNOFA_POLICIES_DECISION_H_
