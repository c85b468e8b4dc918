#include "client/cli/text.h"

#include <cstdio>

namespace dynofa::cli {

std::string Fixed(double value, int digits) {
  char buffer[64];
  std::snprintf(buffer, sizeof(buffer), "%.*f", digits, value);
  return buffer;
}

std::string Frequency(std::int64_t khz) {
  return khz == 0 ? "unknown clock" : std::to_string(khz / 1000) + " MHz";
}

std::string Energy(const std::optional<double>& mj, const std::string& label) {
  return mj ? Fixed(*mj, 1) + " mJ (" + label + ")" : "energy unknown";
}

std::string Describe(const client::Requirement& requirement) {
  std::string text;
  const auto add = [&text](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  if (requirement.latency_ms) {
    add("latency " + Fixed(*requirement.latency_ms, 1) + " ms at p" +
        Fixed(requirement.percentile.value_or(99.0), 0));
  }
  if (requirement.min_accuracy) {
    add("accuracy " + Fixed(100.0 * *requirement.min_accuracy, 1) + " %");
  }
  if (requirement.max_energy_mj) add("energy " + Fixed(*requirement.max_energy_mj, 1) + " mJ");
  if (requirement.rate_hz > 0.0) add(Fixed(requirement.rate_hz, 1) + "/s");
  if (requirement.priority) add("priority " + std::to_string(*requirement.priority));
  return text.empty() ? "nothing" : text;
}

std::string Describe(const client::Assignment& assignment) {
  const client::OperatingPoint& point = assignment.point;
  return point.subnet + " on " + point.cluster + " at " + Frequency(point.frequency_khz) +
         (point.threads > 1 ? " with " + std::to_string(point.threads) + " threads" : "") + ", " +
         Fixed(point.latency_ms, 2) + " ms (" + point.latency_label + "), accuracy " +
         Fixed(100.0 * point.accuracy, 1) + " % (" + point.accuracy_label + ")" +
         (assignment.feasible ? "" : ", NOT feasible");
}

}  // namespace dynofa::cli
