#include "policies/plan.h"

#include <algorithm>
#include <cmath>

namespace dynofa::policies {
namespace {

/// A plan in force may use up so much of kLatencyMargin.
constexpr double kMarginUse = 0.02;
/// A requirement missed by more than this factor is not missed any worse.
constexpr double kWorstMiss = 10.0;
/// A performance mode counts response times so.
constexpr double kPerformancePerMs = 1e-2;
/// Cost of a millisecond that a request without a session takes, W-equivalent: it must hold up the
/// sessions as little as possible.
constexpr double kStandbyWeight = 1e-4;

double Excess(double value, double limit) {
  return std::clamp(value / limit - 1.0, 0.0, kWorstMiss);
}

/// What a session misses on an overloaded cluster: everything, and the more so the smaller the
/// share of the requests that can be answered at all. Over the board this makes overloaded
/// sessions spread out.
double OverloadMiss(double utilisation) { return kWorstMiss * (2.0 - kOverload / utilisation); }

}  // namespace

void Misses::Add(const Misses& other) {
  if (!other.any_) return;
  for (std::size_t rank = 0; rank < kRanks; ++rank) by_rank_[rank] += other.by_rank_[rank];
  any_ = true;
}

bool Misses::BreaksMorePromises(const Misses& before) const {
  if (!any_) return false;
  for (std::size_t rank = 0; rank < kRanks / 2; ++rank) {
    if (by_rank_[rank] > before.by_rank_[rank] + 1e-9) return true;
  }
  return false;
}

int Misses::Compare(const Misses& other, double tolerance) const {
  if (!any_ && !other.any_) return 0;
  for (std::size_t rank = 0; rank < kRanks; ++rank) {
    const double difference = by_rank_[rank] - other.by_rank_[rank];
    if (difference < -tolerance) return -1;
    if (difference > tolerance) return 1;
  }
  return 0;
}

bool PlanCost::Better(const PlanCost& other, double margin, double tolerance) const {
  constexpr double kSame = 1e-9;
  if (std::abs(over_cap_w - other.over_cap_w) > kSame) return over_cap_w < other.over_cap_w;
  if (const int order = misses.Compare(other.misses, tolerance); order != 0) return order < 0;
  return objective < other.objective - margin * std::abs(other.objective) - kSame;
}

std::vector<Member> Planner::MembersOf(const Plan& plan, std::size_t cluster) const {
  std::vector<Member> members;
  for (std::size_t i = 0; i < plan.placements.size(); ++i) {
    if (plan.placements[i] && plan.placements[i]->cluster == cluster) {
      members.push_back({i, plan.placements[i]->rung, plan.Promised(i)});
    }
  }
  return members;
}

const OperatingPoint& Planner::Point(const Plan& plan, std::size_t session) const {
  const Placement& placement = *plan.placements[session];
  return *RungOf(session, placement).points[plan.frequencies[placement.cluster]];
}

Queue Planner::QueueOf(std::span<const Member> members, std::size_t cluster,
                       std::size_t step) const {
  Queue queue;
  for (const Member& member : members) queue.Add(DemandOf(member, cluster, step));
  return queue;
}

double Planner::Response(const Wish& wish, const Queue& queue, const Demand& own) const {
  return wish.state->observed.overhead_ms + queue.ResponseMs(own, wish.late_share);
}

bool Planner::EnergyMissed(const Wish& wish, const CostTable::Rung& rung, std::size_t step) const {
  const auto& cap_mj = wish.state->requirement.max_energy_mj;
  if (!cap_mj || !rung.points[step]->active_power_w) return false;
  return rung.costs[step].active_power_w * rung.costs[step].service_ms > *cap_mj;
}

double Planner::Miss(const Wish& wish, const CostTable::Rung& rung, std::size_t step,
                     double response_ms, double utilisation) const {
  if (wish.state->standby) return 0.0;
  const Requirement& requirement = wish.state->requirement;
  double miss = 0.0;
  // Without a target an overloaded cluster is still wrong.
  if (utilisation >= kOverload) {
    miss += OverloadMiss(utilisation);
  } else if (requirement.latency_ms) {
    miss += Excess(response_ms, wish.limit_ms + wish.state->observed.overhead_ms);
  }
  if (EnergyMissed(wish, rung, step)) {
    const CostTable::Cost& cost = rung.costs[step];
    miss += Excess(cost.active_power_w * cost.service_ms, *requirement.max_energy_mj);
  }
  if (requirement.min_accuracy && rung.accuracy < *requirement.min_accuracy) {
    miss += 1.0 + *requirement.min_accuracy - rung.accuracy;
  }
  return miss;
}

Misses Planner::Unserved(std::size_t session, bool promised) const {
  Misses misses;
  const Wish& wish = wishes_[session];
  if (wish.state->standby || wish.choices.empty()) return misses;
  misses.Add(Misses::Rank(promised, wish.state->requirement.priority), 2.0 * kWorstMiss);
  return misses;
}

void Planner::Join(const Member& member, std::size_t cluster, std::size_t step,
                   Crowd& crowd) const {
  const Wish& wish = wishes_[member.session];

  const Demand demand = DemandOf(member, cluster, step);
  crowd.queue.Add(demand);
  crowd.lenient = crowd.lenient && wish.lenient;
  crowd.log_late_share = std::min(crowd.log_late_share, wish.log_late_share);
  crowd.limit_ms = std::min(crowd.limit_ms, wish.headroom_limit_ms);
  const double slack_ms = wish.headroom_limit_ms - demand.service_ms;
  if (slack_ms >= crowd.slack_ms) return;
  crowd.slack_ms = slack_ms;
  crowd.tightest = member;
}

bool Planner::Leave(const Member& member, std::size_t cluster, std::size_t step,
                    Crowd& crowd) const {
  return crowd.tightest.session != member.session &&
         crowd.queue.Remove(DemandOf(member, cluster, step));
}

Crowd Planner::CrowdOf(std::span<const Member> members, std::size_t cluster,
                       std::size_t step) const {
  Crowd crowd;
  for (const Member& member : members) Join(member, cluster, step, crowd);
  return crowd;
}

bool Planner::Met(const Member& member, std::size_t cluster, std::size_t step, bool headroom,
                  const Queue& queue) const {
  const Wish& wish = wishes_[member.session];
  const CostTable::Rung& rung = (*wish.ladders)[cluster][member.rung];
  const double response = Response(wish, queue, DemandOf(member, cluster, step));
  const double limit = headroom ? wish.headroom_limit_ms : wish.limit_ms;
  return response - wish.state->observed.overhead_ms <= limit &&
         Miss(wish, rung, step, response, queue.utilisation()) <= 0.0;
}

bool Planner::MetByBound(const Member& member, std::size_t cluster, std::size_t step,
                         double limit_ms, const Queue::Bound& bound) const {
  const Wish& wish = wishes_[member.session];
  if (!wish.lenient) return false;
  const double service_ms = (*wish.ladders)[cluster][member.rung].costs[step].service_ms;
  return bound.ResponseMs(service_ms, wish.log_late_share) <= limit_ms;
}

bool Planner::AllMet(std::size_t cluster, std::span<const Member> members, std::size_t step,
                     bool headroom, const Crowd& crowd) const {
  const Queue& queue = crowd.queue;
  if (queue.overloaded()) return false;
  if (crowd.lenient && queue.EvenResponseMs() <= crowd.limit_ms) return true;
  const Queue::Bound bound = queue.WaitBound();
  if (crowd.lenient && bound.WaitMs(crowd.log_late_share) <= crowd.slack_ms) return true;
  const bool bounded = std::isfinite(crowd.slack_ms);
  if (bounded && !Met(crowd.tightest, cluster, step, headroom, queue)) return false;
  return std::all_of(members.begin(), members.end(), [&](const Member& member) {
    const Wish& wish = wishes_[member.session];
    const double limit_ms = headroom ? wish.headroom_limit_ms : wish.limit_ms;
    return MetByBound(member, cluster, step, limit_ms, bound) ||
           Met(member, cluster, step, headroom, queue);
  });
}

bool Planner::LacksHeadroom(std::size_t cluster, std::span<const Member> members,
                            std::size_t step) const {
  constexpr double kNoticeable = 1.05;
  const bool demanded = std::any_of(members.begin(), members.end(), [&](const Member& member) {
    const Wish& wish = wishes_[member.session];
    return wish.headroom_limit_ms * kNoticeable < wish.limit_ms;
  });
  return demanded && !AllMet(cluster, members, step, true);
}

double Planner::StandbyCost(std::size_t cluster, std::span<const Member> members,
                            std::size_t step) const {
  if (!has_standby_) return 0.0;
  double ms = 0.0;
  for (const Member& member : members) {
    const Wish& wish = wishes_[member.session];
    if (!wish.state->standby) continue;
    ms += (*wish.ladders)[cluster][member.rung].costs[step].service_ms;
  }
  return ms * kStandbyWeight;
}

ClusterCost Planner::Price(std::size_t cluster, std::span<const Member> members,
                           std::size_t step) const {
  Load load;
  for (const Member& member : members) {
    const Wish& wish = wishes_[member.session];
    if (wish.state->standby) continue;
    const Placement place{cluster, member.rung};
    ++load.working;
    load.power_w += wish.rate_hz / 1e3 * RungOf(member.session, place).energy_mj[step];
    load.place_cost += PlaceCost(member.session, place);
  }
  return Price(cluster, members, step, load, CrowdOf(members, cluster, step));
}

ClusterCost Planner::Price(std::size_t cluster, std::span<const Member> members, std::size_t step,
                           const Load& load, const Crowd& crowd) const {
  const bool performance = snapshot_.mode.objective == Objective::kPerformance;
  const double fits = std::min(1.0, 1.0 / std::max(crowd.queue.utilisation(), 1e-9));
  ClusterCost cost;
  cost.power_w =
      load.power_w * fits +
      (load.working > 0 ? table_.clusters()[cluster].idle_power_w[step] : RestPowerW(cluster));
  cost.objective = load.place_cost + StandbyCost(cluster, members, step);
  if (performance) {
    cost.objective += kPerformancePerMs * ResponsesMs(cluster, members, step, crowd.queue);
  } else {
    cost.objective += cost.power_w;
  }
  AddMisses(cluster, members, step, crowd.queue, cost.misses);
  return cost;
}

double Planner::ResponsesMs(std::size_t cluster, std::span<const Member> members, std::size_t step,
                            const Queue& queue) const {
  constexpr double kLongestMs = 1e6;
  double responses_ms = 0.0;
  for (const Member& member : members) {
    const Wish& wish = wishes_[member.session];
    if (wish.state->standby) continue;
    const double response_ms = Response(wish, queue, DemandOf(member, cluster, step));
    responses_ms += std::min(response_ms, kLongestMs);
  }
  return responses_ms;
}

void Planner::AddMisses(std::size_t cluster, std::span<const Member> members, std::size_t step,
                        const Queue& queue, Misses& misses) const {
  const bool overloaded = queue.overloaded();
  const Queue::Bound bound = overloaded ? Queue::Bound{} : queue.WaitBound();
  for (const Member& member : members) {
    const Wish& wish = wishes_[member.session];
    if (wish.state->standby) continue;
    if (!overloaded && MetByBound(member, cluster, step, wish.limit_ms, bound)) continue;
    const double response_ms = Response(wish, queue, DemandOf(member, cluster, step));
    const CostTable::Rung& rung = (*wish.ladders)[cluster][member.rung];
    misses.Add(Misses::Rank(member.promised, wish.state->requirement.priority),
               Miss(wish, rung, step, response_ms, queue.utilisation()));
  }
}

PlanCost Planner::Cost(const Plan& plan) const {
  PlanCost cost;
  double power = 0.0;
  for (std::size_t cluster = 0; cluster < table_.clusters().size(); ++cluster) {
    const ClusterCost part = Price(cluster, MembersOf(plan, cluster), plan.frequencies[cluster]);
    cost.misses.Add(part.misses);
    cost.objective += part.objective;
    power += part.power_w;
  }
  for (std::size_t i = 0; i < plan.placements.size(); ++i) {
    if (!plan.placements[i]) cost.misses.Add(Unserved(i, plan.Promised(i)));
  }
  cost.over_cap_w = std::max(0.0, power - budget_w_);
  return cost;
}

Prediction Planner::PredictOne(const Plan& plan, std::size_t session, const Queue& queue) const {
  const Wish& wish = wishes_[session];
  const Requirement& requirement = wish.state->requirement;
  const Placement& placement = *plan.placements[session];
  const std::size_t step = plan.frequencies[placement.cluster];
  const CostTable::Rung& rung = RungOf(session, placement);
  Prediction prediction;
  prediction.response_ms =
      Response(wish, queue, {rung.costs[step].service_ms, wish.peak_hz, wish.variation});
  const double asked_ms = prediction.response_ms * kLatencyMargin / (1.0 + kMarginUse);
  prediction.latency_met =
      wish.state->standby ||
      (std::isfinite(asked_ms) && asked_ms <= requirement.latency_ms.value_or(asked_ms));
  prediction.met = prediction.latency_met && !EnergyMissed(wish, rung, step) &&
                   rung.accuracy >= requirement.min_accuracy.value_or(0.0);
  return prediction;
}

std::vector<Prediction> Planner::Predict(const Plan& plan) const {
  std::vector<Prediction> predictions(plan.placements.size());
  for (std::size_t cluster = 0; cluster < table_.clusters().size(); ++cluster) {
    const std::vector<Member> members = MembersOf(plan, cluster);
    const Queue queue = QueueOf(members, cluster, plan.frequencies[cluster]);
    for (const Member& member : members) {
      predictions[member.session] = PredictOne(plan, member.session, queue);
    }
  }
  return predictions;
}

bool Planner::MeetsAlone(std::size_t session) const {
  for (const Placement& choice : wishes_[session].choices) {
    const Member alone{session, choice.rung, false};
    for (std::size_t step = 0; step < RungOf(session, choice).costs.size(); ++step) {
      if (AllMet(choice.cluster, {&alone, 1}, step)) return true;
    }
  }
  return false;
}

double Planner::PowerW(const Plan& plan) const {
  double power = snapshot_.base_power_w;
  for (std::size_t cluster = 0; cluster < table_.clusters().size(); ++cluster) {
    power += Price(cluster, MembersOf(plan, cluster), plan.frequencies[cluster]).power_w;
  }
  return power;
}

}  // namespace dynofa::policies
