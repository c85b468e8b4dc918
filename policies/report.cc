#include "policies/report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <string>

namespace dynofa::policies {
namespace {

std::string Number(double value) {
  if (std::isinf(value)) return "unbounded";
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", value);
  return text;
}

std::string At(const OperatingPoint& point) {
  std::string text = point.subnet + " on " + point.cluster;
  if (point.frequency_khz > 0) {
    text += " at " + Number(static_cast<double>(point.frequency_khz) / 1e3) + " MHz";
  }
  if (point.threads > 1) text += " with " + std::to_string(point.threads) + " threads";
  return text;
}

std::string NearestSentence(const OperatingPoint& point) {
  return "; the nearest feasible point is " + At(point);
}

/// Why a session that was promised its latency, or could be met alone, is not.
Reason BesideOthers(bool promised, const std::string& facts) {
  if (promised) return {"sacrificed", "what is left goes to more important sessions; " + facts};
  return {"not-admitted", "other sessions were promised what it would need; " + facts};
}

void AddLatencyReason(const Planner& planner, const Plan& plan, std::size_t index,
                      const Prediction& prediction, Assignment& assignment) {
  const SessionState& session = planner.snapshot().sessions[index];
  if (session.standby) return;
  const std::string cluster = assignment.point.cluster;
  if (std::isinf(prediction.response_ms)) {
    assignment.reasons.push_back(
        {"overloaded", cluster + " cannot answer as many requests as are sent to it"});
  }
  const auto& target = session.requirement.latency_ms;
  if (!target) return;
  const std::string facts =
      "predicted " + Number(prediction.response_ms) + " ms, asked for " + Number(*target) + " ms";
  if (prediction.latency_met) {
    assignment.reasons.push_back({"latency-met", facts});
  } else if (planner.MeetsAlone(index)) {
    assignment.reasons.push_back(BesideOthers(plan.Promised(index), facts));
  } else {
    assignment.reasons.push_back({"latency-infeasible", "no allowed point answers within " +
                                                            Number(*target) + " ms; predicted " +
                                                            Number(prediction.response_ms) + " ms" +
                                                            NearestSentence(assignment.point)});
  }
}

void AddAccuracyReason(const Requirement& requirement, const OperatingPoint& point,
                       std::vector<Reason>& reasons) {
  if (!requirement.min_accuracy) return;
  if (point.accuracy >= *requirement.min_accuracy) {
    reasons.push_back({"accuracy-met", "expected " + Number(point.accuracy) + ", floor " +
                                           Number(*requirement.min_accuracy)});
  } else {
    reasons.push_back(
        {"accuracy-infeasible", "no subnet reaches " + Number(*requirement.min_accuracy) +
                                    NearestSentence(point) + " with " + Number(point.accuracy)});
  }
}

void AddEnergyReason(const Requirement& requirement, const OperatingPoint& point, double energy_mj,
                     std::vector<Reason>& reasons) {
  if (!requirement.max_energy_mj) return;
  if (!point.active_power_w) {
    reasons.push_back({"energy-unknown", "no rail tells the power of " + point.cluster +
                                             "; the energy cap is not checked"});
  } else if (energy_mj <= *requirement.max_energy_mj) {
    reasons.push_back({"energy-met", "predicted " + Number(energy_mj) + " mJ, cap " +
                                         Number(*requirement.max_energy_mj) + " mJ"});
  } else {
    reasons.push_back({"energy-infeasible",
                       "no allowed point stays below " + Number(*requirement.max_energy_mj) +
                           " mJ" + NearestSentence(point) + " with " + Number(energy_mj) + " mJ"});
  }
}

Assignment MakeAssignment(const Planner& planner, const Plan& plan, std::size_t index,
                          const Prediction& prediction) {
  const SessionState& session = planner.snapshot().sessions[index];
  const Placement& placement = *plan.placements[index];
  const ClusterState& cluster = *planner.table().clusters()[placement.cluster].state;
  const CostTable::Cost& cost =
      planner.RungOf(index, placement).costs[plan.frequencies[placement.cluster]];
  Assignment assignment;
  assignment.session = session.id;
  assignment.model = session.model;
  assignment.point = planner.Point(plan, index);
  assignment.feasible = prediction.met;
  assignment.predicted_latency_ms = prediction.response_ms;
  std::vector<Reason>& reasons = assignment.reasons;
  AddLatencyReason(planner, plan, index, prediction, assignment);
  AddAccuracyReason(session.requirement, assignment.point, reasons);
  AddEnergyReason(session.requirement, assignment.point, cost.service_ms * cost.active_power_w,
                  reasons);
  const Assignment* before = planner.InForce(index);
  if (before != nullptr && before->point.cluster != assignment.point.cluster) {
    reasons.push_back(
        {"moved", "from " + before->point.cluster + " to " + assignment.point.cluster});
  }
  if (cluster.slowdown > 1.2) {
    reasons.push_back({"slowed", cluster.info.id + " runs " + Number(cluster.slowdown) +
                                     " times slower than profiled"});
  }
  return assignment;
}

/// The assignment of a session that nothing is done for, with the place where it would be quickest.
Assignment MakeUnserved(const Planner& planner, std::size_t index) {
  const auto top_ms = [&](const Placement& choice) {
    return planner.RungOf(index, choice).costs.back().service_ms;
  };
  const auto& choices = planner.Choices(index);
  const Placement quickest =
      *std::min_element(choices.begin(), choices.end(),
                        [&](const auto& a, const auto& b) { return top_ms(a) < top_ms(b); });
  const SessionState& session = planner.snapshot().sessions[index];
  Assignment assignment;
  assignment.session = session.id;
  assignment.model = session.model;
  assignment.point = *planner.RungOf(index, quickest).points.back();
  assignment.feasible = assignment.served = false;
  assignment.predicted_latency_ms = std::numeric_limits<double>::infinity();
  assignment.reasons.push_back(
      {"not-served",
       "in every place it would break what other sessions were promised, or the "
       "power mode's cap; it is served again when there is room"});
  return assignment;
}

/// The governor if the cluster has it, else empty: the one in force stays.
std::string GovernorFor(const ClusterInfo& info, const DecisionStyle& style) {
  if (!style.governor) return "";
  const auto& offered = info.governors;
  return std::find(offered.begin(), offered.end(), *style.governor) == offered.end()
             ? ""
             : *style.governor;
}

ClusterSetting MakeSetting(const Planner& planner, const Plan& plan, std::size_t index, bool busy,
                           const DecisionStyle& style) {
  const CostTable::Cluster& cluster = planner.table().clusters()[index];
  ClusterSetting setting;
  setting.cluster = cluster.state->info.id;
  setting.governor = GovernorFor(cluster.state->info, style);
  if (busy && !style.governor) {
    setting.min_khz = setting.max_khz = cluster.frequencies_khz[plan.frequencies[index]];
  } else if (cluster.frequencies_khz.back() < cluster.state->info.frequencies_khz.back()) {
    setting.max_khz = cluster.frequencies_khz.back();
  }
  return setting;
}

bool IsBusy(const Planner& planner, const Plan& plan, std::size_t cluster) {
  for (std::size_t i = 0; i < plan.placements.size(); ++i) {
    if (plan.placements[i] && plan.placements[i]->cluster == cluster &&
        !planner.snapshot().sessions[i].standby) {
      return true;
    }
  }
  return false;
}

/// Clusters that cannot be used, or that the mode keeps from it, go back to their baseline.
void AddUnusedClusters(const Planner& planner, std::vector<ClusterSetting>& settings) {
  for (const ClusterState& cluster : planner.snapshot().clusters) {
    const bool used =
        std::any_of(planner.table().clusters().begin(), planner.table().clusters().end(),
                    [&](const CostTable::Cluster& in_use) { return in_use.state == &cluster; });
    if (used || !cluster.info.writable) continue;
    settings.push_back({.cluster = cluster.info.id});
  }
}

void AddLimits(const Snapshot& snapshot, std::vector<Reason>& reasons) {
  for (const ClusterState& cluster : snapshot.clusters) {
    if (!cluster.available) {
      const std::string& why = cluster.unavailable_because;
      reasons.push_back({"cluster-unavailable",
                         cluster.info.id + " cannot be used" + (why.empty() ? "" : ": " + why)});
    } else if (cluster.limit_khz > 0) {
      reasons.push_back({"cluster-limited",
                         cluster.info.id + " is held at " +
                             Number(static_cast<double>(cluster.limit_khz) / 1e3) + " MHz (" +
                             (cluster.limited_by.empty() ? "unknown" : cluster.limited_by) + ")"});
    }
  }
}

}  // namespace

Decision MakeDecision(std::string_view policy, const Planner& planner, const Plan& plan,
                      const DecisionStyle& style) {
  const Snapshot& snapshot = planner.snapshot();
  Decision decision;
  decision.policy = policy;
  const std::vector<Prediction> predictions = planner.Predict(plan);
  for (std::size_t i = 0; i < plan.placements.size(); ++i) {
    if (planner.Choices(i).empty()) continue;
    decision.assignments.push_back(plan.placements[i]
                                       ? MakeAssignment(planner, plan, i, predictions[i])
                                       : MakeUnserved(planner, i));
    decision.assignments.back().adaptive = style.adaptive;
  }
  const auto& clusters = planner.table().clusters();
  for (std::size_t i = 0; i < clusters.size(); ++i) {
    const ClusterInfo& info = clusters[i].state->info;
    if (!info.writable || info.frequencies_khz.empty()) continue;
    decision.settings.push_back(MakeSetting(planner, plan, i, IsBusy(planner, plan, i), style));
  }
  AddUnusedClusters(planner, decision.settings);
  if (planner.PowerKnown()) decision.predicted_power_w = planner.PowerW(plan);
  decision.reasons.push_back({"mode", "power mode " + snapshot.mode.name + ", objective " +
                                          std::string(ObjectiveName(snapshot.mode.objective))});
  AddLimits(snapshot, decision.reasons);
  if (snapshot.mode.max_power_w && !planner.PowerKnown()) {
    decision.reasons.push_back(
        {"power-unknown", "no rail tells the power; the mode's power cap is not enforced"});
  }
  if (clusters.empty()) decision.reasons.push_back({"no-cluster", "no cluster can be used"});
  return decision;
}

}  // namespace dynofa::policies
