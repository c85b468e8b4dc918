#ifndef DYNOFA_POLICIES_EXPERIENCE_H_
#define DYNOFA_POLICIES_EXPERIENCE_H_

#include <vector>

#include "policies/snapshot.h"

namespace dynofa::policies {

/// What was learnt of a session that its requirement does not say.
struct Experience {
  /// The highest rate of the last five minutes or so, inferences per second: bursts come again.
  /// Counts for sessions that do not say their rate.
  double peak_hz = 0.0;
  /// Factor by which its responses are planned to be quicker than asked for: above 1 while more of
  /// them are late than the requirement allows though they were predicted to be in time, whatever
  /// the reason (bursts within a burst, an optimistic profile). At most 3.
  double headroom = 1.0;
  /// Late requests more than the requirement allows, since headroom was last raised or there were
  /// none; decides when it is raised next.
  double late = 0.0;
};

/// Of each session of the snapshot: what the decision in force remembers, and what was observed
/// since.
std::vector<Experience> Experiences(const Snapshot& snapshot);

/// Writes them into `decision`.
void RememberExperiences(const Snapshot& snapshot, const std::vector<Experience>& experiences,
                         Decision& decision);

}  // namespace dynofa::policies

#endif  // DYNOFA_POLICIES_EXPERIENCE_H_
