#ifndef DYNOFA_POLICIES_REQUIREMENT_H_
#define DYNOFA_POLICIES_REQUIREMENT_H_

#include <optional>
#include <string>

namespace dynofa::policies {

/// What a session asks for. Every part is optional: a requirement without any part accepts
/// whatever the power mode finds best. Plain value.
struct Requirement {
  /// Response time, queue included, that `percentile` of the requests must meet. Above 0, at most a
  /// day, ms.
  std::optional<double> latency_ms;
  /// Share of requests, in percent, that must meet `latency_ms`. In (0, 100].
  double percentile = 99.0;
  /// Lowest acceptable top-1 accuracy as a fraction in [0, 1]. A subnet below it never runs.
  std::optional<double> min_accuracy;
  /// Highest acceptable energy per inference. > 0, millijoules.
  std::optional<double> max_energy_mj;
  /// Requests per second that the session means to send, at most 10,000; 0 if it does not know.
  double rate_hz = 0.0;
  /// 1 is the most important, 9 the least (Triton's direction).
  int priority = 5;

  friend bool operator==(const Requirement&, const Requirement&) = default;
};

inline constexpr int kHighestPriority = 1;
inline constexpr int kLowestPriority = 9;
inline constexpr int kDefaultPriority = 5;
inline constexpr double kMaxLatencyMs = 24 * 3600 * 1e3;
inline constexpr double kMaxRateHz = 1e4;

/// Empty if `requirement` is well formed, else a sentence that names the field, its value and
/// what is allowed.
std::string RequirementError(const Requirement& requirement);

}  // namespace dynofa::policies

#endif  // DYNOFA_POLICIES_REQUIREMENT_H_
