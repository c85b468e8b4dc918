// A draft goes back to what it was, and leaves out only what would not have paid.
#include "policies/plan_draft.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "policies/random_boards_testing.h"
#include "tests/support/catch.h"

namespace dynofa::policies {
namespace {

/// A random board with up to 8 sessions, each promised what it asks for or not, and placed on a
/// random cluster if it can run there.
struct Stage {
  explicit Stage(std::uint64_t seed)
      : boards(seed),
        snapshot(SnapshotOf(boards)),
        table(snapshot),
        planner(snapshot, table),
        draft(planner) {
    for (std::size_t i = 0; i < draft.sessions(); ++i) {
      draft.SetPromised(i, boards.Chance(0.7));
      const int last = static_cast<int>(draft.clusters().size()) - 1;
      if (last < 0) continue;
      draft.PlaceBest(i, {.only = static_cast<std::size_t>(boards.Int(0, last))});
    }
  }

  static Snapshot SnapshotOf(RandomBoards& boards) {
    Snapshot snapshot = boards.Board();
    const int sessions = boards.Int(2, 8);
    for (int i = 0; i < sessions; ++i) {
      SessionState session = boards.Session("session" + std::to_string(i));
      if (boards.Chance(0.4)) session.observed.arrival_variation = boards.Real(0.0, 2.0);
      session.requirement.rate_hz /= 4.0;
      snapshot.sessions.push_back(std::move(session));
    }
    return snapshot;
  }

  bool OnDifferentClusters(std::size_t a, std::size_t b) const {
    return draft.placement(a) && draft.placement(b) &&
           draft.placement(a)->cluster != draft.placement(b)->cluster;
  }

  RandomBoards boards;
  Snapshot snapshot;
  CostTable table;
  Planner planner;
  PlanDraft draft;
};

/// Calls `trial(stage, a, b)` for the pairs of sessions on different clusters of 600 stages.
template <typename Trial>
void OnRandomPairs(const Trial& trial) {
  for (std::uint64_t seed = 0; seed < 600; ++seed) {
    INFO("seed " << seed);
    Stage stage(seed);
    for (std::size_t a = 0; a < stage.draft.sessions(); ++a) {
      for (std::size_t b = a + 1; b < stage.draft.sessions(); ++b) {
        INFO("sessions " << a << ", " << b);
        if (stage.OnDifferentClusters(a, b)) trial(stage, a, b);
      }
    }
  }
}

void Exchange(PlanDraft& draft, std::size_t a, std::size_t b, const std::optional<PlanCost>& beat) {
  const std::size_t cluster_a = draft.placement(a)->cluster;
  const std::size_t cluster_b = draft.placement(b)->cluster;
  draft.TakeOff(a);
  draft.TakeOff(b);
  draft.PlaceBest(a, {.only = cluster_b});
  draft.PlaceBest(b, {.only = cluster_a}, beat);
}

TEST_CASE("a draft goes back to what it was") {
  OnRandomPairs([](Stage& stage, std::size_t a, std::size_t b) {
    const PlanDraft::State before = stage.draft.Save();
    Exchange(stage.draft, a, b, std::nullopt);
    stage.draft.GoBackTo(before);
    CHECK(stage.draft.version() == before.version);
    for (std::size_t i = 0; i < stage.draft.sessions(); ++i) {
      CHECK(stage.draft.placement(i) == before.placements[i]);
    }
    for (std::size_t c = 0; c < stage.draft.clusters().size(); ++c) {
      const ClusterLoad& load = stage.draft.clusters()[c];
      CHECK(load.step() == before.choices[c].step);
      CHECK(load.cost().objective == before.choices[c].cost.objective);
      const ClusterCost anew = stage.planner.Price(c, load.members(), load.step());
      CHECK(load.cost().misses.Compare(anew.misses, 1e-6) == 0);
      CHECK(load.cost().objective == Approx(anew.objective).margin(1e-9));
    }
  });
}

TEST_CASE("what must beat a plan is placed as without that, or would not have beaten it") {
  int better = 0;
  int left_out = 0;
  OnRandomPairs([&](Stage& stage, std::size_t a, std::size_t b) {
    PlanDraft& draft = stage.draft;
    const PlanCost cost = draft.Placed();
    if (cost.misses.any() || cost.over_cap_w > 0.0) return;
    const PlanCost total = draft.Total();
    const PlanDraft::State before = draft.Save();
    Exchange(draft, a, b, std::nullopt);
    const PlanDraft::State freely = draft.Save();
    const bool pays = draft.Total().Better(total);
    draft.GoBackTo(before);
    Exchange(draft, a, b, cost);
    CHECK(draft.Total().Better(total) == pays);
    if (pays) CHECK(draft.Save().placements == freely.placements);
    if (pays) ++better;
    if (freely.placements[b] && !draft.placement(b)) ++left_out;
    draft.GoBackTo(before);
  });
  CHECK(better > 50);
  CHECK(left_out > 50);
}

}  // namespace
}  // namespace dynofa::policies
