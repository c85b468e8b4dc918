#include "policies/dwell.h"

#include <algorithm>

#include "policies/digest.h"

namespace dynofa::policies {
namespace {

constexpr char kCircumstances[] = "circumstances";
constexpr char kChangedAt[] = "changed_at_s";

constexpr double kDwellS = 2.0;
constexpr Reluctance kSettled = {.margin = 0.03, .tolerance = 0.02};
constexpr Reluctance kDwelling = {.margin = 0.2, .tolerance = 0.02};

double CircumstancesOf(const Snapshot& snapshot) {
  Digest digest;
  const PowerMode& mode = snapshot.mode;
  digest.Add(mode.name).Add(std::uint64_t(mode.objective)).Add(mode.max_power_w);
  for (const SessionState& session : snapshot.sessions) {
    const Requirement& requirement = session.requirement;
    digest.Add(session.id)
        .Add(requirement.latency_ms)
        .Add(requirement.percentile)
        .Add(requirement.min_accuracy)
        .Add(requirement.max_energy_mj)
        .Add(requirement.rate_hz)
        .Add(std::uint64_t(requirement.priority));
  }
  for (const ClusterState& cluster : snapshot.clusters) {
    digest.Add(cluster.info.id)
        .Add(std::uint64_t{cluster.available})
        .Add(std::uint64_t(cluster.limit_khz));
  }
  return digest.value();
}

double Remembered(const Decision& decision, const char* key, double otherwise) {
  const auto found = decision.memory.find(key);
  return found == decision.memory.end() ? otherwise : found->second;
}

bool SamePlaces(const Decision& a, const Decision& b) {
  return std::equal(a.assignments.begin(), a.assignments.end(), b.assignments.begin(),
                    b.assignments.end(), [](const Assignment& x, const Assignment& y) {
                      return x.session == y.session && x.served == y.served &&
                             x.point.cluster == y.point.cluster &&
                             x.point.subnet == y.point.subnet &&
                             x.point.frequency_khz == y.point.frequency_khz;
                    });
}

}  // namespace

Reluctance ReluctanceNow(const Snapshot& snapshot) {
  const double changed_at = Remembered(snapshot.current, kChangedAt, -kDwellS);
  const bool same = Remembered(snapshot.current, kCircumstances, -1.0) == CircumstancesOf(snapshot);
  return same && snapshot.time_s - changed_at < kDwellS ? kDwelling : kSettled;
}

void RememberChange(const Snapshot& snapshot, Decision& decision) {
  const bool same = SamePlaces(snapshot.current, decision);
  decision.memory[kCircumstances] = CircumstancesOf(snapshot);
  decision.memory[kChangedAt] =
      same ? Remembered(snapshot.current, kChangedAt, snapshot.time_s) : snapshot.time_s;
}

}  // namespace dynofa::policies
