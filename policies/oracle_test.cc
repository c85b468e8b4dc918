#include "policies/oracle.h"

#include <limits>
#include <string>
#include <vector>

#include "policies/hierarchical.h"
#include "policies/random_boards_testing.h"
#include "policies/testing.h"
#include "tests/support/catch.h"

namespace dynofa::policies {
namespace {

/// Every sequence of joint plans, tried one by one.
class BruteForce {
 public:
  BruteForce(const std::vector<Interval>& trace, const OracleOptions& options)
      : trace_(trace), options_(options), plans_(trace.size()) {
    for (std::size_t i = 0; i < trace.size(); ++i) {
      tables_.push_back(std::make_unique<CostTable>(trace[i].snapshot));
      planners_.push_back(std::make_unique<Planner>(trace[i].snapshot, *tables_.back()));
      AllPlans(i);
    }
    Try(0, {}, 0.0, 0.0, nullptr);
  }

  const Misses& misses() const { return best_misses_; }
  double cost_j() const { return best_j_; }

 private:
  void AllPlans(std::size_t i) {
    const Planner& planner = *planners_[i];
    const std::size_t sessions = trace_[i].snapshot.sessions.size();
    std::vector<Plan> plans(1);
    plans[0].placements.resize(sessions);
    plans[0].frequencies.assign(tables_[i]->clusters().size(), 0);
    for (std::size_t session = 0; session < sessions; ++session) {
      std::vector<Plan> more;
      for (const Plan& plan : plans) {
        for (const Placement& choice : planner.Choices(session)) {
          more.push_back(plan);
          more.back().placements[session] = choice;
        }
      }
      plans = more;
    }
    for (std::size_t c = 0; c < tables_[i]->clusters().size(); ++c) {
      std::vector<Plan> more;
      for (const Plan& plan : plans) {
        for (std::size_t step = 0; step < tables_[i]->clusters()[c].frequencies_khz.size();
             ++step) {
          more.push_back(plan);
          more.back().frequencies[c] = step;
        }
      }
      plans = more;
    }
    plans_[i] = plans;
  }

  double Switching(std::size_t i, const Plan& before, const Plan& after) const {
    double cost = 0.0;
    for (std::size_t s = 0; s < after.placements.size(); ++s) {
      if (before.placements[s]->cluster != after.placements[s]->cluster) cost += options_.move_j;
    }
    for (std::size_t c = 0; c < after.frequencies.size(); ++c) {
      const bool used = !planners_[i]->MembersOf(after, c).empty() &&
                        !planners_[i - 1]->MembersOf(before, c).empty();
      if (used && before.frequencies[c] != after.frequencies[c]) cost += options_.clock_j;
    }
    return cost;
  }

  void Try(std::size_t i, const Misses& misses, double over, double cost, const Plan* before) {
    if (i == trace_.size()) {
      const int order = misses.Compare(best_misses_);
      const bool first = best_j_ == std::numeric_limits<double>::infinity();
      if (first || over < best_over_ - 1e-9 ||
          (over <= best_over_ + 1e-9 && (order < 0 || (order == 0 && cost < best_j_)))) {
        best_over_ = over;
        best_misses_ = misses;
        best_j_ = cost;
      }
      return;
    }
    for (const Plan& plan : plans_[i]) {
      const PlanCost here = planners_[i]->Cost(plan);
      Misses weighted = here.misses;
      weighted.Scale(trace_[i].seconds);
      weighted.Add(misses);
      const double switching = before == nullptr ? 0.0 : Switching(i, *before, plan);
      Try(i + 1, weighted, over + here.over_cap_w,
          cost + here.objective * trace_[i].seconds + switching, &plan);
    }
  }

  const std::vector<Interval>& trace_;
  const OracleOptions options_;
  std::vector<std::unique_ptr<CostTable>> tables_;
  std::vector<std::unique_ptr<Planner>> planners_;
  std::vector<std::vector<Plan>> plans_;
  Misses best_misses_;
  double best_over_ = 0.0;
  double best_j_ = std::numeric_limits<double>::infinity();
};

Interval TestInterval(double latency_ms, double seconds) {
  Interval interval{TestSnapshot(), seconds};
  interval.snapshot.mode.objective = Objective::kEnergy;
  interval.snapshot.sessions = {
      TestSession("a", {.latency_ms = latency_ms, .min_accuracy = 0.75, .rate_hz = 20.0})};
  return interval;
}

TEST_CASE("the oracle is as good as trying every sequence") {
  for (const double move_j : {0.0, 0.05, 5.0}) {
    for (const double tight_ms : {2.0, 4.0, 9.0, 0.1}) {
      INFO("move " << move_j << " J, tight " << tight_ms << " ms");
      const std::vector<Interval> trace = {TestInterval(40.0, 2.0), TestInterval(tight_ms, 0.5),
                                           TestInterval(30.0, 1.0)};
      const OracleOptions options{.move_j = move_j, .clock_j = 0.01};
      const auto oracle = SolveOracle(trace, options);
      REQUIRE(oracle);
      const BruteForce brute(trace, options);
      CHECK(oracle->cost_j == Approx(brute.cost_j()));
      CHECK(oracle->missed.Compare(brute.misses()) == 0);
      REQUIRE(oracle->decisions.size() == 3);
    }
  }
}

TEST_CASE("the oracle is as good as trying everything on random boards with two sessions") {
  int tried = 0;
  for (std::uint64_t seed = 0; tried < 25 && seed < 400; ++seed) {
    RandomBoards boards(seed);
    Interval first{boards.Board(), boards.Real(0.1, 5.0)};
    if (first.snapshot.points->size() > 24 || first.snapshot.mode.max_power_w) continue;
    first.snapshot.sessions = {boards.Session("a"), boards.Session("b")};
    Interval second = first;
    second.seconds = boards.Real(0.1, 5.0);
    second.snapshot.sessions[0].requirement = boards.Session("").requirement;
    const std::vector<Interval> trace = {first, second};
    INFO("seed " << seed);
    const OracleOptions options{.move_j = boards.Real(0.0, 0.5), .clock_j = boards.Real(0.0, 0.1)};
    if (CostTable(first.snapshot).clusters().empty()) continue;
    const auto oracle = SolveOracle(trace, options);
    REQUIRE(oracle);
    const BruteForce brute(trace, options);
    if (brute.cost_j() > 1e300) continue;
    ++tried;
    CHECK(oracle->missed.Compare(brute.misses(), 1e-6) == 0);
    CHECK(oracle->cost_j == Approx(brute.cost_j()));
  }
  CHECK(tried >= 15);
}

TEST_CASE("a move that does not pay before the next change is not made") {
  const auto cluster_in = [](double move_j, std::size_t interval) {
    const std::vector<Interval> trace = {TestInterval(30.0, 1.0), TestInterval(2.2, 0.2),
                                         TestInterval(30.0, 1.0)};
    const auto oracle = SolveOracle(trace, {.move_j = move_j, .clock_j = 0.0});
    return oracle->decisions[interval].Find("a")->point.cluster;
  };
  REQUIRE(cluster_in(0.0, 0) != cluster_in(0.0, 1));
  CHECK(cluster_in(1e3, 0) == cluster_in(1e3, 1));
}

TEST_CASE("the oracle declines what is not small") {
  const std::vector<Interval> trace = {TestInterval(30.0, 1.0)};
  CHECK_FALSE(SolveOracle(trace, {.max_joint_plans = 3}));
  CHECK(SolveOracle({}, {})->decisions.empty());
}

TEST_CASE("the oracle's decisions play back by time, whatever the sessions are called") {
  const std::vector<Interval> trace = {TestInterval(40.0, 2.0), TestInterval(2.2, 1.0)};
  const auto oracle = SolveOracle(trace);
  const OraclePolicy policy(trace, oracle->decisions, 10.0);
  Snapshot live = trace[0].snapshot;
  live.sessions[0].id = "s1-0123456789abcdef";
  const auto khz_at = [&](double time_s) {
    live.time_s = time_s;
    return policy.Decide(live).Find(live.sessions[0].id)->point.frequency_khz;
  };
  CHECK(khz_at(9.0) == oracle->decisions[0].Find("a")->point.frequency_khz);
  CHECK(khz_at(11.9) == oracle->decisions[0].Find("a")->point.frequency_khz);
  CHECK(khz_at(12.0) == oracle->decisions[1].Find("a")->point.frequency_khz);
  CHECK(khz_at(99.0) == oracle->decisions[1].Find("a")->point.frequency_khz);
  live.sessions.push_back(TestSession("unforeseen", {}));
  CHECK(policy.Decide(live).policy == "hierarchical");
}

}  // namespace
}  // namespace dynofa::policies
