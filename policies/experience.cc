#include "policies/experience.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace dynofa::policies {
namespace {

constexpr char kLearntAt[] = "learnt_at_s";
constexpr char kLookedAt[] = "looked_at_s";
/// After so long a peak counts for 1 / e, s.
constexpr double kPeakFadesS = 300.0;
constexpr double kHeadroomFadesS = 60.0;
constexpr double kRaise = 1.3;
constexpr double kMostHeadroom = 3.0;
/// So many late requests more than allowed, added up over windows and never below 0, show that
/// predictions are too low (a CUSUM, Page 1954): one alone does not.
constexpr double kConvincing = 1.5;

std::string PeakKey(const SessionState& session) { return "peak/" + session.id; }
std::string HeadroomKey(const SessionState& session) { return "headroom/" + session.id; }
std::string LateKey(const SessionState& session) { return "late/" + session.id; }

double Remembered(const Snapshot& snapshot, const std::string& key, double otherwise) {
  const auto found = snapshot.current.memory.find(key);
  return found == snapshot.current.memory.end() ? otherwise : found->second;
}

/// A window of observations is looked at once, however often is decided in it.
bool LooksNow(const Snapshot& snapshot) {
  return snapshot.observed_at_s > Remembered(snapshot, kLookedAt, -1.0);
}

/// Late requests above what the percentile allows, those of the newest window included, and with
/// them those that only their last chance may have kept from it. Only where the prediction was
/// wrong: headroom does not help against an overload.
double LateAbove(const Snapshot& snapshot, const SessionState& session,
                 const Assignment* in_force) {
  const double before = Remembered(snapshot, LateKey(session), 0.0);
  if (!LooksNow(snapshot) || in_force == nullptr || !in_force->feasible) return before;
  const Observation& seen = session.observed;
  const double all = static_cast<double>(std::max(seen.completed, seen.missed));
  const double allowed = (1.0 - session.requirement.percentile / 100.0) * all;
  return std::max(0.0, before + static_cast<double>(seen.missed + seen.restarted) - allowed);
}

}  // namespace

std::vector<Experience> Experiences(const Snapshot& snapshot) {
  std::vector<Experience> experiences;
  const double since_s = snapshot.time_s - Remembered(snapshot, kLearntAt, snapshot.time_s);
  const auto in_force = snapshot.current.BySession();
  for (const SessionState& session : snapshot.sessions) {
    Experience& experience = experiences.emplace_back();
    if (session.standby) continue;
    experience.peak_hz =
        std::max(session.observed.rate_hz,
                 Remembered(snapshot, PeakKey(session), 0.0) * std::exp(-since_s / kPeakFadesS));
    const double above = Remembered(snapshot, HeadroomKey(session), 1.0) - 1.0;
    experience.headroom = 1.0 + above * std::exp(-since_s / kHeadroomFadesS);
    const auto found = in_force.find(session.id);
    experience.late =
        LateAbove(snapshot, session, found == in_force.end() ? nullptr : found->second);
    if (experience.late < kConvincing) continue;
    experience.headroom = std::min(experience.headroom * kRaise, kMostHeadroom);
    experience.late = 0.0;
  }
  return experiences;
}

void RememberExperiences(const Snapshot& snapshot, const std::vector<Experience>& experiences,
                         Decision& decision) {
  decision.memory[kLearntAt] = snapshot.time_s;
  decision.memory[kLookedAt] = snapshot.observed_at_s;
  for (std::size_t i = 0; i < experiences.size(); ++i) {
    const SessionState& session = snapshot.sessions[i];
    if (session.standby) continue;
    decision.memory[PeakKey(session)] = experiences[i].peak_hz;
    decision.memory[HeadroomKey(session)] = experiences[i].headroom;
    decision.memory[LateKey(session)] = experiences[i].late;
  }
}

}  // namespace dynofa::policies
