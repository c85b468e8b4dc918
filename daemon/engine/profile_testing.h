#ifndef DYNOFA_DAEMON_ENGINE_PROFILE_TESTING_H_
#define DYNOFA_DAEMON_ENGINE_PROFILE_TESTING_H_

#include "daemon/engine/profile.h"

namespace dynofa::engine {

/// A small profile for tests: two entries, one of them with power, and one gap.
inline Profile TestProfile() {
  Profile profile;
  profile.key = {
      .weights = "0123abcd", .backend = "cpu", .build = "fake 1.0, avx2", .board = "test board"};
  profile.model = "net";
  profile.entries[{"s", "cpu0", 1, 1000000}] = {
      .latency_ms = {.median = 4.0, .p10 = 3.5, .p90 = 5.0, .count = 25},
      .latency_evidence = policies::Evidence::kMeasured};
  profile.entries[{"s", "cpu0", 2, 1000000}] = {
      .latency_ms = {.median = 2.5, .p10 = 2.25, .p90 = 3.0, .count = 24},
      .latency_evidence = policies::Evidence::kMeasured,
      .active_power_w = 1.5,
      .power_evidence = policies::Evidence::kMeasured};
  profile.gaps = {{"cpu0", 2000000, "the board holds 1000000 kHz (thermal)"}};
  return profile;
}

}  // namespace dynofa::engine

#endif  // DYNOFA_DAEMON_ENGINE_PROFILE_TESTING_H_
