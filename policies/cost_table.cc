#include "policies/cost_table.h"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <span>
#include <utility>

#include "policies/pooling.h"
#include "policies/threads.h"

namespace dynofa::policies {
namespace {

/// Highest frequency that the mode allows on a cluster; 0 = no cap.
std::int64_t ModeCap(const PowerMode& mode, const ClusterInfo& info) {
  if (auto named = mode.max_khz.find(info.id); named != mode.max_khz.end()) return named->second;
  if (mode.max_share >= 1.0 || info.frequencies_khz.empty()) return 0;
  return static_cast<std::int64_t>(mode.max_share *
                                   static_cast<double>(info.frequencies_khz.back()));
}

/// The step of a clock that cannot be set that is nearest to where it stands; the highest if that
/// is unknown.
std::int64_t NearestStep(const ClusterState& state) {
  const auto& steps = state.info.frequencies_khz;
  if (state.frequency_khz <= 0) return steps.back();
  return *std::min_element(steps.begin(), steps.end(), [&](std::int64_t a, std::int64_t b) {
    return std::abs(a - state.frequency_khz) < std::abs(b - state.frequency_khz);
  });
}

std::vector<std::int64_t> AllowedFrequencies(const ClusterState& state, const PowerMode& mode) {
  if (state.info.frequencies_khz.empty()) return {0};
  if (!state.info.writable) return {NearestStep(state)};
  std::int64_t cap = ModeCap(mode, state.info);
  if (state.limit_khz > 0) cap = cap > 0 ? std::min(cap, state.limit_khz) : state.limit_khz;
  std::vector<std::int64_t> allowed;
  for (std::int64_t khz : state.info.frequencies_khz) {
    if (cap == 0 || khz <= cap) allowed.push_back(khz);
  }
  // A cap below the table still leaves the lowest step, which the hardware will not go below.
  if (allowed.empty()) allowed.push_back(state.info.frequencies_khz.front());
  return allowed;
}

bool MayBeUsed(const ClusterState& state, const PowerMode& mode) {
  if (!state.available) return false;
  if (state.info.kind != ClusterKind::kCpu && state.info.kind != ClusterKind::kGpu) return false;
  return MaxThreads(mode, state.info.id) > 0;
}

/// The points of one subnet on one cluster, each with the index of its frequency.
struct Candidates {
  std::string_view subnet;
  std::vector<std::pair<std::size_t, const OperatingPoint*>> points;
};

/// The point to use at each of `steps` frequencies; nullopt unless every one has a point.
std::optional<std::vector<const OperatingPoint*>> PickPoints(Candidates& candidates,
                                                             std::size_t steps, int max_threads) {
  auto& points = candidates.points;
  const auto by_step = [](const auto& a, const auto& b) { return a.first < b.first; };
  if (!std::is_sorted(points.begin(), points.end(), by_step)) {
    std::stable_sort(points.begin(), points.end(), by_step);
  }
  std::vector<const OperatingPoint*> picked;
  picked.reserve(steps);
  std::vector<const OperatingPoint*> at_step;
  for (std::size_t i = 0; i < points.size();) {
    const std::size_t step = points[i].first;
    at_step.clear();
    for (; i < points.size() && points[i].first == step; ++i) at_step.push_back(points[i].second);
    const OperatingPoint* point = PickThreads(at_step, max_threads);
    if (point == nullptr || picked.size() != step) return std::nullopt;
    picked.push_back(point);
  }
  if (picked.size() != steps) return std::nullopt;
  return picked;
}

/// Finds the entry of that name among a few, or adds one. Names come in runs, so the last one
/// that was asked for is tried first.
template <typename Entry>
std::size_t FindOrAdd(std::vector<Entry>& entries, std::string_view Entry::*name,
                      std::string_view wanted, std::size_t last) {
  if (last < entries.size() && entries[last].*name == wanted) return last;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (entries[i].*name == wanted) return i;
  }
  entries.emplace_back().*name = wanted;
  return entries.size() - 1;
}

/// All points, by model, cluster and subnet.
class Collection {
 public:
  struct Model {
    std::string_view name;
    std::vector<std::vector<Candidates>> by_cluster;
  };

  explicit Collection(std::span<const CostTable::Cluster> clusters) : clusters_(clusters) {}

  void Add(const OperatingPoint& point) {
    if (!FindCluster(point.cluster)) return;
    const auto& allowed = clusters_[cluster_].frequencies_khz;
    const auto step = std::lower_bound(allowed.begin(), allowed.end(), point.frequency_khz);
    if (step == allowed.end() || *step != point.frequency_khz) return;
    model_ = FindOrAdd(models_, &Model::name, point.model, model_);
    Model& model = models_[model_];
    model.by_cluster.resize(clusters_.size());
    auto& subnets = model.by_cluster[cluster_];
    subnet_ = FindOrAdd(subnets, &Candidates::subnet, point.subnet, subnet_);
    subnets[subnet_].points.emplace_back(static_cast<std::size_t>(step - allowed.begin()), &point);
  }

  std::vector<Model>& models() { return models_; }

 private:
  bool FindCluster(std::string_view id) {
    const auto is = [&](std::size_t i) { return clusters_[i].state->info.id == id; };
    if (cluster_ < clusters_.size() && is(cluster_)) return true;
    for (cluster_ = 0; cluster_ < clusters_.size(); ++cluster_) {
      if (is(cluster_)) return true;
    }
    return false;
  }

  const std::span<const CostTable::Cluster> clusters_;
  std::vector<Model> models_;
  std::size_t cluster_ = 0;
  std::size_t model_ = 0;
  std::size_t subnet_ = 0;
};

double ResidualOf(const ClusterState& state, std::string_view model, std::string_view subnet) {
  if (state.residuals.empty()) return 1.0;
  const auto found = state.residuals.find(ResidualKey(model, subnet));
  return found == state.residuals.end() ? 1.0 : found->second;
}

CostTable::Cost CostOf(const OperatingPoint& point, const ClusterInfo& info, double slowdown) {
  CostTable::Cost cost{point.latency_ms * slowdown, 1.0};
  const auto& all = info.frequencies_khz;
  if (point.active_power_w) {
    cost.active_power_w = *point.active_power_w;
  } else if (!all.empty() && point.frequency_khz > 0) {
    const double share = static_cast<double>(point.frequency_khz) / static_cast<double>(all.back());
    cost.active_power_w = share * share;
  }
  return cost;
}

/// The search takes for granted that no latency rises with the clock. Those of a profile do not
/// (PoolLatencies).
void PoolRising(std::vector<CostTable::Cost>& costs) {
  const auto rises = [](const CostTable::Cost& a, const CostTable::Cost& b) {
    return a.service_ms < b.service_ms;
  };
  if (std::adjacent_find(costs.begin(), costs.end(), rises) == costs.end()) return;
  std::vector<double> service_ms;
  for (const CostTable::Cost& cost : costs) service_ms.push_back(cost.service_ms);
  policies::PoolRising(service_ms);
  for (std::size_t i = 0; i < costs.size(); ++i) costs[i].service_ms = service_ms[i];
}

/// `points`: of one subnet, by frequency.
CostTable::Rung MakeRung(std::vector<const OperatingPoint*> points, const ClusterInfo& info,
                         double slowdown) {
  CostTable::Rung rung{points.back()->subnet, points.back()->accuracy, std::move(points), {}, {}};
  rung.costs.reserve(rung.points.size());
  rung.energy_mj.reserve(rung.points.size());
  for (const OperatingPoint* point : rung.points) {
    rung.costs.push_back(CostOf(*point, info, slowdown));
  }
  PoolRising(rung.costs);
  for (const CostTable::Cost& cost : rung.costs) {
    rung.energy_mj.push_back(cost.active_power_w * cost.service_ms);
  }
  return rung;
}

/// Takes over what points by frequency tell of the cluster itself.
void TakeIdlePower(const std::vector<const OperatingPoint*>& points, CostTable::Cluster& cluster) {
  for (std::size_t step = 0; step < points.size(); ++step) {
    if (points[step]->idle_power_w) cluster.idle_power_w[step] = *points[step]->idle_power_w;
  }
}

/// These go by the profile: what is estimated of single subnets must not make them come and go.
bool QuickerAtFullClock(const CostTable::Rung& a, const CostTable::Rung& b) {
  const double a_ms = a.points.back()->latency_ms;
  const double b_ms = b.points.back()->latency_ms;
  return a_ms != b_ms ? a_ms < b_ms : a.accuracy > b.accuracy;
}

bool Beats(const CostTable::Rung& a, const CostTable::Rung& b) {
  return a.accuracy >= b.accuracy &&
         std::equal(a.points.begin(), a.points.end(), b.points.begin(),
                    [](const auto* x, const auto* y) { return x->latency_ms <= y->latency_ms; });
}

/// Drops what another one beats at every clock. (One clock alone, where a profile is a little
/// wrong, would cost a subnet its place for good.) `ladder`: sorted.
void DropBeaten(CostTable::Ladder& ladder) {
  CostTable::Ladder kept;
  for (CostTable::Rung& rung : ladder) {
    const auto beats_it = [&](const CostTable::Rung& other) { return Beats(other, rung); };
    if (std::none_of(kept.begin(), kept.end(), beats_it)) kept.push_back(std::move(rung));
  }
  ladder = std::move(kept);
}

/// Of one model on one cluster.
CostTable::Ladder MakeLadder(std::string_view model, std::vector<Candidates>& subnets,
                             CostTable::Cluster& cluster) {
  CostTable::Ladder ladder;
  const ClusterState& state = *cluster.state;
  for (Candidates& candidates : subnets) {
    auto points = PickPoints(candidates, cluster.frequencies_khz.size(), cluster.max_threads);
    if (!points) continue;
    TakeIdlePower(*points, cluster);
    const double slowdown = state.slowdown * ResidualOf(state, model, candidates.subnet);
    ladder.push_back(MakeRung(*std::move(points), state.info, slowdown));
  }
  std::sort(ladder.begin(), ladder.end(), QuickerAtFullClock);
  DropBeaten(ladder);
  return ladder;
}

}  // namespace

CostTable::CostTable(const Snapshot& snapshot) {
  for (const ClusterState& state : snapshot.clusters) AddCluster(state, snapshot.mode);
  if (snapshot.points) AddPoints(*snapshot.points);
}

void CostTable::AddCluster(const ClusterState& state, const PowerMode& mode) {
  if (!MayBeUsed(state, mode)) return;
  Cluster& cluster = clusters_.emplace_back();
  cluster.state = &state;
  cluster.frequencies_khz = AllowedFrequencies(state, mode);
  cluster.idle_power_w.assign(cluster.frequencies_khz.size(), state.static_power_w);
  cluster.max_threads = MaxThreads(mode, state.info.id);
}

void CostTable::AddPoints(const std::vector<OperatingPoint>& points) {
  power_known_ = !points.empty();
  Collection collection(clusters_);
  for (const OperatingPoint& point : points) {
    power_known_ = power_known_ && point.active_power_w.has_value();
    collection.Add(point);
  }
  for (Collection::Model& from : collection.models()) {
    Model& model = models_.emplace_back(Model{from.name, {}});
    model.ladders.reserve(clusters_.size());
    for (std::size_t c = 0; c < clusters_.size(); ++c) {
      model.ladders.push_back(MakeLadder(from.name, from.by_cluster[c], clusters_[c]));
    }
  }
}

const std::vector<CostTable::Ladder>* CostTable::Ladders(std::string_view model) const {
  for (const Model& known : models_) {
    if (known.name == model) return &known.ladders;
  }
  return nullptr;
}

}  // namespace dynofa::policies
