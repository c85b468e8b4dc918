#include "policies/experience.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace dynofa::policies {
namespace {

constexpr char kLearntAt[] = "learnt_at_s";
/// After so long a peak counts for 1 / e, s.
constexpr double kPeakFadesS = 30.0;
constexpr double kHeadroomFadesS = 30.0;
constexpr double kRaise = 1.3;
constexpr double kMostHeadroom = 3.0;
/// Late requests of one window raise the headroom once, however often is decided in it, s.
constexpr double kRaisePauseS = 0.45;

std::string PeakKey(const SessionState& session) { return "peak/" + session.id; }
std::string HeadroomKey(const SessionState& session) { return "headroom/" + session.id; }
std::string RaisedKey(const SessionState& session) { return "raised_at_s/" + session.id; }

double Remembered(const Snapshot& snapshot, const std::string& key, double otherwise) {
  const auto found = snapshot.current.memory.find(key);
  return found == snapshot.current.memory.end() ? otherwise : found->second;
}

bool TooManyLate(const SessionState& session) {
  const Observation& seen = session.observed;
  const double all = static_cast<double>(std::max(seen.completed, seen.missed));
  const double allowed = 1.0 - session.requirement.percentile / 100.0;
  return seen.missed > 0 && static_cast<double>(seen.missed) > allowed * all;
}

/// Only where the prediction was wrong: headroom does not help against an overload.
bool MayRaise(const Snapshot& snapshot, const SessionState& session) {
  const Assignment* in_force = snapshot.current.Find(session.id);
  if (in_force == nullptr || !in_force->feasible) return false;
  const double raised_at = Remembered(snapshot, RaisedKey(session), -kRaisePauseS);
  return snapshot.time_s - raised_at >= kRaisePauseS;
}

}  // namespace

std::vector<Experience> Experiences(const Snapshot& snapshot) {
  std::vector<Experience> experiences;
  const double since_s = snapshot.time_s - Remembered(snapshot, kLearntAt, snapshot.time_s);
  for (const SessionState& session : snapshot.sessions) {
    Experience& experience = experiences.emplace_back();
    if (session.standby) continue;
    experience.peak_hz =
        std::max(session.observed.rate_hz,
                 Remembered(snapshot, PeakKey(session), 0.0) * std::exp(-since_s / kPeakFadesS));
    const double above = Remembered(snapshot, HeadroomKey(session), 1.0) - 1.0;
    experience.headroom = 1.0 + above * std::exp(-since_s / kHeadroomFadesS);
    if (TooManyLate(session) && MayRaise(snapshot, session)) {
      experience.headroom = std::min(experience.headroom * kRaise, kMostHeadroom);
    }
  }
  return experiences;
}

void RememberExperiences(const Snapshot& snapshot, const std::vector<Experience>& experiences,
                         Decision& decision) {
  decision.memory[kLearntAt] = snapshot.time_s;
  for (std::size_t i = 0; i < experiences.size(); ++i) {
    const SessionState& session = snapshot.sessions[i];
    if (session.standby) continue;
    decision.memory[PeakKey(session)] = experiences[i].peak_hz;
    decision.memory[HeadroomKey(session)] = experiences[i].headroom;
    const bool raises = TooManyLate(session) && MayRaise(snapshot, session);
    const double raised_at = Remembered(snapshot, RaisedKey(session), -kRaisePauseS);
    decision.memory[RaisedKey(session)] = raises ? snapshot.time_s : raised_at;
  }
}

}  // namespace dynofa::policies
