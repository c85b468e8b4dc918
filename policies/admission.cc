#include "policies/admission.h"

#include <algorithm>
#include <optional>
#include <string>

#include "policies/digest.h"

namespace dynofa::policies {
namespace {

/// A promise covers so much more than what it was given for: rate and variation are estimates.
constexpr double kRateGrace = 1.25;
constexpr double kVariationGrace = 0.5;

std::string PromiseKey(const SessionState& session) { return "promise/" + session.id; }
std::string RateKey(const SessionState& session) { return "rate/" + session.id; }
std::string VariationKey(const SessionState& session) { return "variation/" + session.id; }

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

/// The demand for which a promise was given.
struct Promise {
  double rate_hz = 0.0;
  double variation = 0.0;
};

double Remembered(const Snapshot& snapshot, const std::string& key) {
  const auto found = snapshot.current.memory.find(key);
  return found == snapshot.current.memory.end() ? 0.0 : found->second;
}

/// What was promised of what the session asks for; nullopt if nothing was.
std::optional<Promise> PromiseOf(const Snapshot& snapshot, const SessionState& session) {
  const auto promise = snapshot.current.memory.find(PromiseKey(session));
  if (promise == snapshot.current.memory.end() || promise->second != DigestOf(session)) {
    return std::nullopt;
  }
  return Promise{Remembered(snapshot, RateKey(session)),
                 Remembered(snapshot, VariationKey(session))};
}

bool Covers(const std::optional<Promise>& promise, const Promise& demand) {
  return promise && demand.rate_hz <= kRateGrace * promise->rate_hz &&
         demand.variation <= promise->variation + kVariationGrace;
}

}  // namespace

std::vector<bool> AdmittedBefore(const Planner& planner) {
  const Snapshot& snapshot = planner.snapshot();
  std::vector<bool> admitted(snapshot.sessions.size(), false);
  if (snapshot.current.memory.empty()) return admitted;
  for (std::size_t i = 0; i < admitted.size(); ++i) {
    const SessionState& session = snapshot.sessions[i];
    if (session.standby) continue;
    admitted[i] = Covers(PromiseOf(snapshot, session), {planner.PeakRate(i), planner.Variation(i)});
  }
  return admitted;
}

void RememberAdmitted(const Planner& planner, const Plan& plan, Decision& decision) {
  const Snapshot& snapshot = planner.snapshot();
  for (std::size_t i = 0; i < snapshot.sessions.size(); ++i) {
    if (!plan.Promised(i)) continue;
    const SessionState& session = snapshot.sessions[i];
    // A promise does not creep upwards with the demand; only a new application raises it.
    const std::optional<Promise> before = PromiseOf(snapshot, session);
    Promise demand{planner.PeakRate(i), planner.Variation(i)};
    if (Covers(before, demand)) {
      demand = {std::min(before->rate_hz, demand.rate_hz),
                std::min(before->variation, demand.variation)};
    }
    decision.memory[PromiseKey(session)] = DigestOf(session);
    decision.memory[RateKey(session)] = demand.rate_hz;
    decision.memory[VariationKey(session)] = demand.variation;
  }
}

}  // namespace dynofa::policies
