#include "daemon/scenario/rules/scenario.h"

#include "absl/strings/str_format.h"
#include "daemon/base/strings.h"

namespace dynofa::scenario {
namespace {

void Append(std::string& text, const char* what, const std::optional<double>& value) {
  if (value) text += absl::StrFormat(" %s %g", what, *value);
}

struct Describe {
  const Scenario& scenario;

  std::string operator()(const RequirementChange& change) const {
    std::string text = scenario.clients[change.client].name + ":";
    Append(text, "latency_ms", change.latency_ms);
    Append(text, "percentile", change.percentile);
    Append(text, "min_accuracy", change.min_accuracy);
    if (change.priority) text += base::StrCat(" priority ", *change.priority);
    Append(text, "rate_hz", change.rate_hz);
    Append(text, "load_percent", change.load_percent);
    return text;
  }
  std::string operator()(const ModeChange& change) const { return "mode " + change.mode; }
  std::string operator()(const PowerCapChange& change) const {
    if (!change.watt) return "power cap lifted";
    return absl::StrFormat("power cap %g W", *change.watt);
  }
  std::string operator()(const AmbientChange& change) const {
    return absl::StrFormat("ambient %g C", change.celsius);
  }
  std::string operator()(const NeighbourChange& change) const {
    return absl::StrFormat("neighbour takes %g %% of %s", change.load * 100.0, change.cluster);
  }
  std::string operator()(const ClusterChange& change) const {
    return change.cluster + (change.available ? " back" : " gone");
  }
};

}  // namespace

void ApplyChange(const RequirementChange& change, policies::Requirement* requirement) {
  if (change.latency_ms) requirement->latency_ms = change.latency_ms;
  if (change.percentile) requirement->percentile = *change.percentile;
  if (change.min_accuracy) requirement->min_accuracy = change.min_accuracy;
  if (change.priority) requirement->priority = *change.priority;
}

std::string EventText(const Scenario& scenario, const Event& event) {
  return std::visit(Describe{scenario}, event.change);
}

std::vector<policies::PowerMode> BuiltInModes() {
  return {{.name = "balanced"},
          {.name = "performance", .objective = policies::Objective::kPerformance},
          {.name = "power-saver", .objective = policies::Objective::kEnergy, .max_share = 0.6}};
}

}  // namespace dynofa::scenario
