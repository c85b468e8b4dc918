// What a cluster's load keeps up to date while sessions come and go is what it is when made anew.
#include "policies/cluster_load.h"

#include <optional>
#include <vector>

#include "policies/random_boards_testing.h"
#include "tests/support/catch.h"

namespace dynofa::policies {
namespace {

/// A random board on which up to 12 sessions come and go.
struct Stage {
  explicit Stage(std::uint64_t seed) : boards(seed), snapshot(boards.Board()) {
    const int sessions = boards.Int(1, 12);
    for (int i = 0; i < sessions; ++i) {
      SessionState session = boards.Session("session" + std::to_string(i));
      if (boards.Chance(0.4)) session.observed.arrival_variation = boards.Real(0.0, 2.0);
      if (boards.Chance(0.1)) session.standby = true;
      snapshot.sessions.push_back(std::move(session));
    }
    table.emplace(snapshot);
    planner.emplace(snapshot, *table);
  }

  /// A choice of the session on a cluster, if it has any there.
  std::optional<Member> MemberOn(std::size_t cluster, std::size_t session) {
    std::vector<Member> members;
    for (const Placement& choice : planner->Choices(session)) {
      if (choice.cluster == cluster) members.push_back({session, choice.rung, boards.Chance(0.5)});
    }
    if (members.empty()) return std::nullopt;
    return members[static_cast<std::size_t>(boards.Int(0, static_cast<int>(members.size()) - 1))];
  }

  RandomBoards boards;
  Snapshot snapshot;
  std::optional<CostTable> table;
  std::optional<Planner> planner;
};

bool IsOn(const ClusterLoad& load, std::size_t session) {
  for (const Member& member : load.members()) {
    if (member.session == session) return true;
  }
  return false;
}

void CheckSame(const ClusterCost& cost, const ClusterCost& expected) {
  CHECK(cost.misses.Compare(expected.misses, 1e-6) == 0);
  CHECK(cost.power_w == Approx(expected.power_w).margin(1e-9));
  CHECK(cost.objective == Approx(expected.objective).margin(1e-9));
}

/// Calls `trial(stage, cluster, load)` with an empty load for each cluster of 300 stages.
template <typename Trial>
void OnRandomLoads(const Trial& trial) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    INFO("seed " << seed);
    Stage stage(seed);
    for (std::size_t c = 0; c < stage.table->clusters().size(); ++c) {
      INFO("cluster " << c);
      ClusterLoad load(*stage.planner, c);
      trial(stage, c, load);
    }
  }
}

void CheckAsAnew(const Stage& stage, std::size_t cluster, const ClusterLoad& load) {
  ClusterLoad anew(*stage.planner, cluster);
  for (const Member& member : load.members()) anew.Join(member);
  anew.Choose(stage.planner->PowerBudgetW());
  CHECK(load.step() == anew.step());
  CheckSame(load.cost(), anew.cost());
  CheckSame(load.cost(), stage.planner->Price(cluster, load.members(), load.step()));
}

TEST_CASE("a load that was changed step by step is as one made anew") {
  OnRandomLoads([](Stage& stage, std::size_t cluster, ClusterLoad& load) {
    const double budget_w = stage.planner->PowerBudgetW();
    const int last = static_cast<int>(stage.snapshot.sessions.size()) - 1;
    for (int change = 0; change < 40; ++change) {
      const auto session = static_cast<std::size_t>(stage.boards.Int(0, last));
      if (IsOn(load, session)) {
        load.Remove(session, budget_w);
      } else if (const auto member = stage.MemberOn(cluster, session)) {
        load.Add(*member, *load.TryWith(*member, budget_w, std::nullopt));
      }
      CheckAsAnew(stage, cluster, load);
    }
  });
}

TEST_CASE("a goal leaves out only what misses something or does not reach it") {
  int reached = 0;
  int left_out = 0;
  OnRandomLoads([&](Stage& stage, std::size_t cluster, ClusterLoad& load) {
    const double budget_w = stage.planner->PowerBudgetW();
    for (std::size_t session = 0; session < stage.snapshot.sessions.size(); ++session) {
      const auto member = stage.MemberOn(cluster, session);
      if (!member) continue;
      const ClusterLoad::Choice best = *load.TryWith(*member, budget_w, std::nullopt);
      const double least = load.LeastObjectiveWith(*member);
      CHECK((best.cost.misses.any() || best.cost.objective >= least - 1e-9));
      const double goal = best.cost.objective + stage.boards.Real(-0.5, 0.5);
      const auto choice = load.TryWith(*member, budget_w, goal);
      ++(choice ? reached : left_out);
      if (choice) CheckSame(choice->cost, best.cost);
      if (!choice) CHECK((best.cost.misses.any() || best.cost.objective >= goal));
      if (stage.boards.Chance(0.5)) load.Add(*member, best);
    }
  });
  CHECK(reached > 100);
  CHECK(left_out > 100);
}

}  // namespace
}  // namespace dynofa::policies
