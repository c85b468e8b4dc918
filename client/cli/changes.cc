#include "client/cli/changes.h"

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

namespace dynofa::cli {
namespace {

constexpr char kParts[] =
    "latency_ms, percentile, min_accuracy, max_energy_mj, rate_hz and priority";

client::Error Bad(const std::string& why) { return {client::ErrorCode::kInvalidArgument, why}; }

std::optional<double> ToNumber(const std::string& text) {
  double value = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
    return std::nullopt;
  }
  return value;
}

/// Sets one part, or takes it back; false if there is none of that name.
bool SetPart(client::Requirement* requirement, const std::string& name,
             const std::optional<double>& value) {
  if (name == "latency_ms") {
    requirement->latency_ms = value;
  } else if (name == "percentile") {
    requirement->percentile = value;
  } else if (name == "min_accuracy") {
    requirement->min_accuracy = value;
  } else if (name == "max_energy_mj") {
    requirement->max_energy_mj = value;
  } else if (name == "rate_hz") {
    requirement->rate_hz = value.value_or(0.0);
  } else if (name == "priority") {
    requirement->priority.reset();
    // Out of range stays out of range: the daemon says what is allowed.
    if (value) requirement->priority = std::abs(*value) < 1e6 ? static_cast<int>(*value) : 0;
  } else {
    return false;
  }
  return true;
}

}  // namespace

client::Result<PlannedChange> ParsePlannedChange(const std::string& text) {
  const std::size_t colon = text.find(':');
  const std::optional<double> at_s =
      colon == std::string::npos ? std::nullopt : ToNumber(text.substr(0, colon));
  if (!at_s || *at_s < 0.0) {
    return Bad("'" + text + "' is not a change; write \"AT_S:latency_ms=20,min_accuracy=0.8\"");
  }
  PlannedChange change{*at_s, text.substr(colon + 1)};
  if (const auto checked = WithParts({}, change.parts); !checked.ok()) return checked.error();
  return change;
}

client::Result<client::Requirement> WithParts(client::Requirement requirement,
                                              const std::string& parts) {
  for (std::size_t start = 0; start <= parts.size();) {
    const std::size_t end = std::min(parts.find(',', start), parts.size());
    const std::string part = parts.substr(start, end - start);
    start = end + 1;
    const std::size_t equals = part.find('=');
    if (equals == std::string::npos) return Bad("'" + part + "' is not of the form name=value");
    const std::string value = part.substr(equals + 1);
    const std::optional<double> number = ToNumber(value);
    if (!number && value != "none") return Bad("'" + value + "' is neither a number nor none");
    if (!SetPart(&requirement, part.substr(0, equals), number)) {
      return Bad("'" + part.substr(0, equals) + "' is no part of a requirement; there are " +
                 kParts);
    }
  }
  return requirement;
}

client::Result<client::Requirement> WithJson(client::Requirement requirement,
                                             const std::string& line) {
  const auto json = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return Bad("not a JSON object: " + line);
  for (const auto& [name, value] : json.items()) {
    if (!value.is_number() && !value.is_null()) {
      return Bad("'" + name + "' must be a number or null");
    }
    std::optional<double> number;
    if (value.is_number()) number = value.get<double>();
    if (!SetPart(&requirement, name, number)) {
      return Bad("'" + name + "' is no part of a requirement; there are " + kParts);
    }
  }
  return requirement;
}

}  // namespace dynofa::cli
