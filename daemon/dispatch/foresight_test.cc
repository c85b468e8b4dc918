#include "daemon/dispatch/foresight.h"

#include "tests/support/catch.h"

namespace dynofa::dispatch {
namespace {

/// Runs of 100 ms that are foreseen alternately too long and too short by so many, until it is
/// reliable, at most a thousand.
int RunsUntilReliable(double off_ms, Foresight& foresight) {
  for (int run = 0; run < 1000; ++run) {
    if (foresight.Reliable()) return run;
    foresight.Observe(100.0 + (run % 2 == 0 ? off_ms : -off_ms), 100.0);
  }
  return 1000;
}

TEST_CASE("foresight must show that it is reliable") {
  Foresight foresight;
  CHECK_FALSE(foresight.Reliable());
  const int exact = RunsUntilReliable(0, foresight);
  CHECK(exact >= 15);
  CHECK(exact <= 30);
  Foresight noisy;
  const int slower = RunsUntilReliable(3, noisy);
  CHECK(slower > exact);
  CHECK(slower < 100);
}

TEST_CASE("foresight that errs by a tenth never is") {
  Foresight foresight;
  CHECK(RunsUntilReliable(10, foresight) == 1000);
}

TEST_CASE("a surprise is forgotten, however large it was") {
  Foresight foresight;
  RunsUntilReliable(1, foresight);
  foresight.Observe(3.6e6, 1.0);
  CHECK_FALSE(foresight.Reliable());
  CHECK(RunsUntilReliable(1, foresight) <= 20);
}

TEST_CASE("a run without a time says nothing") {
  Foresight foresight;
  RunsUntilReliable(0, foresight);
  foresight.Observe(5.0, 0.0);
  CHECK(foresight.Reliable());
}

}  // namespace
}  // namespace dynofa::dispatch
