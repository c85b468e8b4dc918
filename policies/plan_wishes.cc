// What sessions want, and where they may go, as pricing needs it.

#include <algorithm>
#include <cmath>
#include <string_view>

#include "policies/plan.h"

namespace dynofa::policies {
namespace {

/// Inferences per second of a session that has neither said nor shown how many it sends.
constexpr double kAssumedRateHz = 1.0;
/// What an energy mode pays: just enough to break ties.
constexpr double kWattsToBreakTies = 1e-3;
/// A performance mode wants accuracy first: a point is worth 10, a second of response time as well.
constexpr double kPerformanceForAccuracy = 1e3;
/// Cost of moving a session to another cluster, W-equivalent.
constexpr double kMigrationW = 0.05;

double AccuracyWorth(const PowerMode& mode) {
  switch (mode.objective) {
    case Objective::kPerformance:
      return kPerformanceForAccuracy;
    case Objective::kBalanced:
      return mode.accuracy_worth_w;
    case Objective::kEnergy:
      return kWattsToBreakTies;
  }
  return mode.accuracy_worth_w;
}

}  // namespace

Planner::Planner(const Snapshot& snapshot, const CostTable& table, const Filter& filter,
                 const std::vector<Experience>& experiences)
    : snapshot_(snapshot), table_(table) {
  if (snapshot.mode.max_power_w && PowerKnown()) {
    budget_w_ = *snapshot.mode.max_power_w - snapshot.base_power_w;
  }
  const auto in_force = snapshot.current.BySession();
  static const std::vector<CostTable::Ladder> kNone;
  wishes_.reserve(snapshot.sessions.size());
  for (const SessionState& state : snapshot.sessions) {
    Wish& wish = wishes_.emplace_back();
    wish.state = &state;
    wish.ladders = table.Ladders(state.model);
    if (wish.ladders == nullptr) wish.ladders = &kNone;
    if (const auto found = in_force.find(state.id); found != in_force.end()) {
      if (found->second->model == state.model) wish.in_force = found->second;
    }
    if (wish.in_force != nullptr) {
      const auto& clusters = table.clusters();
      for (std::size_t c = 0; c < clusters.size(); ++c) {
        if (clusters[c].state->info.id == wish.in_force->point.cluster) wish.cluster_in_force = c;
      }
    }
    const std::size_t session = wishes_.size() - 1;
    const Experience* experience = experiences.empty() ? nullptr : &experiences[session];
    SetDemand(wish, experience);
    wish.late_share = 1.0 - state.requirement.percentile / 100.0;
    wish.log_late_share = std::log(std::max(wish.late_share, Queue::kLeastLateShare));
    has_standby_ = has_standby_ || state.standby;
    const double weight = kLowestPriority + 1 - state.requirement.priority;
    wish.accuracy_w = state.standby ? 0.0 : AccuracyWorth(snapshot.mode) * weight / 5.0;
    AddChoices(wish, session, filter);
    SetLimits(wish, experience);
    FillAlone(wish);
  }
}

void Planner::SetDemand(Wish& wish, const Experience* experience) const {
  if (wish.state->standby) return;
  const double declared = wish.state->requirement.rate_hz;
  const double rate = std::max(declared, wish.state->observed.rate_hz);
  wish.rate_hz = wish.peak_hz = rate > 0.0 ? rate : kAssumedRateHz;
  // A rate that is told is a camera's until the requests show otherwise. Steps, so that an
  // estimate that wavers does not move plans.
  const double seen = wish.state->observed.arrival_variation.value_or(declared > 0.0 ? 0.0 : 1.0);
  wish.variation = std::round(2.0 * seen) / 2.0;
  // Of a session that says nothing, bursts must be expected.
  if (declared <= 0.0 && experience != nullptr) {
    wish.peak_hz = std::max(wish.rate_hz, experience->peak_hz);
  }
}

void Planner::SetLimits(Wish& wish, const Experience* experience) const {
  const auto& target = wish.state->requirement.latency_ms;
  if (!target || wish.state->standby) return;
  wish.limit_ms = *target / kLatencyMargin - wish.state->observed.overhead_ms;
  wish.headroom_limit_ms = wish.limit_ms;
  if (experience != nullptr) wish.headroom_limit_ms /= experience->headroom;
}

void Planner::AddChoices(Wish& wish, std::size_t session, const Filter& filter) const {
  const double floor = wish.state->requirement.min_accuracy.value_or(0.0);
  double best_accuracy = -1.0;
  std::vector<Placement> all;
  for (std::size_t cluster = 0; cluster < wish.ladders->size(); ++cluster) {
    const CostTable::Ladder& ladder = (*wish.ladders)[cluster];
    for (std::size_t rung = 0; rung < ladder.size(); ++rung) {
      if (filter && !filter(session, ladder[rung])) continue;
      best_accuracy = std::max(best_accuracy, ladder[rung].accuracy);
      all.push_back({cluster, rung});
    }
  }
  wish.best_accuracy = best_accuracy;
  // Can only the latency be missed?
  wish.lenient = !wish.state->requirement.max_energy_mj && best_accuracy >= floor;
  const double least = std::min(floor, best_accuracy);
  for (const Placement& placement : all) {
    if ((*wish.ladders)[placement.cluster][placement.rung].accuracy >= least) {
      wish.choices.push_back(placement);
    }
  }
}

std::optional<Placement> Planner::PlaceInForce(std::size_t session) const {
  const Wish& wish = wishes_[session];
  if (wish.in_force == nullptr) return std::nullopt;
  for (const Placement& choice : wish.choices) {
    if (choice.cluster == wish.cluster_in_force &&
        RungOf(session, choice).subnet == wish.in_force->point.subnet) {
      return choice;
    }
  }
  return std::nullopt;
}

void Planner::FillAlone(Wish& wish) const {
  for (const CostTable::Ladder& ladder : *wish.ladders) {
    wish.longest_ladder = std::max(wish.longest_ladder, ladder.size());
  }
  wish.alone.resize(wish.ladders->size() * wish.longest_ladder);
  const bool placed = !wish.state->standby && wish.in_force != nullptr && wish.in_force->served;
  // A little below the limit, so that rounding never skips a frequency.
  const double limit = wish.limit_ms * (1.0 + 1e-9);
  for (const Placement& choice : wish.choices) {
    const CostTable::Rung& rung = (*wish.ladders)[choice.cluster][choice.rung];
    Alone& alone = wish.alone[choice.cluster * wish.longest_ladder + choice.rung];
    const auto first =
        std::partition_point(rung.costs.begin(), rung.costs.end(),
                             [&](const auto& cost) { return cost.service_ms > limit; });
    alone.first_met = static_cast<std::size_t>(first - rung.costs.begin());
    alone.place_cost = (wish.best_accuracy - rung.accuracy) * wish.accuracy_w;
    if (placed && choice.cluster != wish.cluster_in_force) alone.place_cost += kMigrationW;
  }
}

}  // namespace dynofa::policies
