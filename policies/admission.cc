#include "policies/admission.h"

#include <algorithm>
#include <string>

#include "policies/digest.h"

namespace dynofa::policies {
namespace {

/// A promise covers so much more than the rate for which it was given: rates are estimates.
constexpr double kRateGrace = 1.25;

std::string PromiseKey(const SessionState& session) { return "promise/" + session.id; }
std::string RateKey(const SessionState& session) { return "rate/" + session.id; }

/// What the promise was about. Not the priority, which changes who gives way, not what is asked.
double DigestOf(const SessionState& session) {
  const Requirement& requirement = session.requirement;
  return Digest()
      .Add(session.model)
      .Add(requirement.latency_ms)
      .Add(requirement.percentile)
      .Add(requirement.min_accuracy)
      .Add(requirement.max_energy_mj)
      .Add(requirement.rate_hz)
      .value();
}

/// The rate that was promised; below 0 if nothing was.
double PromisedRate(const Snapshot& snapshot, const SessionState& session) {
  const auto& memory = snapshot.current.memory;
  const auto promise = memory.find(PromiseKey(session));
  if (promise == memory.end() || promise->second != DigestOf(session)) return -1.0;
  const auto rate = memory.find(RateKey(session));
  return rate == memory.end() ? -1.0 : rate->second;
}

}  // namespace

std::vector<bool> AdmittedBefore(const Planner& planner) {
  const Snapshot& snapshot = planner.snapshot();
  std::vector<bool> admitted(snapshot.sessions.size(), false);
  if (snapshot.current.memory.empty()) return admitted;
  for (std::size_t i = 0; i < admitted.size(); ++i) {
    const SessionState& session = snapshot.sessions[i];
    if (session.standby) continue;
    const double promised = PromisedRate(snapshot, session);
    admitted[i] = promised >= 0.0 && planner.PeakRate(i) <= kRateGrace * promised;
  }
  return admitted;
}

void RememberAdmitted(const Planner& planner, const Plan& plan, Decision& decision) {
  const Snapshot& snapshot = planner.snapshot();
  for (std::size_t i = 0; i < snapshot.sessions.size(); ++i) {
    if (!plan.Promised(i)) continue;
    const SessionState& session = snapshot.sessions[i];
    // A promise does not creep upwards with the rate; only a new application raises it.
    const double before = PromisedRate(snapshot, session);
    const double rate = planner.PeakRate(i);
    const bool kept = before >= 0.0 && rate <= kRateGrace * before;
    decision.memory[PromiseKey(session)] = DigestOf(session);
    decision.memory[RateKey(session)] = kept ? std::min(before, rate) : rate;
  }
}

}  // namespace dynofa::policies
