#include "policies/experience.h"

#include "policies/hierarchical.h"
#include "policies/testing.h"
#include "tests/support/catch.h"

namespace dynofa::policies {
namespace {

Snapshot WithOne(const Requirement& requirement) {
  Snapshot snapshot = TestSnapshot();
  snapshot.sessions = {TestSession("a", requirement)};
  return snapshot;
}

/// Lets `seconds` pass, the experience so far in force, and with it a window of observations,
/// unless `same_window`.
void Pass(Snapshot& snapshot, double seconds, bool same_window = false) {
  Decision decision;
  decision.assignments = {{.session = "a"}};
  RememberExperiences(snapshot, Experiences(snapshot), decision);
  snapshot.current = decision;
  snapshot.time_s += seconds;
  if (!same_window) snapshot.observed_at_s = snapshot.time_s;
}

TEST_CASE("a peak of the rate is remembered and fades") {
  Snapshot snapshot = WithOne({});
  snapshot.sessions[0].observed.rate_hz = 15.0;
  CHECK(Experiences(snapshot)[0].peak_hz == 15.0);
  Pass(snapshot, 5.0);
  snapshot.sessions[0].observed.rate_hz = 1.0;
  CHECK(Experiences(snapshot)[0].peak_hz > 12.0);
  Pass(snapshot, 3600.0);
  CHECK(Experiences(snapshot)[0].peak_hz == 1.0);
}

TEST_CASE("headroom grows while too many are late, once a window, and fades") {
  Snapshot snapshot = WithOne({.latency_ms = 10.0, .percentile = 90.0});
  snapshot.sessions[0].observed = {.completed = 100, .missed = 9};
  snapshot.current.assignments = {{.session = "a"}};
  CHECK(Experiences(snapshot)[0].headroom == 1.0);
  snapshot.sessions[0].observed.missed = 20;
  CHECK(Experiences(snapshot)[0].headroom == Approx(1.3));
  Pass(snapshot, 0.1, /*same_window=*/true);
  CHECK(Experiences(snapshot)[0].headroom == Approx(1.3).epsilon(0.01));
  for (int window = 0; window < 20; ++window) Pass(snapshot, 0.5);
  CHECK(Experiences(snapshot)[0].headroom == Approx(3.0).epsilon(0.05));
  snapshot.sessions[0].observed.missed = 0;
  Pass(snapshot, 600.0);
  CHECK(Experiences(snapshot)[0].headroom == Approx(1.0).epsilon(0.01));
}

TEST_CASE("a late answer now and then changes nothing, one in every window does") {
  Snapshot snapshot = WithOne({.latency_ms = 10.0, .percentile = 95.0});
  snapshot.current.assignments = {{.session = "a"}};
  for (int window = 0; window < 100; ++window) {
    snapshot.sessions[0].observed = {.completed = 5, .missed = window % 4 == 0 ? 1 : 0};
    Pass(snapshot, 0.5);
  }
  CHECK(Experiences(snapshot)[0].headroom == 1.0);
  snapshot.sessions[0].observed.missed = 1;
  for (int window = 0; window < 3; ++window) Pass(snapshot, 0.5);
  CHECK(Experiences(snapshot)[0].headroom > 1.25);
}

TEST_CASE("headroom does not grow where it was known that the target is missed") {
  Snapshot snapshot = WithOne({.latency_ms = 10.0});
  snapshot.current.assignments = {{.session = "a", .feasible = false}};
  snapshot.sessions[0].observed = {.completed = 10, .missed = 10};
  CHECK(Experiences(snapshot)[0].headroom == 1.0);
}

TEST_CASE("late answers make the next decision quicker, as far as the board can") {
  Snapshot snapshot =
      WithOne({.latency_ms = 20.0, .percentile = 95.0, .min_accuracy = 0.75, .rate_hz = 10.0});
  snapshot.current = HierarchicalPolicy().Decide(snapshot);
  const double before = snapshot.current.Find("a")->point.latency_ms;
  for (int window = 0; window < 12; ++window) {
    snapshot.observed_at_s = snapshot.time_s += 0.5;
    snapshot.sessions[0].observed = {.completed = 5, .missed = 3, .rate_hz = 10.0};
    snapshot.current = HierarchicalPolicy().Decide(snapshot);
    CHECK(snapshot.current.Find("a")->feasible);
  }
  CHECK(snapshot.current.Find("a")->point.latency_ms < before);
}

}  // namespace
}  // namespace dynofa::policies
