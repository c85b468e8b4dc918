#include "daemon/scenario/oracle.h"

#include <algorithm>
#include <cstddef>
#include <set>
#include <utility>
#include <vector>

#include "daemon/base/status.h"
#include "daemon/base/strings.h"
#include "daemon/scenario/simulation.h"
#include "policies/oracle.h"
#include "policies/registry.h"

namespace dynofa::scenario {
namespace {

/// An upper bound, most of which is never priced: this many take seconds.
constexpr std::size_t kMaxJointPlans = 250'000'000;
/// Frequencies per cluster that are tried; 0: all.
constexpr std::size_t kSteps[] = {0, 13, 9};

/// Decides as another policy and keeps the last snapshot of each stretch.
class Recorder final : public policies::Policy {
 public:
  /// `starts_s` ascends from 0; `snapshots` gets one place for each.
  Recorder(std::unique_ptr<policies::Policy> policy, std::vector<double> starts_s,
           std::shared_ptr<std::vector<policies::Snapshot>> snapshots)
      : policy_(std::move(policy)),
        starts_s_(std::move(starts_s)),
        snapshots_(std::move(snapshots)) {
    snapshots_->resize(starts_s_.size());
  }

  std::string_view name() const override { return policy_->name(); }

  policies::Decision Decide(const policies::Snapshot& snapshot) const override {
    const auto after = std::upper_bound(starts_s_.begin(), starts_s_.end(), snapshot.time_s);
    (*snapshots_)[static_cast<std::size_t>(after - starts_s_.begin()) - 1] = snapshot;
    return policy_->Decide(snapshot);
  }

 private:
  const std::unique_ptr<policies::Policy> policy_;
  const std::vector<double> starts_s_;
  const std::shared_ptr<std::vector<policies::Snapshot>> snapshots_;
};

/// When something changes, 0 included.
std::vector<double> StartsOf(const Scenario& scenario) {
  std::set<double> starts = {0.0};
  for (const Event& event : scenario.events) starts.insert(event.at_s);
  for (const Client& client : scenario.clients) {
    starts.insert(client.start_s);
    if (client.stop_s) starts.insert(*client.stop_s);
  }
  starts.erase(starts.lower_bound(scenario.length_s), starts.end());
  return {starts.begin(), starts.end()};
}

}  // namespace

absl::StatusOr<std::unique_ptr<policies::Policy>> MakeOracle(const Scenario& scenario,
                                                             const emulator::BoardModel& board,
                                                             std::uint64_t seed) {
  const std::vector<double> starts_s = StartsOf(scenario);
  const auto snapshots = std::make_shared<std::vector<policies::Snapshot>>();
  auto recorder =
      std::make_unique<Recorder>(policies::MakePolicy("hierarchical"), starts_s, snapshots);
  DYNOFA_RETURN_IF_ERROR(
      SimulateWith(std::move(recorder), scenario, board, {.seed = seed}).status());
  std::vector<policies::Interval> trace;
  for (std::size_t i = 0; i < starts_s.size(); ++i) {
    const double end_s = i + 1 < starts_s.size() ? starts_s[i + 1] : scenario.length_s;
    policies::Snapshot& snapshot = (*snapshots)[i];
    snapshot.current = {};
    trace.push_back({std::move(snapshot), end_s - starts_s[i]});
  }
  for (const std::size_t steps : kSteps) {
    auto solved =
        policies::SolveOracle(trace, {.max_steps = steps, .max_joint_plans = kMaxJointPlans});
    if (!solved) continue;
    return std::make_unique<policies::OraclePolicy>(std::move(trace), std::move(solved->decisions));
  }
  return absl::FailedPreconditionError(base::StrCat(
      "scenario ", scenario.id, " has too many sessions, subnets and clusters for the oracle"));
}

}  // namespace dynofa::scenario
