#include "policies/report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
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

void AddLatencyReason(const Requirement& requirement, const OperatingPoint& point, double response,
                      bool meets, std::vector<Reason>& reasons) {
  if (!requirement.latency_ms) return;
  if (meets) {
    reasons.push_back({"latency-met", "predicted " + Number(response) + " ms, asked for " +
                                          Number(*requirement.latency_ms) + " ms"});
  } else if (response * 1.1 > *requirement.latency_ms) {
    reasons.push_back({"latency-infeasible",
                       "no allowed point answers within " + Number(*requirement.latency_ms) +
                           " ms; predicted " + Number(response) + " ms" + NearestSentence(point)});
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

void AddEnergyReason(const Requirement& requirement, const OperatingPoint& point, double slowdown,
                     std::vector<Reason>& reasons) {
  if (!requirement.max_energy_mj) return;
  const auto energy = point.EnergyMj();
  if (!energy) {
    reasons.push_back({"energy-unknown", "no rail tells the power of " + point.cluster +
                                             "; the energy cap is not checked"});
  } else if (*energy * slowdown <= *requirement.max_energy_mj) {
    reasons.push_back({"energy-met", "predicted " + Number(*energy * slowdown) + " mJ, cap " +
                                         Number(*requirement.max_energy_mj) + " mJ"});
  } else {
    reasons.push_back({"energy-infeasible", "no allowed point stays below " +
                                                Number(*requirement.max_energy_mj) + " mJ" +
                                                NearestSentence(point) + " with " +
                                                Number(*energy * slowdown) + " mJ"});
  }
}

Assignment MakeAssignment(const Planner& planner, const Plan& plan, std::size_t index) {
  const SessionState& session = planner.snapshot().sessions[index];
  const ClusterState& cluster = *planner.table().clusters()[plan.placements[index]->cluster].state;
  Assignment assignment;
  assignment.session = session.id;
  assignment.model = session.model;
  assignment.point = planner.Point(plan, index);
  assignment.feasible = planner.Meets(plan, index);
  assignment.predicted_latency_ms = planner.ResponseMs(plan, index);
  std::vector<Reason>& reasons = assignment.reasons;
  AddLatencyReason(session.requirement, assignment.point, assignment.predicted_latency_ms,
                   assignment.feasible, reasons);
  AddAccuracyReason(session.requirement, assignment.point, reasons);
  AddEnergyReason(session.requirement, assignment.point, cluster.slowdown, reasons);
  const Assignment* before = planner.snapshot().current.Find(session.id);
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

ClusterSetting MakeSetting(const Planner& planner, const Plan& plan, std::size_t index, bool busy) {
  const CostTable::Cluster& cluster = planner.table().clusters()[index];
  ClusterSetting setting;
  setting.cluster = cluster.state->info.id;
  if (busy) {
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

/// Clusters that the mode keeps from being used go back to their baseline.
void AddUnusedClusters(const Planner& planner, std::vector<ClusterSetting>& settings) {
  for (const ClusterState& cluster : planner.snapshot().clusters) {
    const bool used =
        std::any_of(planner.table().clusters().begin(), planner.table().clusters().end(),
                    [&](const CostTable::Cluster& in_use) { return in_use.state == &cluster; });
    if (used || !cluster.available || !cluster.info.writable) continue;
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

Decision MakeDecision(std::string_view policy, const Planner& planner, const Plan& plan) {
  const Snapshot& snapshot = planner.snapshot();
  Decision decision;
  decision.policy = policy;
  for (std::size_t i = 0; i < plan.placements.size(); ++i) {
    if (plan.placements[i]) decision.assignments.push_back(MakeAssignment(planner, plan, i));
  }
  const auto& clusters = planner.table().clusters();
  for (std::size_t i = 0; i < clusters.size(); ++i) {
    const ClusterInfo& info = clusters[i].state->info;
    if (!info.writable || info.frequencies_khz.empty()) continue;
    decision.settings.push_back(MakeSetting(planner, plan, i, IsBusy(planner, plan, i)));
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
