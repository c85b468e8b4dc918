#include "daemon/manager/clock_keeper.h"

#include <limits>

#include "tests/support/catch.h"

namespace dynofa::manager {
namespace {

using std::chrono::milliseconds;

/// A decision that pins the cluster (not at 0) for a session with a predicted response.
policies::Decision At(std::int64_t khz, double predicted_ms = 50.0) {
  policies::Decision decision;
  decision.settings = {{.cluster = "gpu", .min_khz = khz, .max_khz = khz}};
  if (khz == 0) return decision;
  policies::Assignment& assignment = decision.assignments.emplace_back();
  assignment.session = "a";
  assignment.point.cluster = "gpu";
  assignment.predicted_latency_ms = predicted_ms;
  return decision;
}

/// The clock that is set for a decision in force.
std::int64_t KhzOf(const ClockKeeper& keeper, const policies::Decision& decision,
                   base::TimePoint now) {
  std::vector<policies::ClusterSetting> settings = decision.settings;
  keeper.Keep(settings, now);
  return settings.at(0).min_khz;
}

constexpr base::TimePoint kStart{};

TEST_CASE("a clock that a decision lowers is kept until what ran at it is over") {
  ClockKeeper keeper;
  CHECK_FALSE(keeper.Next(kStart).has_value());
  keeper.OnDecision(At(900), At(600), kStart);
  CHECK(keeper.Next(kStart) == kStart + milliseconds(50));
  CHECK(KhzOf(keeper, At(600), kStart) == 900);
  CHECK(KhzOf(keeper, At(600), kStart + milliseconds(49)) == 900);
  CHECK(KhzOf(keeper, At(600), kStart + milliseconds(50)) == 600);
  CHECK_FALSE(keeper.Next(kStart + milliseconds(50)).has_value());
}

TEST_CASE("a clock that is raised, or stays, is set at once") {
  ClockKeeper keeper;
  keeper.OnDecision(At(600), At(900), kStart);
  keeper.OnDecision(At(900), At(900), kStart);
  CHECK_FALSE(keeper.Next(kStart).has_value());
  CHECK(KhzOf(keeper, At(900), kStart) == 900);
}

TEST_CASE("a clock that is let go of is kept as well, one that was never held is not") {
  ClockKeeper keeper;
  keeper.OnDecision(At(900), At(0), kStart);
  CHECK(KhzOf(keeper, At(0), kStart) == 900);
  ClockKeeper other;
  other.OnDecision(At(0), At(0), kStart);
  CHECK_FALSE(other.Next(kStart).has_value());
}

TEST_CASE("further decisions keep a clock no longer, and end it where they want more") {
  ClockKeeper keeper;
  keeper.OnDecision(At(900), At(600), kStart);
  keeper.OnDecision(At(600), At(300, 500.0), kStart + milliseconds(40));
  CHECK(KhzOf(keeper, At(300), kStart + milliseconds(40)) == 900);
  CHECK(keeper.Next(kStart + milliseconds(40)) == kStart + milliseconds(50));
  keeper.OnDecision(At(300), At(900), kStart + milliseconds(45));
  CHECK_FALSE(keeper.Next(kStart + milliseconds(45)).has_value());
}

TEST_CASE("nothing is kept longer than a second, nor for what has no end") {
  ClockKeeper keeper;
  keeper.OnDecision(At(900, 1e9), At(600), kStart);
  CHECK(keeper.Next(kStart) == kStart + ClockKeeper::kLongest);
  ClockKeeper overloaded;
  overloaded.OnDecision(At(900, std::numeric_limits<double>::infinity()), At(600), kStart);
  CHECK_FALSE(overloaded.Next(kStart).has_value());
}

TEST_CASE("what must hold at once does") {
  ClockKeeper keeper;
  keeper.OnDecision(At(900), At(600), kStart);
  keeper.LetGo();
  CHECK(KhzOf(keeper, At(600), kStart) == 600);
}

}  // namespace
}  // namespace dynofa::manager
