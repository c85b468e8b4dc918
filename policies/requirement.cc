#include "policies/requirement.h"

#include <cmath>

namespace dynofa::policies {
namespace {

std::string Problem(const char* field, double value, const char* allowed) {
  return std::string(field) + " is " + std::to_string(value) + "; allowed: " + allowed;
}

bool IsPositive(double value) { return std::isfinite(value) && value > 0.0; }

}  // namespace

std::string RequirementError(const Requirement& requirement) {
  if (requirement.latency_ms &&
      !(IsPositive(*requirement.latency_ms) && *requirement.latency_ms <= kMaxLatencyMs)) {
    return Problem("latency_ms", *requirement.latency_ms, "above 0, at most a day (86400000)");
  }
  if (!(requirement.percentile > 0.0 && requirement.percentile <= 100.0)) {
    return Problem("percentile", requirement.percentile, "above 0, at most 100");
  }
  if (requirement.min_accuracy &&
      !(*requirement.min_accuracy >= 0.0 && *requirement.min_accuracy <= 1.0)) {
    return Problem("min_accuracy", *requirement.min_accuracy,
                   "a fraction from 0 to 1 (0.7 means 70 %)");
  }
  if (requirement.max_energy_mj && !IsPositive(*requirement.max_energy_mj)) {
    return Problem("max_energy_mj", *requirement.max_energy_mj, "a number above 0");
  }
  if (!(requirement.rate_hz >= 0.0 && requirement.rate_hz <= kMaxRateHz)) {
    return Problem("rate_hz", requirement.rate_hz, "0 (unknown) to 10000");
  }
  if (requirement.priority < kHighestPriority || requirement.priority > kLowestPriority) {
    return "priority is " + std::to_string(requirement.priority) +
           "; allowed: 1 (most important) to 9 (least)";
  }
  return "";
}

}  // namespace dynofa::policies
